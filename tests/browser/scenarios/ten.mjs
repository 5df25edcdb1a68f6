// SPDX-License-Identifier: MIT
const TIMES = 10;

export default {
	name: 'on air and off ten times',
	pairings: ['v4-agent', 'agent-agent', 'v4-v4', 'v5-agent'],
	async run(stage) {
		await stage.enter({});
		await stage.both(async (from, to) => {
			for (let time = 1; time <= TIMES; time++) {
				const at = to.now;
				await from.onAir();
				await to.event('stream-subscribed', { userId: from.userId }, at);
				if (time === 1 || time === TIMES)
					await stage.check(from, to, {}, `at time ${time}`);
				// SDK v5 tells nobody from one who has muted.
				const gone = to.kind === 'v5' ? 'mute-video' : 'stream-removed', since = to.now;
				await from.unpublish();
				await to.event(gone, { userId: from.userId }, since);
				stage.checks.ok(true, `${from.userId} (${from.kind}) on air and off, time ${time}`);
			}
		});
	},
};
