// SPDX-License-Identifier: MIT
// What a page with SDK v5 does; v5.mjs calls it and waits for changes of `state` (page.js).
'use strict';

/** The test pattern as a page's own camera and microphone; the grid is described in src/media/test_pattern.h. */
const painter = (() => {
	const COLUMNS = 20, ROWS = 15, MARKS = '110100111011000100', FPS = 15;

	function crc16(bits) {
		let crc = 0xffff;
		for (const bit of bits)
			crc = ((crc << 1) & 0xffff) ^ ((crc >> 15) !== bit ? 0x1021 : 0);
		return crc;
	}
	const toBits = (value, count) => [...value.toString(2).padStart(count, '0').slice(-count)].map(Number);

	function draw(canvas, frameNumber) {
		const context = canvas.getContext('2d'), { width, height } = canvas;
		const edge = (index, count, size) => Math.floor(index * size / count);
		const block = (column, row, light) => {
			const x = edge(column, COLUMNS, width), y = edge(row, ROWS, height);
			context.fillStyle = light ? '#fff' : '#000';
			context.fillRect(x, y, edge(column + 1, COLUMNS, width) - x, edge(row + 1, ROWS, height) - y);
		};
		context.fillStyle = '#000';
		context.fillRect(0, 0, width, height);
		[...MARKS].forEach((mark, i) => block(1 + i, 1, mark === '1'));
		const bits = [...toBits(frameNumber, 32), ...toBits(Date.now(), 48)];
		bits.push(...toBits(crc16(bits), 16));
		for (let row = 2; row < 8; row++) {
			block(1, row, true);
			bits.slice((row - 2) * 16, (row - 1) * 16).forEach((bit, i) => block(2 + i, row, bit === 1));
		}
		const flash = frameNumber % FPS === 0;
		for (let row = 9; row < ROWS; row++)
			for (let column = 0; column < COLUMNS; column++)
				block(column, row, flash || (column + row + frameNumber) % 5 === 0);
	}

	function videoTrack(width = 320, height = 240) {
		const canvas = document.createElement('canvas');
		Object.assign(canvas, { width, height });
		let frameNumber = 0;
		draw(canvas, frameNumber);
		setInterval(() => draw(canvas, ++frameNumber), 1000 / FPS);
		return canvas.captureStream(FPS).getVideoTracks()[0];
	}

	/** A tone that is always there, and a loud one in the first tenth of every second. */
	function audioTrack() {
		const audio = new AudioContext(), out = audio.createMediaStreamDestination();
		const tone = (hertz, level) => {
			const oscillator = audio.createOscillator(), gain = audio.createGain();
			oscillator.frequency.value = hertz;
			gain.gain.value = level;
			oscillator.connect(gain).connect(out);
			oscillator.start();
			return gain.gain;
		};
		tone(220, 0.01);
		const beep = tone(1000, 0);
		setInterval(() => {
			beep.setValueAtTime(0.5, audio.currentTime + 0.02);
			beep.setValueAtTime(0, audio.currentTime + 0.12);
		}, 1000);
		audio.resume();
		return out.stream.getAudioTracks()[0];
	}
	return { videoTrack, audioTrack };
})();

let trtc = null;
/** Figures by "user main" or "user sub", see watch(). */
state.users = {};
state.messages = [];
state.scene = null;

function v5Text(error) {
	return error && error.code !== undefined ? `${error.name} ${error.code}/${error.extraCode ?? ''}: ${error.message}` : String(error);
}

const v5 = {
	/** @param create more options of TRTC.create(), enter more of enterRoom() */
	async enter({ sdkAppId, userId, userSig, roomId, websocketProxy, create = {}, enter = {} }) {
		trtc = TRTC.create(create);
		const E = TRTC.EVENT;
		trtc.on(E.ERROR, error => state.errors.push(v5Text(error)));
		trtc.on(E.KICKED_OUT, event => state.errors.push(`kicked-out: ${event.reason}`));
		for (const event of [E.REMOTE_USER_ENTER, E.REMOTE_USER_EXIT, E.REMOTE_AUDIO_AVAILABLE, E.REMOTE_AUDIO_UNAVAILABLE])
			trtc.on(event, ({ userId: peer }) => note(event, peer));
		trtc.on(E.REMOTE_VIDEO_UNAVAILABLE, ({ userId: peer, streamType }) => note(`remote-video-unavailable ${streamType}`, peer));
		trtc.on(E.REMOTE_VIDEO_AVAILABLE, ({ userId: peer, streamType }) => {
			note(`remote-video-available ${streamType}`, peer);
			v5.watch({ userId: peer, streamType }).catch(error => state.errors.push(`startRemoteVideo: ${v5Text(error)}`));
		});
		trtc.on(E.CONNECTION_STATE_CHANGED, ({ state: now }) => note(`connection ${now}`));
		trtc.on(E.CUSTOM_MESSAGE, ({ userId: peer, cmdId, seq, data }) => {
			state.messages.push({ userId: peer, cmdId, seq, text: new TextDecoder().decode(data) });
		});
		await trtc.enterRoom({ sdkAppId, userId, userSig, roomId, proxy: { websocketProxy, loggerProxy: location.origin }, ...enter });
		note('entered', userId);
	},

	async watch({ userId, streamType }) {
		const key = `${userId} ${streamType}`;
		let place = document.getElementById(key);
		if (!place) {
			place = document.createElement('div');
			place.id = key;
			place.className = 'player';
			document.querySelector('#remote').append(place);
		}
		await trtc.startRemoteVideo({ userId, streamType, view: place });
		note(`watching ${streamType}`, userId);
		if (state.users[key])
			return; // the SDK keeps the element
		const element = place.querySelector('video');
		state.users[key] = watch(element, {
			getAudioLevel: () => 0,
			getAudioTrack: () => trtc.getAudioTrack(userId),
		});
	},
	async unwatch({ userId, streamType }) {
		await trtc.stopRemoteVideo({ userId, streamType });
		delete state.users[`${userId} ${streamType}`];
		document.getElementById(`${userId} ${streamType}`)?.remove();
		note(`unwatched ${streamType}`, userId);
	},

	async publish({ userId }) {
		await trtc.startLocalVideo({ view: 'local', option: { videoTrack: painter.videoTrack(), profile: { width: 320, height: 240, frameRate: 15, bitrate: 400 } } });
		note('video started', userId);
		await trtc.startLocalAudio({ option: { audioTrack: painter.audioTrack() } });
		note('audio started', userId);
	},
	muteVideo: mute => trtc.updateLocalVideo({ mute }),
	muteAudio: mute => trtc.updateLocalAudio({ mute }),
	stopVideo: () => trtc.stopLocalVideo(),
	stopAudio: () => trtc.stopLocalAudio(),
	muteRemote: ({ userId, mute }) => trtc.muteRemoteAudio(userId, mute),
	role: role => trtc.switchRole(role),
	send: ({ cmdId, text: words }) => trtc.sendCustomMessage({ cmdId, data: new TextEncoder().encode(words).buffer }),
	async exit() {
		await trtc.exitRoom();
		note('exited');
	},
	/** How many peer connections there are that still live. */
	open: () => connections.filter(one => one.connectionState === 'connected').length,
};
