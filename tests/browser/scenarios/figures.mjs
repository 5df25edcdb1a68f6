// SPDX-License-Identifier: MIT
// What everybody tells of the others and of the network: statistics, network quality, volume.
const MOST_RTT_MS = 1000; // of loopback, on a machine that is busy
const LOUD = 20;
const MOST_LOSS = 10; // percent; a busy machine drops packets on loopback, too

/** The SDK's table. */
const level = (loss, rtt) => 1 + [[10, 100], [20, 200], [30, 350], [50, 500]].filter(([l, r]) => loss > l || rtt > r).length;
const shown = value => JSON.stringify(value);
/** Of one: next to nothing was lost. */
const whole = figures => figures?.packetsLost >= 0 && figures.packetsLost <= figures.packetsReceived * MOST_LOSS / 100;
/** Of two samples: every figure named has grown. */
const grew = (before, after, names) => names.every(name => before?.[name] > 0 && after?.[name] > before[name]);

export default {
	name: 'statistics, network quality, volume',
	pairings: ['v4-agent', 'agent-agent', 'v4-v4'],
	async run(stage) {
		await stage.enter({ onAir: true, volume: true });
		await stage.both((from, to) => stage.check(from, to));
		const before = await Promise.all(stage.parties.map(party => party.samples()));
		const [one, other] = stage.parties;
		await Promise.all([[one, other, 0], [other, one, 1]].map(async ([party, peer, i]) => {
			const who = `${party.userId} (${party.kind})`, size = party.shows.main;
			const quality = await party.quality();
			stage.checks.ok(quality.uplink === level(quality.uplinkLoss, quality.uplinkRtt) && quality.uplinkRtt < MOST_RTT_MS &&
					quality.uplinkLoss <= MOST_LOSS && quality.downlinkLoss <= MOST_LOSS && quality.downlink >= 1,
					`network-quality of ${who}`, shown(quality));
			const { volume } = await party.loud(peer.userId, LOUD);
			stage.checks.ok(volume > LOUD, `audio-volume of ${peer.userId} at ${who}`, `${volume}`);
			const now = await party.samples(), was = before[i], to = peer.userId;
			stage.checks.ok(grew(was.localAudio, now.localAudio, ['bytesSent', 'packetsSent']), `local audio of ${who}`, shown(now.localAudio));
			stage.checks.ok(grew(was.localVideo, now.localVideo, ['bytesSent', 'packetsSent', 'framesEncoded', 'framesSent']) &&
					now.localVideo.frameWidth === size.width && now.localVideo.frameHeight === size.height, `local video of ${who}`, shown(now.localVideo));
			stage.checks.ok(grew(was.remoteAudio[to], now.remoteAudio[to], ['bytesReceived', 'packetsReceived']) && whole(now.remoteAudio[to]),
					`remote audio at ${who}`, shown(now.remoteAudio));
			stage.checks.ok(grew(was.remoteVideo[to], now.remoteVideo[to], ['bytesReceived', 'packetsReceived']) && whole(now.remoteVideo[to]) &&
					now.remoteVideo[to].frameWidth === peer.shows.main.width && now.remoteVideo[to].frameHeight === peer.shows.main.height,
					`remote video at ${who}`, shown(now.remoteVideo));
			stage.checks.ok(now.rtt >= 0 && now.rtt < MOST_RTT_MS && now.downlinksRTT[to] >= 0 && now.downlinksRTT[to] < MOST_RTT_MS,
					`round trips of ${who}`, shown([now.rtt, now.downlinksRTT]));
		}));
		if (one.kind === 'agent')
			return;
		// What the SDK knows of a user's mutes when it is asked.
		for (const [kind, muted] of [['audio', true], ['video', true], ['audio', false], ['video', false]]) {
			const at = one.now;
			await other.mute(kind, muted);
			await one.event(`${muted ? 'mute' : 'unmute'}-${kind}`, { userId: other.userId }, at);
			const told = (await one.mutedState()).find(user => user.userId === other.userId);
			stage.checks.ok(told.hasAudio && told.hasVideo && told[`${kind}Muted`] === muted, `getRemoteMutedState after ${muted ? 'mute' : 'unmute'} ${kind}`, shown(told));
		}
	},
};
