// SPDX-License-Identifier: MIT
// What the page does; run.mjs calls it and waits for changes of `state`.
'use strict';

/** Everything run.mjs looks at. */
const state = {
	events: [],    // client events: {event, userId}
	played: null,  // figures of the picture and sound of the remote user, see watch()
	sent: null,    // getLocalVideoStats() of ourselves
	errors: [],
};

let client = null, localStream = null;

function note(event, userId) {
	state.events.push({ event, userId });
	console.info(`page: ${event} ${userId ?? ''}`);
}

function text(error) {
	return error && error.getCode ? `${error.name} 0x${error.getCode().toString(16)}: ${error.message}` : String(error);
}

/** Reads the picture of `video` and the level of `stream` again and again into the returned figures. */
function watch(video, stream) {
	const figures = {
		width: 0, height: 0, pictures: 0, readable: 0, unreadable: 0, first: null, last: null, backwards: 0,
		flashes: 0, latencyMs: null, sdkAudioLevel: 0, audioPeak: 0,
	};
	const canvas = document.createElement('canvas');
	canvas.width = 320;
	canvas.height = 240;
	const context = canvas.getContext('2d', { willReadFrequently: true });
	const samples = new Float32Array(2048);
	let analyser = null, inFlash = false, lastTime = -1;

	function picture() {
		if (video.readyState < 2 || video.videoWidth === 0 || video.currentTime === lastTime)
			return;
		lastTime = video.currentTime;
		figures.width = video.videoWidth;
		figures.height = video.videoHeight;
		figures.pictures++;
		context.drawImage(video, 0, 0, canvas.width, canvas.height);
		const code = pattern.read(context.getImageData(0, 0, canvas.width, canvas.height));
		if (!code) {
			figures.unreadable++;
			return;
		}
		figures.readable++;
		figures.first ??= code.frameNumber;
		if (figures.last !== null && code.frameNumber < figures.last)
			figures.backwards++;
		figures.last = code.frameNumber;
		figures.latencyMs = Date.now() - code.wallClockMs;
		if (code.flash && !inFlash)
			figures.flashes++;
		inFlash = code.flash;
	}

	function sound() {
		figures.sdkAudioLevel = Math.max(figures.sdkAudioLevel, stream.getAudioLevel());
		const track = analyser ? null : stream.getAudioTrack();
		if (track) {
			const audio = new AudioContext();
			analyser = audio.createAnalyser();
			audio.createMediaStreamSource(new MediaStream([track])).connect(analyser);
			audio.resume();
		}
		if (analyser) {
			analyser.getFloatTimeDomainData(samples);
			figures.audioPeak = samples.reduce((most, value) => Math.max(most, Math.abs(value)), figures.audioPeak);
		}
	}

	setInterval(() => {
		picture();
		sound();
	}, 25);
	return figures;
}

/** "H264", "VP8": what comes in and is decoded. */
async function receivedVideoCodec() {
	for (const connection of connections) {
		const stats = await connection.getStats();
		for (const report of stats.values())
			if (report.type === 'inbound-rtp' && report.kind === 'video' && report.framesDecoded > 0)
				return stats.get(report.codecId)?.mimeType.split('/')[1];
	}
	return 'none';
}

/** The tutorial's calls, in the tutorial's order; run.mjs waits in between. */
const tutorial = {
	/** 1–3: createClient, handlers, join as audience. 4 and 5, subscribe and play, follow by events. */
	async enter({ sdkAppId, userId, userSig, roomId, websocketProxy }) {
		TRTC.Logger.disableUploadLog();
		client = TRTC.createClient({ mode: 'live', sdkAppId, userId, userSig });
		client.setProxyServer({ websocketProxy, loggerProxy: location.origin });
		client.on('error', error => state.errors.push(text(error)));
		client.on('client-banned', event => state.errors.push(`client-banned: ${event.reason}`));
		for (const event of ['peer-join', 'peer-leave', 'mute-audio', 'mute-video', 'unmute-audio', 'unmute-video'])
			client.on(event, ({ userId: peer }) => note(event, peer));
		client.on('stream-added', ({ stream }) => {
			note('stream-added', stream.getUserId());
			client.subscribe(stream).catch(error => state.errors.push(`subscribe: ${text(error)}`));
		});
		client.on('stream-subscribed', ({ stream }) => {
			note('stream-subscribed', stream.getUserId());
			if (state.played)
				return; // the SDK tells again when we ask for what it has subscribed by itself
			state.played = {};
			stream.play('remote').then(() => {
				note('playing', stream.getUserId());
				state.played = watch(document.querySelector('#remote video'), stream);
			}, error => state.errors.push(`play: ${text(error)}`));
		});
		client.on('stream-removed', ({ stream }) => note('stream-removed', stream.getUserId()));
		await client.join({ roomId, role: 'audience' });
		note('joined', userId);
	},

	/** 6: switchRole; createStream, initialize, publish. */
	async publish({ userId }) {
		await client.switchRole('anchor');
		note('role-switched', userId);
		localStream = TRTC.createStream({ userId, audio: true, video: true });
		await localStream.initialize();
		await localStream.play('local');
		await client.publish(localStream);
		note('published', userId);
		setInterval(async () => {
			try {
				state.sent = (await client.getLocalVideoStats())[userId] ?? null;
			} catch { /* left meanwhile */ }
		}, 200);
	},

	/** 7 */
	async leave({ userId }) {
		await client.leave();
		localStream.close();
		note('left', userId);
	},
};

/** For self_test.mjs: the page's half without a service. */
const parts = {
	/** Draws a raw I420 picture (base64) to a canvas of another size and reads it there. */
	readRaw({ width, height, data, canvasWidth, canvasHeight }) {
		const bytes = Uint8Array.from(atob(data), c => c.charCodeAt(0));
		const source = document.createElement('canvas');
		source.width = width;
		source.height = height;
		const image = new ImageData(width, height);
		for (let i = 0; i < width * height; i++) {
			const luma = Math.max(0, Math.min(255, (bytes[i] - 16) * 255 / 219));
			image.data.set([luma, luma, luma, 255], 4 * i);
		}
		source.getContext('2d').putImageData(image, 0, 0);
		const target = document.createElement('canvas');
		target.width = canvasWidth;
		target.height = canvasHeight;
		const context = target.getContext('2d');
		context.drawImage(source, 0, 0, canvasWidth, canvasHeight);
		return pattern.read(context.getImageData(0, 0, canvasWidth, canvasHeight));
	},

	/** createClient, and the local stream on the fake devices; base64 of a recording of it. */
	async localStream({ milliseconds }) {
		TRTC.Logger.disableUploadLog();
		TRTC.createClient({ mode: 'live', sdkAppId: 1400000001, userId: 'web', userSig: 'none' });
		localStream = TRTC.createStream({ userId: 'web', audio: true, video: true });
		await localStream.initialize();
		await localStream.play('local');
		const tracks = new MediaStream([localStream.getVideoTrack(), localStream.getAudioTrack()]);
		const recorder = new MediaRecorder(tracks, { mimeType: 'video/x-matroska;codecs=avc1,opus' });
		const chunks = [];
		recorder.ondataavailable = event => chunks.push(event.data);
		const stopped = new Promise(resolve => recorder.onstop = resolve);
		recorder.start();
		setTimeout(() => recorder.stop(), milliseconds);
		await stopped;
		localStream.close();
		const bytes = new Uint8Array(await new Blob(chunks).arrayBuffer());
		let binary = '';
		for (let at = 0; at < bytes.length; at += 0x8000)
			binary += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
		return btoa(binary);
	},

	/** Plays an MP4 or WebM that the page's server has, as if it came from a remote user. */
	async watchFile({ url }) {
		const video = document.createElement('video');
		video.src = url;
		document.querySelector('#remote').append(video);
		await video.play();
		const captured = video.captureStream();
		state.played = watch(video, { getAudioLevel: () => 0, getAudioTrack: () => captured.getAudioTracks()[0] });
	},
};
