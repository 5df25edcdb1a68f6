// SPDX-License-Identifier: MIT
// The WebSocket alone breaks, at once and for all: who was in the room resumes its session with rc=1, and nobody notices.
import { connect, createServer } from 'node:net';

/** Passes TCP connections on until they are cut. Resolves to {url, cut(), close()}. */
async function relay(url) {
	const { hostname, port } = new URL(url);
	const pairs = new Set();
	const server = createServer(client => {
		const service = connect({ host: hostname, port });
		const pair = { client, service, cut: () => [client, service].forEach(one => one.resetAndDestroy()) };
		pairs.add(pair);
		for (const [one, other] of [[client, service], [service, client]]) {
			one.pipe(other);
			one.on('error', () => other.destroy());
			one.on('close', () => pairs.delete(pair));
		}
	});
	await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
	const cut = () => [...pairs].forEach(pair => pair.cut());
	return { url: `ws://127.0.0.1:${server.address().port}`, cut, close: () => server.close() };
}

/** A figure of the service's /metrics. */
async function metric(service, name) {
	const text = await (await fetch(`${service.url.replace('ws', 'http')}/metrics`)).text();
	return Number(text.split('\n').find(line => line.startsWith(`${name} `))?.split(' ')[1]);
}

const state = (party, name, from) => party.event('connection-state-changed', { state: name }, from);
// What the SDK logs when its WebSocket breaks.
const PROVOKED = [/websocket\[.*error observed/, /WebSocket connection to .* failed/];
const mayComplain = party => party.mayComplain?.push(...PROVOKED);

const cut = {
	name: 'the WebSocket alone is cut',
	pairings: ['v4-agent', 'agent-agent', 'v4-v4'],
	async run(stage) {
		const service = await stage.ownService(), between = await relay(service.url);
		stage.service = Object.assign(Object.create(service), { url: between.url });
		try {
			await stage.enter({ onAir: true });
			stage.parties.forEach(mayComplain);
			await stage.both((from, to) => stage.check(from, to));
			const joins = await metric(service, 'trtc_joins_total');
			const marks = stage.parties.map(party => party.now);
			between.cut();
			await Promise.all(stage.parties.map(async (party, i) => {
				await state(party, 'RECONNECTING', marks[i]);
				await state(party, 'CONNECTED', marks[i]);
			}));
			await stage.both((from, to) => stage.check(from, to, {}, 'after the cut'));
			stage.checks.ok(await metric(service, 'trtc_resumes_total') === stage.parties.length, 'both have resumed their sessions');
			stage.checks.ok(await metric(service, 'trtc_joins_total') === joins, 'and nobody has joined again');
			stage.parties.forEach((party, i) => {
				const told = ['peer-leave', 'peer-join', 'stream-removed', 'stream-added', 'stream-updated', 'recording-stopped']
					.filter(name => party.has(name, {}, marks[i]));
				stage.checks.ok(told.length === 0, `${party.userId} (${party.kind}) notices nothing`, told.join(' '));
			});
			// The new channel carries what the old one did.
			await stage.both(async (from, to) => {
				const at = to.now;
				await from.mute('audio', true);
				await to.event('mute-audio', { userId: from.userId }, at);
				stage.checks.ok(true, `${to.userId} (${to.kind}) is told of a mute on the new channel`);
			});
		} finally {
			between.close();
		}
	},
};

export default cut;
