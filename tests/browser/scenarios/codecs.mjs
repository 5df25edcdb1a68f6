// SPDX-License-Identifier: MIT
// Publishers of H.264 and of VP8 in one room, and who cannot decode H.264.
const mix = {
	name: 'H.264 and VP8 in one room',
	pairings: ['v4-agent'],
	async run(stage) {
		const [web, watcher] = await stage.enter({ role: 'audience' });
		const [h264, vp8] = await Promise.all([stage.enterAs('agent', { codec: 'h264', onAir: true }), stage.enterAs('agent', { codec: 'vp8', onAir: true })]);
		await Promise.all([h264, vp8].flatMap(from => [web, watcher].map(to => stage.check(from, to))));
		const codecs = (await web.receivedVideoCodecs()).sort().join();
		stage.checks.ok(codecs === 'H264,VP8', 'the page decodes one of each', codecs);
		await Promise.all([[h264, vp8], [vp8, h264]].map(([from, to]) => stage.check(from, to)));
		const seen = watcher.events.filter(event => event.event === 'first-frame' && event.kind === 'video').map(event => event.codec).sort().join();
		stage.checks.ok(seen === 'h264,vp8', 'the agent receives one of each', seen);
	},
};

const cannot = {
	name: 'no H.264 there: NOT_SUPPORTED_H264',
	pairings: ['firefox-agent'],
	async run(stage) {
		const publisher = await stage.enterAs('agent', { codec: 'h264', onAir: true });
		const web = await stage.enterAs('firefox', { role: 'audience' });
		web.mayComplain.push(/does not support H\.264 decoding/, /NOT_SUPPORTED_H264|0x4049/);
		const { message } = await web.event('subscribe-failed', { userId: publisher.userId });
		stage.checks.ok(/0x4049/.test(message), 'subscribe is refused with NOT_SUPPORTED_H264', message);
	},
};

export default [mix, cannot];
