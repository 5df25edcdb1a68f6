// SPDX-License-Identifier: MIT
// A service that wants PrivateMapKeys.
const ENTER_AND_WATCH = 42, ALL = 255, NO_VIDEO = 255 - 16;

export default {
	name: 'PrivateMapKey',
	pairings: ['v4-agent', 'agent-v4'],
	async run(stage) {
		const service = await stage.ownService({ more: ['--require-private-map-key'] });
		const ticket = (userId, privileges, room = stage.roomId) =>
			service.sign(userId, ['--private-map-key', '--room', room, '--privileges', privileges]);
		const [one, other] = stage.kinds;
		const anchor = await stage.enterAs(one, { userId: 'ann', privateMapKey: await ticket('ann', ALL), onAir: true });
		const viewer = await stage.enterAs(other, { userId: 'bob', privateMapKey: await ticket('bob', ENTER_AND_WATCH), role: 'audience' });
		await stage.check(anchor, viewer, {}, 'with the right ticket');
		// An agent that has the key signs its own.
		for (const [why, privateMapKey] of [...(one === 'agent' ? [] : [['no ticket', undefined]]), ['one of another room', await ticket('eve', ALL, stage.roomId + 1)],
						    ['one of another user', await ticket('ann', ALL)]]) {
			const said = await stage.enterAs(one, { userId: 'eve', privateMapKey }).then(() => 'nothing', error => error.message);
			const party = stage.parties.at(-1);
			const all = `${said} ${party.events.map(event => event.message ?? '').join(' ')}`;
			stage.checks.ok(/0x4004|-100006|PrivateMapKey|private/i.test(all), `${why}: not let in`, said.slice(0, 200));
			party.mayComplain.push(/./);
			await party.close();
		}
		// Sound but no picture.
		const mute = await stage.enterAs(one, { userId: 'carol', privateMapKey: await ticket('carol', NO_VIDEO), sources: { main: { video: false } }, onAir: true });
		await stage.check(mute, viewer, {}, 'with a ticket for sound');
	},
};
