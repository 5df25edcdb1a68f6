// SPDX-License-Identifier: MIT
// One room with an agent and a page in it: what the scenarios have in common.
import { join } from 'node:path';
import { Child, openPage, output, servePage, stop, temporaryFolder, within } from '../harness.mjs';

export const ROOM = 8888, AGENT = 'agent', WEB = 'web';

/** Runs in the page. Everything the page has heard stands in `room`: heard[event] is a list. */
async function enter({ sdkAppId, userId, userSig, roomId, websocketProxy, clientOptions, publish, peers }) {
	const heard = {}, errors = [];
	window.room = { heard, errors, remote: {} };
	TRTC.Logger.disableUploadLog();
	const client = TRTC.createClient({ mode: 'live', sdkAppId, userId, userSig, ...clientOptions });
	window.room.client = () => client;
	client.setProxyServer({ websocketProxy, loggerProxy: location.origin });
	client.on('error', error => errors.push(`${error.name} ${error.message}`));
	const plain = event => Object.fromEntries(Object.entries(event).filter(([, value]) => typeof value !== 'object'));
	for (const name of ['peer-join', 'peer-leave', 'mute-audio', 'mute-video', 'unmute-audio', 'unmute-video',
			    'network-quality', 'client-banned'])
		client.on(name, event => (heard[name] ??= []).push(plain(event)));
	client.on('sei-message', event => (heard['sei-message'] ??= []).push(
		{ ...plain(event), bytes: [...new Uint8Array(event.data.buffer ?? event.data)] }));
	client.on('stream-added', ({ stream }) => {
		(heard['stream-added'] ??= []).push({ userId: stream.getUserId() });
		client.subscribe(stream).catch(error => errors.push(`subscribe: ${error.message}`));
	});
	client.on('stream-subscribed', ({ stream }) => {
		(heard['stream-subscribed'] ??= []).push({ userId: stream.getUserId() });
		stream.play('remote').catch(() => {});
	});
	await client.join({ roomId, role: publish ? 'anchor' : 'audience' });
	if (publish) {
		const stream = TRTC.createStream({ userId, audio: true, video: true });
		await stream.initialize();
		await client.publish(stream);
		window.room.stream = () => stream;
	}
}

/** Starts service, agent and page, runs @p body({ agent, page, service, heard }), ends everything. */
export async function inRoom(config, started, { agentOptions = [], clientOptions = {}, publish = true }, body) {
	const keyFile = join(temporaryFolder(), 'serve.key');
	const service = new Child('service', config['trtc-cli'], ['serve', '--listen', '127.0.0.1:0', '--secret-key-file', keyFile,
								   '--events', 'json', '--log-level', 'debug']);
	started.push(service);
	const { url, sdkAppId } = await service.event('service-ready');
	const userSig = output(config['trtc-cli'], ['usersig', 'sign', '--sdk-app-id', sdkAppId, '--user-id', WEB,
						    '--secret-key-file', keyFile]).toString().trim();
	const agent = new Child(AGENT, config['trtc-cli'],
				['join', '--server', url, '--sdk-app-id', sdkAppId, '--user-id', AGENT, '--secret-key-file', keyFile, '--room', ROOM,
				 '--video', 'test', '--audio', 'test', '--video-profile', '320x240@15,400k', '--control', 'none',
				 '--events', 'json', '--log-level', 'debug', ...agentOptions]);
	started.push(agent);
	await agent.event('published');
	const server = await servePage();
	const { browser, page, log } = await within(openPage(config.chromium, server.origin), 'Chromium');
	started.push({ printLog: () => console.error(['--- page ---', ...log].join('\n')) });
	try {
		await within(page.evaluate(enter, { sdkAppId, userId: WEB, userSig, roomId: ROOM, websocketProxy: url, clientOptions, publish }),
			     'end of join and publish in the page');
		/** Until the page has heard @p count events of that name that @p fits, a function as text; all of them. */
		const heard = async (name, count = 1, fits = 'event => true') => {
			const found = `(room.heard[${JSON.stringify(name)}] ?? []).filter(${fits})`;
			await page.waitForFunction(`${found}.length >= ${count}`, undefined, { timeout: 20000, polling: 50 }).catch(async () => {
				const now = JSON.stringify(await page.evaluate(`room.heard[${JSON.stringify(name)}] ?? []`));
				throw new Error(`the page has not heard ${count} × ${name} within 20 s, only ${now.slice(0, 2000)}`);
			});
			return page.evaluate(found);
		};
		return await body({ agent, page, service, heard, log });
	} finally {
		await within(browser.close(), 'end of Chromium').catch(() => {});
		server.close();
		await stop(agent);
		await stop(service);
	}
}
