// SPDX-License-Identifier: MIT
// What is received of a stream changes while it is published.
const change = {
	name: 'subscription changed, ended, begun again',
	pairings: ['v4-agent', 'agent-agent', 'v4-v4', 'v5-agent', 'v5-v4', 'firefox-agent'],
	async run(stage) {
		await stage.enter({ onAir: true });
		await stage.both(async (from, to) => {
			const { userId } = from, who = `${to.userId} (${to.kind})`;
			await stage.check(from, to);
			await to.subscribe(userId, 'main', { audio: true, video: false });
			await Promise.all([to.dark(userId), to.hears(userId, from.sounds)]);
			stage.checks.ok(true, `${who} has the sound only`);
			await to.subscribe(userId, 'main', { audio: false, video: true });
			await Promise.all([to.silent(userId), to.sees(userId, 'main', from.shows.main)]);
			stage.checks.ok(true, `${who} has the picture only`);
			await to.subscribe(userId, 'main', { audio: true, video: true });
			await stage.check(from, to, {}, 'with both again');
			for (const time of ['once', 'twice']) {
				const at = to.now;
				await to.unsubscribe(userId, 'main');
				await to.event('stream-unsubscribed', { userId }, at);
				await Promise.all([to.dark(userId), to.silent(userId)]);
				await to.subscribe(userId, 'main');
				await to.event('stream-subscribed', { userId }, at);
				await stage.check(from, to, {}, `subscribed again ${time}`);
			}
		});
	},
};

const byHand = {
	name: 'nothing subscribed unless asked for',
	pairings: ['v4-agent', 'agent-agent'],
	async run(stage) {
		await stage.enter({ onAir: true, subscribe: false });
		await stage.both(async (from, to) => {
			const { userId } = from;
			await to.event('stream-added', { userId });
			await Promise.all([to.dark(userId), to.silent(userId)]);
			stage.checks.ok(!to.has('stream-subscribed', { userId }), `${to.userId} (${to.kind}) has not subscribed`);
			await to.subscribe(userId, 'main', { audio: true, video: true });
			await stage.check(from, to, {}, 'having asked for it');
		});
	},
};

export default [change, byHand];
