// SPDX-License-Identifier: MIT
// Messages in H.264 video between the unmodified web SDK and an agent, both ways.
//
//   node scenarios/sei.mjs --trtc-cli PATH [--chromium PATH] [--verbose]
import { Checks, options } from '../harness.mjs';
import { AGENT, WEB, inRoom } from './room.mjs';

const config = options({ 'trtc-cli': '', chromium: '/usr/bin/chromium', verbose: false });
const checks = new Checks('sei: '), started = [];

const utf8 = text => [...Buffer.from(text)];
/** Runs in the page. */
const send = ({ list, type }) => {
	for (const bytes of list)
		room.client().sendSEIMessage(new Uint8Array(bytes).buffer, ...(type ? [{ seiPayloadType: type }] : []));
};

async function scenario({ agent, page, heard }) {
	await agent.event('first-frame', { userId: WEB, kind: 'video', codec: 'h264' });
	await heard('stream-subscribed', 1);
	const messages = () => agent.events.filter(event => event.event === 'message');

	await page.evaluate(send, { list: [utf8('hello from the page, grüße')] });
	const hello = await agent.event('message', { userId: WEB });
	checks.ok(hello.text === 'hello from the page, grüße' && hello.seiPayloadType === 243 && hello.isFromAuxiliary === false,
		  "the agent hears the page's message", JSON.stringify(hello));
	await page.evaluate(send, { list: [utf8('type five')], type: 5 });
	checks.ok((await agent.event('message', { text: 'type five' })).seiPayloadType === 5, 'payload type 5 of the page');
	const burst = Array.from({ length: 12 }, (_, i) => `page ${i}`);
	await page.evaluate(send, { list: burst.map(utf8) });
	await agent.event('message', { text: 'page 11' });
	checks.ok(JSON.stringify(messages().slice(2).map(event => event.text)) === JSON.stringify(burst),
		  'twelve at once come in order', messages().slice(2).map(event => event.text).join());
	// Every kind of byte, with runs of zeros, and as long as it may be. Sent a second later because of the SDK's limit.
	const hard = Array.from({ length: 1000 }, (_, i) => (i % 7 < 3 ? 0 : i % 251));
	await page.evaluate(send, { list: [hard] });
	const { base64 } = await agent.event('message', { text: undefined });
	checks.ok(base64 === Buffer.from(hard).toString('base64'), '1000 bytes that are no text come as base64, whole');

	agent.command('message grüße  from the agent ');
	agent.command(`message ${'x'.repeat(1000)}`);
	for (let i = 0; i < 12; ++i)
		agent.command(`message agent ${i}`);
	const wanted = ['grüße  from the agent', 'x'.repeat(1000), ...Array.from({ length: 12 }, (_, i) => `agent ${i}`)];
	const got = await heard('sei-message', wanted.length);
	checks.ok(JSON.stringify(got.map(event => Buffer.from(event.bytes).toString())) === JSON.stringify(wanted),
		  "the page hears the agent's messages in order", got.map(event => Buffer.from(event.bytes).toString().slice(0, 24)).join());
	checks.ok(got.every(event => event.userId === AGENT && event.seiPayloadType === 243 && event.isFromAuxiliary === false),
		  'with the fields of the SDK');
	agent.command(`@long message ${'x'.repeat(1001)}`);
	const refused = await agent.event('command-result', { id: 'long' });
	checks.ok(refused.ok === false && refused.message.includes('1000'), '1001 bytes are refused', refused.message);
	// The picture has not suffered.
	const before = await page.evaluate(() => room.client().getRemoteVideoStats('main'));
	await page.waitForFunction(async ([user, count]) => (await room.client().getRemoteVideoStats('main'))[user]?.framesDecoded > count,
				   [AGENT, before[AGENT].framesDecoded + 15], { timeout: 20000 });
	checks.ok(true, 'the page goes on decoding');
	checks.ok((await page.evaluate('room.errors')).length === 0, 'no error in the page');
}


try {
	await inRoom(config, started, { clientOptions: { enableSEI: true } }, scenario);
} catch (error) {
	checks.ok(false, error.message);
}
if (checks.failed || config.verbose)
	for (const one of started)
		one.printLog();
process.exit(checks.failed ? 1 : 0);
