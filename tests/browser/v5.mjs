// SPDX-License-Identifier: MIT
// The current web SDK (trtc-sdk-v5), unmodified, in headless Chromium, in one room with a page of SDK v4 and an agent:
//
//   single  one connection for everything (join/v2, publish/v2, subscribe/v3), as the SDK does by default
//   multi   the commands of v4 (join, publish, subscribe), as it does where that is switched off
//
//   node v5.mjs --trtc-cli PATH --measure PATH [--mode single,multi] [--chromium PATH] [--verbose]
//
// Exit code 0: every check passed. Logs of everything started are shown when one did not.
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { connect, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Checks, Child, openPage, options, output, pageState, servePage, stop, temporaryFolder, within } from './harness.mjs';

const config = options({ 'trtc-cli': '', measure: '', mode: 'single,multi', chromium: '/usr/bin/chromium', verbose: false });
const here = dirname(fileURLToPath(import.meta.url));
const require = createRequire(import.meta.url);
const ROOM = 8888;
const RUN_MS = 180000;

const v5Files = {
	'/': [join(here, 'v5.html'), 'text/html'],
	'/v5_page.js': [join(here, 'v5_page.js'), 'text/javascript'],
	'/trtc5.js': [require.resolve('trtc-sdk-v5/trtc.js'), 'text/javascript'],
};

/** Passes TCP on, until the connections it has are cut. */
async function relay(port) {
	const pairs = new Set();
	const server = createServer(client => {
		const upstream = connect(port, '127.0.0.1');
		const pair = [client, upstream];
		pairs.add(pair);
		client.pipe(upstream).pipe(client);
		for (const one of pair) {
			one.on('error', () => {});
			one.on('close', () => pairs.delete(pair));
		}
	});
	await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
	return {
		url: `ws://127.0.0.1:${server.address().port}`,
		cut: () => pairs.forEach(pair => pair.forEach(one => one.destroy())),
		close: () => { pairs.forEach(pair => pair.forEach(one => one.destroy())); server.close(); },
	};
}

class Room {
	constructor(mode, checks, started) {
		Object.assign(this, { mode, checks, started, folder: temporaryFolder(), pages: [] });
		this.keyFile = join(this.folder, 'serve.key');
		this.create = mode === 'multi' ? { enableSPC: false } : {};
	}
	async open() {
		this.service = new Child('service', config['trtc-cli'],
					 ['serve', '--listen', '127.0.0.1:0', '--secret-key-file', this.keyFile, '--events', 'json', '--log-level', 'debug']);
		this.started.push(this.service);
		Object.assign(this, await this.service.event('service-ready'));
		this.relay = await relay(Number(new URL(this.url).port));
		this.site5 = await servePage(v5Files);
		this.site4 = await servePage();
	}
	sig(userId) {
		return output(config['trtc-cli'], ['usersig', 'sign', '--sdk-app-id', this.sdkAppId, '--user-id', userId,
						   '--secret-key-file', this.keyFile]).toString().trim();
	}
	who(userId) {
		return { sdkAppId: this.sdkAppId, userId, userSig: this.sig(userId), roomId: ROOM, websocketProxy: this.url };
	}
	agent(...more) {
		const agent = new Child('agent', config['trtc-cli'],
					['join', '--server', this.url, '--sdk-app-id', this.sdkAppId, '--user-id', 'agent', '--secret-key-file', this.keyFile,
					 '--room', ROOM, '--role', 'anchor', '--video', 'test', '--audio', 'test', '--events', 'json', '--log-level', 'debug', ...more]);
		this.started.push(agent);
		return agent;
	}
	async page(name, origin) {
		const view = await within(openPage(config.chromium, origin), 'Chromium');
		this.pages.push(view);
		this.started.push({ printLog: () => console.error([`--- ${name} ---`, ...view.log].join('\n')), close: () => view.browser.close() });
		return view;
	}
	/** No page may have logged an error or asked another host. */
	finish() {
		for (const { log } of this.pages) {
			const errors = log.filter(line => /^error|<ERROR>|\bERROR\b/.test(line));
			this.checks.ok(errors.length === 0, 'the SDK reports no error', errors.slice(0, 3).join(' | '));
		}
		const foreign = this.pages.flatMap(view => view.foreign);
		this.checks.ok(foreign.length === 0, 'the pages ask no other host', foreign.slice(0, 3).join(' '));
	}
	async close() {
		for (const { browser } of this.pages)
			await within(browser.close(), 'end of Chromium', 8000).catch(() => {});
		for (const one of [this.relay, this.site4, this.site5])
			one?.close();
	}
}

/** Until `user` has shown @p count more readable pictures of the pattern, and a beep. */
async function patternOf(page, user, count = 20) {
	await page.evaluate(want => {
		for (const figures of Object.values(state.users))
			figures.base = figures.readable;
		state.want = want;
	}, { key: `${user} main`, count });
	const { users } = await pageState(page, state => {
		const figures = state.users[state.want.key];
		return figures && figures.readable - (figures.base ?? 0) >= state.want.count && figures.audioPeak > 0.1;
	}, `pattern and sound of ${user}`);
	return users[`${user} main`];
}

function checkPattern(checks, figures, who) {
	checks.ok(figures.readable >= figures.unreadable * 9 && figures.backwards === 0 && figures.last > figures.first, `${who}: the pattern is readable`,
		  `frames ${figures.first} to ${figures.last}, ${figures.unreadable} not, ${figures.width}x${figures.height}`);
	checks.ok(figures.audioPeak > 0.1, `${who}: the beep is heard`, `peak ${figures.audioPeak.toFixed(2)}`);
}

const saw = (page, event, userId, what) => page.evaluate(goal => { state.goal = goal; }, { event, userId })
	.then(() => pageState(page, state => state.events.some(e => e.event === state.goal.event && e.userId === state.goal.userId), what ?? `${event} ${userId}`));

async function single(room) {
	const { checks } = room;
	const { page } = await room.page('page of v5', room.site5.origin);
	// In at first as an audience of a live room, through a relay that can be cut.
	await within(page.evaluate(o => v5.enter(o), { ...room.who('web5'), websocketProxy: room.relay.url, enter: { scene: 'live', role: 'audience' } }), 'end of enterRoom');
	checks.ok(true, 'enterRoom as audience of a live room');
	await within(page.evaluate(() => v5.role('anchor')), 'end of switchRole');
	await within(page.evaluate(o => v5.publish(o), { userId: 'web5' }), 'end of startLocalVideo and startLocalAudio');
	checks.ok(true, 'switchRole anchor, startLocalVideo, startLocalAudio');

	const old = await room.page('page of v4', room.site4.origin);
	await within(old.page.evaluate(o => tutorial.enter(o), room.who('web4')), 'end of join');
	const { played } = await pageState(old.page, state => state.played?.readable > 20 && state.played.audioPeak > 0.1, 'the pattern of v5 in the page of v4');
	checkPattern(checks, played, 'v5 to v4');
	await within(old.page.evaluate(o => tutorial.publish(o), { userId: 'web4' }), 'end of publish of v4');
	await pageState(page, state => state.users['web4 main']?.pictures > 30 && state.users['web4 main'].audioPeak > 0.05, 'picture and sound of v4 in the page of v5');
	checks.ok(true, 'v4 to v5: picture and sound');

	const recordings = join(room.folder, 'recordings');
	mkdirSync(recordings);
	const agent = room.agent('--video-codec', 'vp8', '--record', recordings);
	await agent.event('published');
	checkPattern(checks, await patternOf(page, 'agent'), 'agent (VP8, beside the H264 of v4) to v5');
	for (const kind of ['video', 'audio'])
		await agent.event('first-frame', { userId: 'web5', kind });
	const open = await page.evaluate(() => v5.open());
	checks.ok(open === 1, 'all of it on one connection', `${open}`);

	const second = await room.page('second page of v5', room.site5.origin);
	await within(second.page.evaluate(o => v5.enter(o), { ...room.who('web5b'), enter: { scene: 'live', role: 'anchor' } }), 'end of enterRoom of the second');
	checkPattern(checks, await patternOf(second.page, 'web5'), 'v5 to v5');

	// custom messages
	await saw(page, 'remote-user-enter', 'web5b');
	for (const [from, to, words] of [[page, second.page, 'from the first'], [second.page, page, 'täst ☃']]) {
		await from.evaluate(o => v5.send(o), { cmdId: 3, text: words });
		const { messages } = await pageState(to, state => state.messages.length > 0, 'custom message');
		checks.ok(messages[0].text === words && messages[0].cmdId === 3, 'a custom message arrives', `${messages[0].userId}: ${messages[0].text}`);
	}

	// mute
	await page.evaluate(() => v5.muteVideo(true));
	await agent.event('mute-video', { userId: 'web5' });
	await saw(old.page, 'mute-video', 'web5');
	await saw(second.page, 'remote-video-unavailable main', 'web5');
	let from = agent.events.length;
	await page.evaluate(() => v5.muteVideo(false));
	await agent.event('unmute-video', { userId: 'web5' }, from);
	await page.evaluate(() => v5.muteAudio(true));
	await agent.event('mute-audio', { userId: 'web5' });
	await page.evaluate(() => v5.muteAudio(false));
	checks.ok(true, 'mute and unmute of v5 are heard of by agent, v4 and v5');
	await patternOf(second.page, 'web5');
	checks.ok(true, 'the picture goes on after it');

	// A subscription that ends, and the next one on its lines.
	await page.evaluate(o => v5.muteRemote(o), { userId: 'agent', mute: true });
	await page.evaluate(o => v5.unwatch(o), { userId: 'agent', streamType: 'main' });
	await page.evaluate(o => v5.watch(o), { userId: 'agent', streamType: 'main' });
	await page.evaluate(o => v5.muteRemote(o), { userId: 'agent', mute: false });
	checkPattern(checks, await patternOf(page, 'agent'), 'unsubscribed and subscribed again');

	// The socket breaks: the visit is taken up again, nothing stops.
	from = agent.events.length;
	room.relay.cut();
	await pageState(page, state => state.events.filter(e => e.event === 'connection CONNECTED').length > 1, 'another socket');
	await patternOf(page, 'agent');
	await second.page.evaluate(o => v5.send(o), { cmdId: 4, text: 'still there?' });
	await pageState(page, state => state.messages.some(m => m.text === 'still there?'), 'custom message on the new socket');
	checks.ok(!agent.events.slice(from).some(e => e.event === 'stream-removed' || e.event === 'peer-leave'), 'a lost socket is taken over');

	// The media connection breaks: another one is made with everything on it.
	await page.evaluate(() => {
		const one = connections.filter(c => c.connectionState === 'connected').at(-1);
		one.onconnectionstatechange({ target: { connectionState: 'failed' } });
	});
	await agent.event('stream-removed', { userId: 'web5' }, from);
	await agent.event('stream-added', { userId: 'web5' }, from);
	await agent.event('first-frame', { userId: 'web5', kind: 'video' }, from);
	await patternOf(page, 'agent');
	await patternOf(second.page, 'web5');
	checks.ok(true, 'a broken media connection is made anew');

	// off air and on again
	from = agent.events.length;
	await page.evaluate(() => v5.stopVideo());
	await page.evaluate(() => v5.stopAudio());
	await agent.event('stream-removed', { userId: 'web5' }, from);
	await page.evaluate(o => v5.publish(o), { userId: 'web5' });
	await agent.event('first-frame', { userId: 'web5', kind: 'video' }, from);
	checks.ok(true, 'off air and on again');

	await within(page.evaluate(() => v5.exit()), 'end of exitRoom');
	await agent.event('peer-leave', { userId: 'web5' });
	await saw(old.page, 'peer-leave', 'web5');
	await saw(second.page, 'remote-user-exit', 'web5');
	checks.ok(true, 'exitRoom');
	const recorded = agent.events.find(e => e.event === 'recording-started' && e.userId === 'web5');
	agent.command('leave');
	checks.ok(await agent.exit() === 0, 'the agent ends with exit code 0');
	checkRecording(checks, recorded?.path);
	const { errors } = await page.evaluate('state');
	checks.ok(errors.length === 0, 'the page of v5 has no error', errors.join(' | '));
}

/** What the agent recorded of the page. */
function checkRecording(checks, path) {
	const { video, audio } = path ? JSON.parse(output(config.measure, [path, '--json'])) : { video: null, audio: null };
	checks.ok(video !== null && video.frames >= 30 && video.moves, "the agent's file of v5 has its picture", `${video?.frames ?? 0} frames`);
	checks.ok(audio !== null && audio.beeps >= 1, "the agent's file of v5 has its sound", `${audio?.beeps ?? 0} beeps`);
}

async function multi(room) {
	const { checks } = room;
	const agent = room.agent('--mode', 'rtc', '--video-codec', 'h264');
	await agent.event('published');
	const { page } = await room.page('page of v5', room.site5.origin);
	await within(page.evaluate(o => v5.enter(o), { ...room.who('web5'), create: room.create }), 'end of enterRoom');
	checkPattern(checks, await patternOf(page, 'agent'), 'agent to v5');
	await within(page.evaluate(o => v5.publish(o), { userId: 'web5' }), 'end of startLocalVideo and startLocalAudio');
	for (const kind of ['video', 'audio'])
		await agent.event('first-frame', { userId: 'web5', kind });
	checks.ok(true, 'v5 to agent: picture and sound');
	const open = await page.evaluate(() => v5.open());
	checks.ok(open === 2, 'a connection for each direction', `${open}`);
	await page.evaluate(() => v5.muteVideo(true));
	await agent.event('mute-video', { userId: 'web5' });
	const from = agent.events.length;
	await page.evaluate(() => v5.muteVideo(false));
	await agent.event('unmute-video', { userId: 'web5' }, from);
	checks.ok(true, 'mute and unmute');
	await within(page.evaluate(() => v5.exit()), 'end of exitRoom');
	await agent.event('peer-leave', { userId: 'web5' });
	agent.command('leave');
	checks.ok(await agent.exit() === 0, 'the agent ends with exit code 0');
	const { errors } = await page.evaluate('state');
	checks.ok(errors.length === 0, 'the page of v5 has no error', errors.join(' | '));
}

async function main() {
	for (const name of ['trtc-cli', 'measure'])
		if (!config[name]) {
			console.error(`v5.mjs: say where ${name} is: --${name} PATH`);
			process.exit(2);
		}
	const sdk = JSON.parse(readFileSync(new URL('node_modules/trtc-sdk-v5/package.json', import.meta.url)));
	let failed = 0;
	for (const mode of config.mode.split(',')) {
		const checks = new Checks(`v5 ${mode}: `), started = [];
		checks.ok(sdk.version === '5.17.1', `trtc-sdk-v5 ${sdk.version}`);
		const room = new Room(mode, checks, started);
		try {
			await room.open();
			await within({ single, multi }[mode](room), `end of the run with ${mode}`, RUN_MS);
			room.finish();
			await room.close();
			await stop(room.service);
			checks.ok(room.service.ended === 0, 'SIGTERM ends the service with exit code 0', `${room.service.ended}`);
		} catch (error) {
			checks.ok(false, error.message.split('\n')[0]);
			await room.close();
		}
		if (checks.failed > 0 || config.verbose)
			started.forEach(one => one.printLog());
		for (const child of started)
			await (child instanceof Child ? stop(child) : within(child.close(), 'end of Chromium', 8000).catch(() => {}));
		failed += checks.failed;
	}
	process.exit(failed > 0 ? 1 : 0);
}

main().catch(error => {
	console.error(error.code === 'ERR_MODULE_NOT_FOUND' || error.code === 'ENOENT'
		? `${error.message}\nv5.mjs: run \`npm ci\` in tests/browser first` : error);
	process.exit(1);
});
