// SPDX-License-Identifier: MIT
// Removed by an administrator: the service's commands kick, ban and disband.
const removal = (verb, command, reason) => ({
	name: `removed by ${verb}`,
	pairings: ['v4-agent', 'agent-v4'],
	async run(stage) {
		const [one, other] = await stage.enter({ onAir: true });
		await stage.check(one, other);
		one.mayComplain.push(new RegExp(`user was banned because of \\[${reason}\\]|removed from the room|disband`));
		other.mayComplain.push(/user was banned because of \[room_disband\]|removed from the room|disband/);
		const at = other.now;
		await stage.service.command(command.replace('USER', one.userId).replace('ROOM', stage.roomId));
		const gone = verb === 'disband' ? [one, other] : [one];
		const left = { kick: 'kicked', ban: 'banned', disband: 'room-disband' }[verb];
		for (const party of gone) {
			await stage.service.event('user-left', { userId: party.userId, roomId: stage.roomId, reason: left });
			const told = await party.event('client-banned');
			stage.checks.ok(told.reason.replace('_', '-') === reason.replace('_', '-'), `${party.userId} (${party.kind}) is told why`, told.reason);
			if (party.kind === 'agent')
				stage.checks.ok(await party.exit() === 10, 'the agent ends with exit code 10', `${party.ended}`);
		}
		if (verb === 'disband') {
			await Promise.all(gone.map(party => party.close()));
			return;
		}
		await other.event('stream-removed', { userId: one.userId }, at);
		await other.event('peer-leave', { userId: one.userId }, at);
		stage.checks.ok(true, `${other.userId} (${other.kind}) is told that ${one.userId} is gone`);
		await one.close();
		const again = await stage.enterAs(one.kind, { userId: one.userId, onAir: verb === 'kick' }).then(party => party, error => error.message);
		if (verb === 'kick') {
			await stage.check(again, other, {}, 'come back after the kick');
		} else {
			const last = stage.parties.at(-1);
			const message = typeof again === 'string' ? again : '';
			last.mayComplain.push(/./);
			stage.checks.ok(/banned|0x4004/.test(`${message} ${last.complaints()} ${JSON.stringify(last.events)}`), 'who is banned is not let in again', message);
			await last.close();
		}
	},
});

export default [removal('kick', 'kick USER@ROOM', 'kick'), removal('ban', 'ban USER@ROOM', 'banned'), removal('disband', 'disband ROOM', 'room_disband')];
