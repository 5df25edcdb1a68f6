// SPDX-License-Identifier: MIT
// Muted sound, muted picture, both, either again; and who comes later is told.
const STEPS = [['audio', true], ['video', true], ['audio', false], ['audio', true], ['video', false], ['audio', false]];

async function state(stage, from, to, muted, when) {
	await Promise.all([
		muted.audio ? to.silent(from.userId) : stage.check(from, to, { video: false }, when),
		muted.video ? to.dark(from.userId) : stage.check(from, to, { audio: false }, when),
	]);
	stage.checks.ok(true, `${to.userId} (${to.kind}) has ${muted.audio ? 'no' : 'the'} sound and ${muted.video ? 'no' : 'the'} picture of ${from.userId} ${when}`);
}

export default {
	name: 'mute in every combination',
	pairings: ['v4-agent', 'agent-agent', 'v4-v4', 'v5-agent', 'v5-v4', 'firefox-agent'],
	async run(stage) {
		await stage.enter({ onAir: true });
		await stage.both(async (from, to) => {
			await Promise.all(['audio', 'video'].map(kind => to.event(`unmute-${kind}`, { userId: from.userId })));
			await stage.check(from, to);
			const muted = { audio: false, video: false };
			for (const [kind, on] of STEPS) {
				const at = to.now;
				await from.mute(kind, on);
				muted[kind] = on;
				await to.event(`${on ? 'mute' : 'unmute'}-${kind}`, { userId: from.userId }, at);
				await state(stage, from, to, muted, `after ${on ? 'mute' : 'unmute'} ${kind}`);
				const others = ['audio', 'video'].filter(one => one !== kind);
				stage.checks.ok(!others.some(one => to.has(`mute-${one}`, { userId: from.userId }, at) || to.has(`unmute-${one}`, { userId: from.userId }, at)),
						'and is told of nothing else');
			}
		});
		// Who comes now is told how things are.
		const [from] = stage.parties;
		await from.mute('video', true);
		const late = await stage.enterAs(stage.kinds[1], { role: 'audience' });
		await Promise.all([late.event('mute-video', { userId: from.userId }), late.event('unmute-audio', { userId: from.userId })]);
		await stage.check(from, late, { video: false }, 'having come later');
		await late.dark(from.userId);
		stage.checks.ok(!late.has('unmute-video', { userId: from.userId }), `${late.userId}, who comes later, is told that the picture is muted`);
	},
};
