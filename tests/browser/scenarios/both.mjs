// SPDX-License-Identifier: MIT
// Everybody on air, everybody watching.
export default {
	name: 'both on air',
	pairings: ['v4-agent', 'agent-agent', 'v4-v4', 'firefox-agent', 'firefox-v4'],
	async run(stage) {
		await stage.enter({ onAir: true });
		await stage.both(async (from, to) => {
			const { hasAudio, hasVideo } = await to.event('stream-added', { userId: from.userId, streamType: 'main' });
			stage.checks.ok(hasAudio && hasVideo, `stream-added at ${to.userId}`);
			await to.event('stream-subscribed', { userId: from.userId });
			await stage.check(from, to);
		});
	},
};
