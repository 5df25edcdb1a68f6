// SPDX-License-Identifier: MIT
// Messages in H.264 video: texts, many at once in order, every kind of byte, what is too long; both payload types.
const BURST = 12;
const HARD = Array.from({ length: 1000 }, (_, i) => (i % 7 < 3 ? 0 : i % 251)); // zeros in a row are escaped in H.264
const SECOND_MS = 1100; // 30 messages and 8000 bytes a second are the SDK's limits

const sleep = milliseconds => new Promise(resolve => setTimeout(resolve, milliseconds));

export default {
	name: 'SEI messages',
	pairings: ['v4-agent', 'agent-agent', 'v4-v4'],
	async run(stage) {
		await stage.enter({ onAir: true, sei: true });
		await stage.both(async (from, to) => {
			const { userId } = from, who = `${to.userId} (${to.kind})`;
			const heard = (fields, at) => to.event('message', { userId, ...fields }, at);
			await stage.check(from, to);
			let at = to.now;
			await from.sendMessage('grüße  你好');
			const { seiPayloadType, isFromAuxiliary } = await heard({ text: 'grüße  你好' }, at);
			stage.checks.ok(seiPayloadType === 243 && isFromAuxiliary === false, `${who} gets a message of ${userId}`);
			at = to.now;
			const burst = Array.from({ length: BURST }, (_, i) => `number ${i}`);
			await Promise.all(burst.map(text => from.sendMessage(text)));
			await heard({ text: burst.at(-1) }, at);
			const got = to.events.slice(at).filter(event => event.event === 'message').map(event => event.text);
			stage.checks.ok(got.join() === burst.join(), `${BURST} at once come in order`, got.join());
			await sleep(SECOND_MS);
			await from.sendMessage('x'.repeat(1000));
			await heard({ text: 'x'.repeat(1000) });
			stage.checks.ok(true, '1000 bytes come whole');
			const long = await from.sendMessage('x'.repeat(1001)).then(() => 'not at all', error => error.message);
			stage.checks.ok(/1000/.test(long), '1001 bytes are refused', long.slice(0, 120));
			if (from.kind !== 'agent') {
				from.mayComplain.push(/sendSEIMessage/);
				await from.sendMessage('type five', 5);
				stage.checks.ok((await heard({ text: 'type five' })).seiPayloadType === 5, 'payload type 5');
				await sleep(SECOND_MS);
				await from.sendMessage(HARD);
				await heard({ base64: Buffer.from(HARD).toString('base64') });
				stage.checks.ok(true, '1000 bytes that are no text come whole');
			}
			await stage.check(from, to, {}, 'still');
		});
	},
};
