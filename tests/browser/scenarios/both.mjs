// SPDX-License-Identifier: MIT
// Everybody on air, everybody watching, in each mode.
const both = mode => ({
	name: `both on air, mode ${mode}`,
	pairings: mode === 'live' ? ['v4-agent', 'agent-agent', 'v4-v4', 'v5-agent', 'v5-v4', 'firefox-agent'] : ['v4-agent', 'agent-agent', 'v4-v4', 'v5-agent', 'v5-v4'],
	async run(stage) {
		await stage.enter({ onAir: true, mode });
		await stage.both(async (from, to) => {
			await to.event('peer-join', { userId: from.userId });
			const { hasAudio, hasVideo } = await to.event('stream-added', { userId: from.userId, streamType: 'main' });
			// SDK v5 publishes one track after the other.
			stage.checks.ok(from.kind === 'v5' || (hasAudio !== false && hasVideo !== false), `stream-added at ${to.userId}`);
			await to.event('stream-subscribed', { userId: from.userId });
			await stage.check(from, to);
		});
		const [from, to] = stage.parties;
		if (mode === 'rtc') {
			to.mayComplain.push(/switchRole.* live/);
			const refused = await to.switchRole('audience').then(() => 'not at all', error => error.message);
			stage.checks.ok(/0x1000|live|rtc|5000/.test(refused), 'in mode rtc nobody changes the role', refused);
		}
		const at = to.now;
		await from.leave();
		await to.event('stream-removed', { userId: from.userId, streamType: 'main' }, at);
		await to.event('peer-leave', { userId: from.userId }, at);
		stage.checks.ok(true, `${to.userId} is told that ${from.userId} left`);
	},
});

export default [both('live'), both('rtc')];
