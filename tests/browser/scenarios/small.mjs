// SPDX-License-Identifier: MIT
// The small stream beside the big one: by choice, back, and back by itself when it ends.
const BIG = { width: 640, height: 480, fps: 15 };
const SMALL = { width: 160, height: 120, bitrate: 100, frameRate: 15 };

export default {
	name: 'small stream and back',
	pairings: ['v4-agent', 'agent-agent', 'v4-v4'],
	async run(stage) {
		await stage.enter({ sources: { main: { video: BIG } }, small: SMALL, onAir: true });
		await stage.both(async (from, to) => {
			const { userId } = from, who = `${to.userId} (${to.kind})`;
			await stage.check(from, to, {}, 'big');
			await to.small(userId, true);
			const small = await to.sees(userId, 'main', { width: SMALL.width, height: SMALL.height });
			stage.checks.ok(true, `${who} sees the small picture`, `${small.width}x${small.height}`);
			await to.small(userId, false);
			await stage.check(from, to, {}, 'big again');
		});
	},
};
