// SPDX-License-Identifier: MIT
// The published web SDK, unmodified, in headless Chromium against `trtc-cli serve` and an agent: the seven calls of the
// SDK's tutorial in the tutorial's order, measured on both sides, for each codec of the agent.
//
//   node run.mjs --trtc-cli PATH --measure PATH [--codec h264,vp8] [--chromium PATH] [--verbose]
//
// Exit code 0: every check passed. Logs of everything started are shown when one did not.
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Checks, Child, openPage, options, output, pageState, servePage, stop, temporaryFolder, within } from './harness.mjs';

const config = options({ 'trtc-cli': '', measure: '', codec: 'h264,vp8', chromium: '/usr/bin/chromium', verbose: false });
const ROOM = 8888, AGENT = 'agent', WEB = 'web';
const SENT_FRAMES = 75;   // the page sends so many before it leaves, some five seconds
const PLAYED_FLASHES = 2; // the page sees so many before it goes on
const MOST_LATENCY_MS = 3000;
const RUN_MS = 120000;

/** What the agent recorded of the page. */
function checkRecording(checks, path) {
	const figures = JSON.parse(output(config.measure, [path, '--json']));
	const { video, audio } = figures;
	checks.ok(video !== null && video.frames >= SENT_FRAMES / 2, "the agent's file of the page has its picture",
		  `${video?.frames ?? 0} frames, ${figures.tracks.map(track => track.codec).join(' and ')}`);
	checks.ok(video !== null && video.moves, 'the recorded picture moves', `difference ${video?.meanDifference}`);
	checks.ok(audio !== null && audio.seconds > 2 && audio.nonSilentSeconds > 0.1 && audio.beeps >= 1,
		  'the recorded sound is there', `${audio?.seconds} s, ${audio?.beeps} beeps`);
}

async function room(codec, checks, started) {
	const folder = temporaryFolder();
	const recordings = join(folder, 'recordings'), keyFile = join(folder, 'serve.key');
	mkdirSync(recordings);
	const service = new Child('service', config['trtc-cli'],
				  ['serve', '--listen', '127.0.0.1:0', '--secret-key-file', keyFile, '--events', 'json', '--log-level', 'debug']);
	started.push(service);
	const { url, sdkAppId, secretKeyFile } = await service.event('service-ready');
	checks.ok(service.events[0]?.event === 'service-ready' && secretKeyFile === keyFile, 'service is ready');
	const userSig = output(config['trtc-cli'], ['usersig', 'sign', '--sdk-app-id', sdkAppId, '--user-id', WEB,
						    '--secret-key-file', secretKeyFile]).toString().trim();

	const agent = new Child(AGENT, config['trtc-cli'],
				['join', '--server', url, '--sdk-app-id', sdkAppId, '--user-id', AGENT, '--secret-key-file', secretKeyFile,
				 '--room', ROOM, '--role', 'anchor', '--video', 'test', '--audio', 'test', '--video-codec', codec,
				 '--record', recordings, '--events', 'json', '--log-level', 'debug']);
	started.push(agent);
	await agent.event('published');
	checks.ok(true, 'agent publishes');

	const server = await servePage();
	const { browser, page, log, foreign } = await within(openPage(config.chromium, server.origin), 'Chromium');
	started.push({ printLog: () => console.error(['--- page ---', ...log].join('\n')), close: () => browser.close() });
	try {
		const who = { sdkAppId, userId: WEB, userSig, roomId: ROOM, websocketProxy: url };
		await within(page.evaluate(options_ => tutorial.enter(options_), who), 'end of join');
		checks.ok(true, 'createClient, join as audience');
		await pageState(page, state => state.events.some(e => e.event === 'stream-subscribed'), 'stream-subscribed');
		checks.ok(true, 'subscribe');
		await pageState(page, state => state.events.some(e => e.event === 'playing'), 'play()');
		const before = await pageState(page, state => state.played?.readable > 0, 'readable picture in the page');
		const frames = { want: before.played.first + 30, flashes: PLAYED_FLASHES };
		await page.evaluate(want => { state.want = want; }, frames);
		const { played } = await pageState(page, state => state.played.last >= state.want.want &&
			state.played.flashes >= state.want.flashes && state.played.audioPeak > 0.1 && state.played.sdkAudioLevel > 0,
			"moving picture with flashes and sound of the agent's test source in the page");
		checks.ok(played.last > played.first, "the page plays the agent's picture",
			  `frames ${played.first} to ${played.last}, ${played.width}x${played.height}`);
		checks.ok(Math.abs(played.latencyMs) < MOST_LATENCY_MS, 'the picture is fresh', `${played.latencyMs} ms old`);
		const received = await page.evaluate('receivedVideoCodec()');
		checks.ok(received.toLowerCase() === codec, `the page receives ${codec}`, received);
		checks.ok(played.backwards === 0, 'the frame number only grows');
		checks.ok(played.readable >= played.unreadable * 9, 'the pictures are readable', `${played.unreadable} are not`);
		checks.ok(played.flashes >= PLAYED_FLASHES, 'the page sees the flash', `${played.flashes} times`);
		checks.ok(played.audioPeak > 0.1 && played.sdkAudioLevel > 0, 'the page hears the beep',
			  `peak ${played.audioPeak.toFixed(2)}, level ${played.sdkAudioLevel.toFixed(2)}`);

		await within(page.evaluate(options_ => tutorial.publish(options_), { userId: WEB }), 'end of switchRole … publish');
		checks.ok(true, 'switchRole anchor, createStream, initialize, publish');
		await agent.event('stream-added', { userId: WEB });
		await agent.event('first-frame', { userId: WEB, kind: 'video' });
		await agent.event('first-frame', { userId: WEB, kind: 'audio' });
		checks.ok(true, 'the agent sees and hears the page');
		await agent.event('recording-started', { userId: WEB });
		const { events } = agent;
		const base = (await page.evaluate('state.sent?.framesSent')) ?? 0;
		await page.evaluate(count => { state.wantSent = count; }, base + SENT_FRAMES);
		const { sent, errors } = await pageState(page, state => state.sent?.framesSent >= state.wantSent, `${SENT_FRAMES} frames sent`);
		checks.ok(true, 'the page sends', `${sent.frameWidth}x${sent.frameHeight}, ${sent.framesSent} frames`);

		await within(page.evaluate(options_ => tutorial.leave(options_), { userId: WEB }), 'end of leave');
		checks.ok(true, 'leave');
		const stopped = await agent.event('recording-stopped', { userId: WEB });
		await agent.event('peer-leave', { userId: WEB });
		checks.ok(true, 'the agent is told that the page left');
		checkRecording(checks, stopped.path);

		const ours = [...errors, ...log.filter(line => /^error|<ERROR>|\bERROR\b/.test(line))];
		checks.ok(ours.length === 0, 'the SDK reports no error', ours.slice(0, 3).join(' | '));
		checks.ok(foreign.length === 0, 'the page asks no other host', foreign.join(' '));
		checks.ok(!events.some(event => event.event === 'error'), 'the agent reports no error');
	} finally {
		await within(browser.close(), 'end of Chromium', 8000).catch(() => {});
		server.close();
	}

	agent.command('leave');
	const code = await agent.exit();
	checks.ok(code === 0, 'leave on stdin ends the agent with exit code 0', `${code}`);
	await stop(service);
	checks.ok(service.ended === 0, 'SIGTERM ends the service with exit code 0', `${service.ended}`);
}

async function main() {
	for (const name of ['trtc-cli', 'measure'])
		if (!config[name]) {
			console.error(`run.mjs: say where ${name} is: --${name} PATH`);
			process.exit(2);
		}
	const sdk = JSON.parse(readFileSync(new URL('node_modules/trtc-js-sdk/package.json', import.meta.url)));
	let failed = 0;
	for (const codec of config.codec.split(',')) {
		const checks = new Checks(`${codec}: `), started = [];
		checks.ok(sdk.version === '4.15.22', `trtc-js-sdk ${sdk.version}`);
		try {
			await within(room(codec, checks, started), `end of the run with ${codec}`, RUN_MS);
		} catch (error) {
			checks.ok(false, error.message.split('\n')[0]);
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
		? `${error.message}\nrun.mjs: run \`npm ci\` in tests/browser first` : error);
	process.exit(1);
});
