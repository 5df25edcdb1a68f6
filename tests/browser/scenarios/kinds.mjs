// SPDX-License-Identifier: MIT
// Which streams and which kinds of media there are.
const PAIRINGS = ['v4-agent', 'agent-agent', 'v4-v4'];

/** A room has one auxiliary stream only, so one after the other. */
const screen = {
	name: 'main and auxiliary at once',
	pairings: PAIRINGS,
	async run(stage) {
		await stage.enter({ sources: { main: true, auxiliary: true } });
		for (const [from, to] of stage.directions) {
			const at = to.now;
			await from.onAir();
			await to.event('stream-added', { userId: from.userId, streamType: 'auxiliary', hasVideo: true }, at);
			await stage.check(from, to);
			if (from.kind === 'v4') {
				await from.unpublish('auxiliary');
				await to.event('stream-removed', { userId: from.userId, streamType: 'auxiliary' }, at);
				await stage.check(from, to, { auxiliary: false }, 'when only the main stream is left');
				await from.publish('auxiliary');
				await stage.check(from, to, {}, 'when it is back');
				await from.unpublish('main');
				await to.event('stream-removed', { userId: from.userId, streamType: 'main' }, at);
				await stage.check(from, to, { video: false, audio: false }, 'when it is alone');
				await from.unpublish('auxiliary');
			} else {
				await from.unpublish();
			}
			await to.event('stream-removed', { userId: from.userId, streamType: 'main' }, at);
			await to.event('stream-removed', { userId: from.userId, streamType: 'auxiliary' }, at);
			stage.checks.ok(true, `${to.userId} is told that both streams of ${from.userId} ended`);
		}
	},
};

const alone = {
	name: 'audio only and video only',
	pairings: [...PAIRINGS, 'firefox-agent'],
	async run(stage) {
		await stage.enter({ sources: { main: { video: false } }, onAir: true }, { sources: { main: { audio: false } }, onAir: true });
		const [one, other] = stage.parties;
		const added = await other.event('stream-added', { userId: one.userId });
		stage.checks.ok(added.hasAudio && !added.hasVideo, 'stream-added says audio only');
		const told = await one.event('stream-added', { userId: other.userId });
		stage.checks.ok(!told.hasAudio && told.hasVideo, 'stream-added says video only');
		await Promise.all([stage.check(one, other), stage.check(other, one), one.silent(other.userId), other.dark(one.userId)]);
		stage.checks.ok(true, 'and nothing else comes');
		for (const [from, to] of [[one, other], [other, one]])
			for (const kind of ['audio', 'video'])
				await to.event(`${from.sources.main[kind] ? 'unmute' : 'mute'}-${kind}`, { userId: from.userId });
		stage.checks.ok(true, 'each is told what the other has not');
	},
};

export default [screen, alone];
