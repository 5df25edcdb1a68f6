// SPDX-License-Identifier: MIT
// For self_test.mjs: the page's half without a service.
'use strict';

let watched = null, clip = null;

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
		const localStream = TRTC.createStream({ userId: 'web', audio: true, video: true });
		await localStream.initialize();
		const box = document.createElement('div');
		box.id = 'local';
		document.body.append(box);
		await localStream.play(box.id);
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
		document.body.append(video);
		clip = video;
		await video.play();
		const captured = video.captureStream();
		watched = eyes.watch(() => video, () => captured.getAudioTracks()[0] ?? null);
	},

	/** The figures when the clip is over. */
	async played() {
		const video = clip;
		await new Promise(resolve => video.ended ? resolve() : video.addEventListener('ended', resolve, { once: true }));
		return watched.figures;
	},

	/** Draws with pattern.draw() and reads it again; and what sources make is seen and heard. */
	drawAndRead({ width, height, code }) {
		const canvas = document.createElement('canvas');
		canvas.width = width;
		canvas.height = height;
		const context = canvas.getContext('2d', { alpha: false });
		pattern.draw(context, code);
		return pattern.read(context.getImageData(0, 0, width, height));
	},
	async sources({ number, tone }) {
		const video = document.createElement('video');
		video.muted = true;
		video.srcObject = new MediaStream([sources.picture({ number })]);
		document.body.append(video);
		await video.play();
		const track = sources.sound({ tone });
		const own = eyes.watch(() => video, () => track);
		const seen = await eyes.sees(() => own.figures, { width: 320, height: 240, number });
		const heard = await eyes.hears(() => own.figures, { tone });
		const wrong = await Promise.allSettled([eyes.sees(() => own.figures, { number: number + 1e6 }, 2000), eyes.hears(() => own.figures, { tone: tone * 2 }, 2000),
							eyes.dark(() => own.figures, 2000), eyes.silent(() => own.figures, 2000)]);
		track.enabled = false;
		video.srcObject.getVideoTracks()[0].enabled = false;
		await Promise.all([eyes.dark(() => own.figures), eyes.silent(() => own.figures)]);
		own.stop();
		return { seen, heard, wrong: wrong.map(result => result.status) };
	},
};
