// SPDX-License-Identifier: MIT
// addTrack, removeTrack, replaceTrack of what is published already.
export default {
	name: 'tracks added, removed, replaced',
	pairings: ['v4-agent', 'v4-v4'],
	async run(stage) {
		const [from, to] = await stage.enter({ sources: { main: { audio: false } }, onAir: true }, { role: 'audience' });
		const { userId } = from;
		const updated = async (hasAudio, hasVideo, what, step) => {
			const at = to.now;
			await step();
			await to.event('stream-updated', { userId, streamType: 'main', hasAudio, hasVideo }, at);
			stage.checks.ok(true, `${what}: stream-updated at ${to.userId}`);
		};
		await stage.check(from, to, { audio: false });
		await updated(true, true, 'audio track added', () => from.addTrack('audio', { tone: 500 }));
		await to.hears(userId, { tone: 500 });
		await stage.check(from, to, { audio: false }, 'still');
		await updated(true, false, 'video track removed', () => from.removeTrack('video'));
		await to.dark(userId);
		await to.hears(userId, { tone: 500 });
		await updated(true, true, 'video track added again', () => from.addTrack('video', { number: 21e6 }));
		await to.sees(userId, 'main', { number: 21e6 });
		stage.checks.ok(true, `${to.userId} sees the new picture`);
		await from.replaceTrack('video', { number: 22e6 });
		await from.replaceTrack('audio', { tone: 900 });
		await Promise.all([to.sees(userId, 'main', { number: 22e6 }), to.hears(userId, { tone: 900 })]);
		stage.checks.ok(true, `${to.userId} sees and hears what replaced them`);
		await updated(false, true, 'audio track removed', () => from.removeTrack('audio'));
		await to.silent(userId);
		await to.sees(userId, 'main', { number: 22e6 });
		stage.checks.ok(!to.has('stream-removed', { userId }), 'the stream stayed the same one');
	},
};
