// SPDX-License-Identifier: MIT
// The seven calls of the SDK's tutorial, in its order, with the browser's camera, for each codec of the agent; and what the agent
// recorded of the page.
const MOST_LATENCY_MS = 3000, SENT_FRAMES = 40, FLASHES = 2;

const until = async (ask, done, what) => {
	for (const end = Date.now() + 20000; ; await new Promise(resolve => setTimeout(resolve, 100))) {
		const now = await ask();
		if (done(now))
			return now;
		if (Date.now() > end)
			throw new Error(`no ${what} within 20 s: ${JSON.stringify(now)}`);
	}
};

const tutorial = codec => ({
	name: `tutorial, ${codec}`,
	order: 1,
	pairings: ['v4-agent'],
	async run(stage) {
		const { checks } = stage;
		const agent = await stage.enterAs('agent', { userId: 'agent', codec, onAir: true, sources: { main: { audio: { beeps: true } } } });
		const page = await stage.enterAs('v4', { userId: 'web', role: 'audience', sources: { main: { camera: true } } });
		checks.ok(true, 'createClient, join as audience');
		await page.event('stream-subscribed', { userId: 'agent' });
		await page.event('playing', { userId: 'agent' });
		checks.ok(true, 'subscribe, play');
		await stage.check(agent, page);
		const played = await until(() => page.figures('agent', 'main'), now => now.flashes >= FLASHES && now.audioPeak > 0.1, 'flash and beep');
		checks.ok(Math.abs(played.latencyMs) < MOST_LATENCY_MS, 'the picture is fresh', `${played.latencyMs} ms old`);
		checks.ok(played.backwards === 0 && played.last > played.first, 'the frame number only grows', `${played.first} to ${played.last}`);
		checks.ok(played.readable >= played.unreadable * 9, 'the pictures are readable', `${played.unreadable} are not`);
		const level = await until(() => page.audioLevel('agent', 'main'), now => now > 0, 'getAudioLevel()');
		checks.ok(level > 0, 'the page sees the flash and hears the beep', `${played.flashes} flashes, peak ${played.audioPeak.toFixed(2)}`);
		const [received] = await page.receivedVideoCodecs();
		checks.ok(received.toLowerCase() === codec, `the page receives ${codec}`, received);

		await page.switchRole('anchor');
		await page.onAir();
		checks.ok(true, 'switchRole anchor, createStream, initialize, publish');
		await agent.event('stream-added', { userId: 'web', streamType: 'main' });
		await Promise.all(['video', 'audio'].map(kind => agent.event('first-frame', { userId: 'web', kind })));
		await agent.hears('web');
		checks.ok(true, 'the agent receives the page');
		await agent.event('recording-started', { userId: 'web' });
		const sent = async () => (await page.stats()).localVideo.web;
		const first = await until(sent, now => now?.framesSent > 0, 'frame sent');
		const last = await until(sent, now => now.framesSent >= first.framesSent + SENT_FRAMES, 'frames sent');
		checks.ok(true, 'the page sends', `${last.frameWidth}x${last.frameHeight}, ${last.framesSent} frames`);

		await page.leave();
		checks.ok(true, 'leave');
		await page.close();
		await agent.event('recording-stopped', { userId: 'web' });
		await agent.event('peer-leave', { userId: 'web' });
		checks.ok(true, 'the agent is told that the page left');
		const { video, audio, tracks } = await agent.measure('web', 'main') ?? {};
		checks.ok(video?.frames >= SENT_FRAMES / 2, "the agent's file of the page has its picture", `${video?.frames} frames, ${tracks?.map(track => track.codec).join(' and ')}`);
		checks.ok(video?.moves, 'the recorded picture moves', `difference ${video?.meanDifference}`);
		checks.ok(audio?.seconds > 1.5 && audio.nonSilentSeconds > 0.1 && audio.beeps >= 1, 'the recorded sound is there', `${audio?.seconds} s, ${audio?.beeps} beeps`);
	},
});

export default [tutorial('h264'), tutorial('vp8')];
