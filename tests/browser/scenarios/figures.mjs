// SPDX-License-Identifier: MIT
// The SDK's getters of figures and network-quality, and the agent's, of each other: all there, true and growing.
const MOST_RTT_MS = 2000; // of loopback, on a machine that is busy

/** The SDK's table. */
const level = (loss, rtt) => 1 + [[10, 100], [20, 200], [30, 350], [50, 500]].filter(([l, r]) => loss > l || rtt > r).length;
const plausible = rtt => rtt >= 0 && rtt < MOST_RTT_MS;
/** A busy machine loses some even on loopback: its sockets overflow. */
const few = ({ packetsLost, packetsReceived }) => packetsLost >= 0 && packetsLost < packetsReceived / 2;
const grew = (before, after, names) => names.every(name => before?.[name] > 0 && after?.[name] > before[name]);

/** In the SDK's form, whoever tells it. */
async function figures(party) {
	if (party.kind !== 'agent')
		return party.stats();
	const stats = await party.command('stats');
	const byUser = list => Object.fromEntries(list.filter(one => one.streamType !== 'auxiliary').map(one => [one.userId, one]));
	return {
		transport: { rtt: stats.rtt ?? 0, downlinksRTT: Object.fromEntries((stats.downlinksRTT ?? []).map(one => [one.userId, one.rtt])) },
		localAudio: byUser(stats.localAudio), localVideo: byUser(stats.localVideo),
		remoteAudio: byUser(stats.remoteAudio), remoteVideo: byUser(stats.remoteVideo),
	};
}

function quality(event) {
	const page = 'uplinkNetworkQuality' in event;
	return page ? { uplink: event.uplinkNetworkQuality, downlink: event.downlinkNetworkQuality, up: [event.uplinkLoss, event.uplinkRTT],
			down: [event.downlinkLoss, event.downlinkRTT] }
		    : { uplink: event.uplink, downlink: event.downlink, up: [event.uplinkLoss, event.uplinkRtt], down: [event.downlinkLoss, event.downlinkRtt] };
}

/** The first one in which both directions are known. */
async function knownQuality(party) {
	for (let from = party.now;; from = party.now) {
		const found = quality(await party.event('network-quality', {}, from));
		if (found.uplink > 0 && found.downlink > 0 && found.up[1] > 0 && found.down[1] !== undefined)
			return found;
	}
}

export default {
	name: 'figures and network quality',
	pairings: ['v4-agent', 'agent-agent', 'v4-v4'],
	async run(stage) {
		await stage.enter({ onAir: true });
		await Promise.all(stage.directions.map(([from, to]) => stage.check(from, to)));
		const before = await Promise.all(stage.parties.map(figures));
		const qualities = await Promise.all(stage.parties.map(knownQuality));
		const after = await Promise.all(stage.parties.map(figures));
		stage.parties.forEach((party, i) => {
			const [peer] = stage.parties.filter(one => one !== party), who = `${party.userId} (${party.kind})`;
			const ok = (condition, what, said) => stage.checks.ok(condition, `${who}: ${what}`, JSON.stringify(said));
			const local = after[i].localVideo[party.userId], audio = after[i].remoteAudio[peer.userId], video = after[i].remoteVideo[peer.userId];
			const size = (shown, { main }) => shown?.frameWidth === main.video.width && shown?.frameHeight === main.video.height;
			const { transport } = after[i];
			ok(plausible(transport.rtt) && plausible(transport.downlinksRTT[peer.userId]), 'round trips', transport);
			ok(grew(before[i].localAudio[party.userId], after[i].localAudio[party.userId], ['bytesSent', 'packetsSent']), 'local audio', after[i].localAudio);
			ok(grew(before[i].localVideo[party.userId], local, ['bytesSent', 'packetsSent', 'framesEncoded', 'framesSent']) && size(local, party.sources),
			   'local video', local);
			ok(grew(before[i].remoteAudio[peer.userId], audio, ['bytesReceived', 'packetsReceived']) && few(audio), 'remote audio', audio);
			ok(grew(before[i].remoteVideo[peer.userId], video, ['bytesReceived', 'packetsReceived', party.kind === 'agent' ? 'framesReceived' : 'framesDecoded']) &&
			   few(video) && size(video, peer.sources), 'remote video', video);
			const { uplink, downlink, up, down } = qualities[i];
			ok(uplink === level(...up) && downlink === level(...down) && up[0] <= 20 && down[0] <= 20 && plausible(up[1]) && plausible(down[1]),
			   'network-quality', qualities[i]);
		});
		// What the SDK knows of a user's mutes when it is asked.
		const [one, other] = stage.parties;
		if (one.kind === 'agent')
			return;
		for (const [kind, muted] of [['audio', true], ['video', true], ['audio', false], ['video', false]]) {
			const at = one.now;
			await other.mute(kind, muted);
			await one.event(`${muted ? 'mute' : 'unmute'}-${kind}`, { userId: other.userId }, at);
			const told = (await one.mutedState()).find(user => user.userId === other.userId);
			stage.checks.ok(told.hasAudio && told.hasVideo && told[`${kind}Muted`] === muted, `getRemoteMutedState after ${muted ? 'mute' : 'unmute'} ${kind}`, JSON.stringify(told));
		}
	},
};
