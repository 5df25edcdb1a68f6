// SPDX-License-Identifier: MIT
// Roles while media flows, the limit of anchors, the same user twice.
const switching = {
	name: 'roles switched on air',
	pairings: ['v4-agent', 'agent-agent', 'v4-v4', 'v5-agent', 'v5-v4'],
	async run(stage) {
		await stage.enter({ onAir: true });
		for (const [from, to] of stage.directions) {
			await Promise.all([stage.check(from, to), stage.check(to, from)]);
			const at = to.now, since = stage.service.now;
			const operator = (event, fields) => stage.service.event(event, { userId: from.userId, roomId: stage.roomId, ...fields }, since);
			await from.switchRole('audience');
			await operator('stream-unpublished', { streamType: 'main' });
			await operator('role-changed', { role: 'audience', prevRole: 'anchor' });
			await to.event('stream-removed', { userId: from.userId }, at);
			await to.event('peer-leave', { userId: from.userId }, at);
			stage.checks.ok(true, `${to.userId} is told that ${from.userId} (${from.kind}) is off air`);
			await stage.check(to, from, {}, 'as audience');
			await from.switchRole('anchor');
			await to.event('peer-join', { userId: from.userId }, at);
			await operator('role-changed', { role: 'anchor', prevRole: 'audience' });
			await from.onAir();
			await operator('stream-published', { streamType: 'main', audio: true, video: true });
			stage.checks.ok(true, `the operator is told of ${from.userId} (${from.kind})`);
			await Promise.all([stage.check(from, to, {}, 'on air again'), stage.check(to, from, {}, 'as anchor again')]);
		}
	},
};

const limit = {
	name: 'one anchor too many',
	pairings: ['v4-agent', 'agent-agent', 'v4-v4'],
	async run(stage) {
		await stage.ownService({ more: ['--max-anchors', '1'] });
		const [one, other] = await stage.enter({ onAir: true }, { role: 'audience' });
		await stage.check(one, other);
		other.mayComplain.push(/failed to publish stream RtcError: publish-result failed, response code is -200005/);
		const refused = await other.switchRole('anchor').then(() => other.onAir()).then(() => 'not at all', error => error.message);
		stage.checks.ok(/anchors|0x404a/.test(refused), `${other.userId} (${other.kind}) is refused`, refused);
		await stage.check(one, other, {}, 'still');
		await one.switchRole('audience');
		await other.switchRole('anchor');
		await other.onAir();
		await stage.check(other, one, {}, 'once there is a place');
	},
};

const kick = {
	name: 'the same user again: kick',
	pairings: ['v4-agent', 'agent-v4', 'agent-agent', 'v4-v4'],
	async run(stage) {
		const watcher = await stage.enterAs('agent', { role: 'audience' });
		const [kind, nextKind] = stage.kinds;
		const first = await stage.enterAs(kind, { userId: 'twin', onAir: true });
		await stage.check(first, watcher);
		const at = watcher.now;
		first.mayComplain.push(/user was banned because of \[kick\]/, /removed from the room \(kick\)/);
		const second = await stage.enterAs(nextKind, { userId: 'twin' });
		const { reason } = await first.event('client-banned');
		stage.checks.ok(reason === 'kick', 'client-banned tells the first one why', reason);
		if (first.kind === 'agent')
			stage.checks.ok(await first.exit() === 10, 'the agent ends with exit code 10', `${first.ended}`);
		else
			await first.close();
		await watcher.event('stream-removed', { userId: 'twin' }, at);
		await second.onAir();
		await stage.check(second, watcher, {}, 'in its place');
	},
};

export default [switching, limit, kick];
