// SPDX-License-Identifier: MIT
// The service or the media are cut, and come back. The channel alone: signalling.mjs.
import { cutUdp } from '../network.mjs';

const PAIRINGS = ['v4-agent', 'agent-agent', 'v4-v4'];
// The last one: what was cut may flow again while the SDK still makes it anew, and the party leaves in the middle of that.
const QUIET = [/websocket/i, /reconnect/i, /ICE failed/, /ERR_CONNECTION_REFUSED/, /connection-state/, /signal/i, /connection.*lost/i, /failed: Error in connection/i, /API aborted, reason: remote user/,
	       /API aborted, reason: leave room/];

async function connected(parties, marks) {
	await Promise.all(parties.map(async (party, i) => {
		await party.event('connection-state-changed', { state: 'RECONNECTING' }, marks[i]);
		await party.event('connection-state-changed', { state: 'CONNECTED' }, marks[i], 60000);
	}));
}

const killed = {
	name: 'the service killed and started again',
	limitMs: 120000,
	pairings: PAIRINGS,
	async run(stage) {
		const service = await stage.ownService();
		const parties = await stage.enter({ onAir: true });
		await stage.both((from, to) => stage.check(from, to));
		parties.forEach(party => party.mayComplain.push(...QUIET));
		const marks = parties.map(party => party.now), began = Date.now();
		service.signal('SIGKILL');
		await service.exited;
		await stage.ownService({ listen: new URL(service.url).host });
		await connected(parties, marks);
		stage.checks.ok(true, 'both are in the room again', `${Date.now() - began} ms`);
		await stage.both((from, to) => stage.back(from, to, 'of a new service'));
		stage.checks.ok(true, 'pictures and sound are back', `${Date.now() - began} ms`);
	},
};

const media = {
	name: 'UDP cut',
	network: true,
	limitMs: 120000,
	pairings: PAIRINGS,
	async run(stage) {
		const ports = await stage.ownPorts();
		const parties = await stage.enter({ onAir: true });
		await stage.both((from, to) => stage.check(from, to));
		parties.forEach(party => party.mayComplain.push(...QUIET));
		const heal = cutUdp(ports);
		await stage.both(async (from, to) => {
			await Promise.all([to.dark(from.userId), to.silent(from.userId)]);
			stage.checks.ok(true, `${to.userId} (${to.kind}) has neither picture nor sound`);
		});
		// Pages notice it after some 15 seconds, agents sooner.
		await Promise.all(parties.map(party => party.kind === 'agent' ? party.event('stream-reconnecting', {}, 0, 40000)
									      : party.logged(/try to reconnect uplink/, 40000)));
		const began = Date.now();
		heal();
		await stage.both((from, to) => stage.back(from, to, 'after the cut'));
		stage.checks.ok(true, 'pictures and sound are back', `${Date.now() - began} ms`);
		for (const party of parties)
			stage.checks.ok(!party.has('connection-state-changed', { state: 'RECONNECTING' }), `${party.userId} (${party.kind}) kept its channel`);
	},
};

export default [killed, media];
