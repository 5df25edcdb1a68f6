// SPDX-License-Identifier: MIT
// What the unmodified web SDK and an agent tell of each other and of the network: figures, quality, mutes, leaving.
//
//   node scenarios/figures.mjs --trtc-cli PATH [--chromium PATH] [--verbose]
import { Checks, options } from '../harness.mjs';
import { AGENT, WEB, inRoom } from './room.mjs';

const config = options({ 'trtc-cli': '', chromium: '/usr/bin/chromium', verbose: false });
const checks = new Checks('figures: '), started = [];
const MOST_RTT_MS = 1000; // of loopback, on a machine that is busy

/** Runs in the page: every getter of figures the SDK has. */
async function ask() {
	const client = room.client();
	return {
		transport: await client.getTransportStats(), localAudio: await client.getLocalAudioStats(),
		localVideo: await client.getLocalVideoStats(), remoteAudio: await client.getRemoteAudioStats(),
		remoteVideo: await client.getRemoteVideoStats('main'), muted: client.getRemoteMutedState(),
	};
}

/** The SDK's table. */
const level = (loss, rtt) => 1 + [[10, 100], [20, 200], [30, 350], [50, 500]].filter(([l, r]) => loss > l || rtt > r).length;
const shown = value => JSON.stringify(value);
/** Of two samples: every figure named has grown. */
const grew = (before, after, names) => names.every(name => before?.[name] > 0 && after?.[name] > before[name]);

function checkPage(before, after) {
	const { transport } = after;
	checks.ok(transport.rtt >= 0 && transport.rtt < MOST_RTT_MS && transport.downlinksRTT[AGENT] >= 0 &&
		  transport.downlinksRTT[AGENT] < MOST_RTT_MS, 'getTransportStats', shown(transport));
	checks.ok(grew(before.localAudio[WEB], after.localAudio[WEB], ['bytesSent', 'packetsSent']), 'getLocalAudioStats', shown(after.localAudio));
	const sent = after.localVideo[WEB];
	checks.ok(grew(before.localVideo[WEB], sent, ['bytesSent', 'packetsSent', 'framesEncoded', 'framesSent']) &&
		  sent.frameWidth === 640 && sent.frameHeight === 480, 'getLocalVideoStats', shown(after.localVideo));
	const audio = after.remoteAudio[AGENT];
	checks.ok(grew(before.remoteAudio[AGENT], audio, ['bytesReceived', 'packetsReceived']) && audio.packetsLost === 0,
		  'getRemoteAudioStats of the agent', shown(after.remoteAudio));
	const video = after.remoteVideo[AGENT];
	checks.ok(grew(before.remoteVideo[AGENT], video, ['bytesReceived', 'packetsReceived', 'framesDecoded']) && video.packetsLost === 0 &&
		  video.frameWidth === 320 && video.frameHeight === 240, 'getRemoteVideoStats of the agent', shown(after.remoteVideo));
}

function checkAgent(before, after) {
	const [sent] = after.localAudio, [picture] = after.localVideo;
	checks.ok(grew(before.localAudio[0], sent, ['bytesSent', 'packetsSent']) && sent.userId === AGENT, 'localAudio of the agent', shown(sent));
	checks.ok(grew(before.localVideo[0], picture, ['bytesSent', 'packetsSent', 'framesEncoded', 'framesSent']) &&
		  picture.frameWidth === 320 && picture.frameHeight === 240, 'localVideo of the agent', shown(picture));
	const [audio] = after.remoteAudio, [video] = after.remoteVideo;
	checks.ok(grew(before.remoteAudio[0], audio, ['bytesReceived', 'packetsReceived']) && audio.userId === WEB && audio.packetsLost === 0,
		  'remoteAudio of the agent', shown(audio));
	checks.ok(grew(before.remoteVideo[0], video, ['bytesReceived', 'packetsReceived', 'framesReceived']) && video.packetsLost === 0 &&
		  video.frameWidth === 640 && video.frameHeight === 480, 'remoteVideo of the agent', shown(video));
	checks.ok(after.rtt >= 0 && after.rtt < MOST_RTT_MS, 'the round trip of its uplink', `${after.rtt} ms`);
	const [down] = after.downlinksRTT ?? [];
	checks.ok(down?.userId === WEB && down.rtt >= 0 && down.rtt < MOST_RTT_MS, 'and of its downlink', shown(down));
}

async function scenario({ agent, page, heard }) {
	await agent.event('first-frame', { userId: WEB, kind: 'video' });
	await agent.event('first-frame', { userId: WEB, kind: 'audio' });
	await heard('stream-subscribed');
	await page.waitForFunction(async user => (await room.client().getRemoteVideoStats('main'))[user]?.framesDecoded > 5, AGENT, { timeout: 20000 });
	const stats = () => agent.events.filter(event => event.event === 'stats');
	const flowing = () => stats().find(event => event.remoteVideo[0]?.framesReceived > 0 && event.remoteAudio[0]?.packetsReceived > 0);
	while (!flowing())
		await agent.event('stats', {}, agent.events.length);
	const pageBefore = await page.evaluate(ask), agentBefore = flowing();

	// True figures of both directions, on both sides.
	const good = 'event => event.uplinkNetworkQuality > 0 && event.downlinkNetworkQuality > 0 && event.uplinkRTT > 0';
	const quality = (await heard('network-quality', 2, good)).at(-1);
	checks.ok(quality.uplinkNetworkQuality === level(quality.uplinkLoss, quality.uplinkRTT) && quality.uplinkRTT < MOST_RTT_MS &&
		  quality.uplinkLoss === 0 && quality.downlinkLoss === 0, 'network-quality of the page, with the round trip the service measured', shown(quality));
	const from = agent.events.length;
	const known = async () => {
		for (let next = from; ; next = agent.events.indexOf(found) + 1) {
			var found = await agent.event('network-quality', {}, next);
			if (found.uplink > 0 && found.downlink > 0 && found.uplinkRtt > 0 && found.downlinkRtt !== undefined)
				return found;
		}
	};
	const own = await known();
	checks.ok(own.uplink === level(own.uplinkLoss, own.uplinkRtt) && own.downlink === level(own.downlinkLoss, own.downlinkRtt) && own.uplinkRtt < MOST_RTT_MS && own.downlinkRtt < MOST_RTT_MS && own.uplinkLoss === 0 &&
		  own.downlinkLoss === 0, 'network-quality of the agent', shown(own));
	checkPage(pageBefore, await page.evaluate(ask));
	checkAgent(agentBefore, await agent.event('stats', {}, agent.events.length));

	// What is muted, on both sides.
	const mutedState = async (audioMuted, videoMuted) => page.waitForFunction(([user, audio, video]) => {
		const found = room.client().getRemoteMutedState().find(one => one.userId === user);
		return found && found.hasAudio && found.hasVideo && found.audioMuted === audio && found.videoMuted === video;
	}, [AGENT, audioMuted, videoMuted], { timeout: 20000 });
	for (const [command, audio, video] of [['mute audio', true, false], ['mute video', true, true], ['unmute audio', false, true], ['unmute video', false, false]]) {
		const event = command.replace(' ', '-');
		const count = (await page.evaluate(name => (room.heard[name] ?? []).length, event));
		agent.command(command);
		await heard(event, count + 1, `event => event.userId === '${AGENT}'`);
		await mutedState(audio, video);
		checks.ok(true, `${command} of the agent: the page hears ${event}`);
	}
	for (const [verb, event] of [['muteAudio', 'mute-audio'], ['muteVideo', 'mute-video'], ['unmuteAudio', 'unmute-audio'], ['unmuteVideo', 'unmute-video']]) {
		const next = agent.events.length;
		await page.evaluate(name => { room.stream()[name](); }, verb);
		await agent.event(event, { userId: WEB }, next);
		checks.ok(true, `${verb} of the page: the agent hears ${event}`);
	}

	agent.command('leave');
	await heard('peer-leave', 1, `event => event.userId === '${AGENT}'`);
	checks.ok(await agent.exit() === 0, 'the agent leaves, the page hears it');
	checks.ok((await page.evaluate('room.errors')).length === 0, 'no error in the page', shown(await page.evaluate('room.errors')));
}


try {
	await inRoom(config, started, { agentOptions: ['--stats', '1'] }, scenario);
} catch (error) {
	checks.ok(false, error.message);
}
if (checks.failed || config.verbose)
	for (const one of started)
		one.printLog();
process.exit(checks.failed ? 1 : 0);
