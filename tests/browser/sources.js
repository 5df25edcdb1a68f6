// SPDX-License-Identifier: MIT
// What a page sends: the test pattern on a canvas, numbered from `number` on, and a tone. Far ends tell them apart by that.
'use strict';

const sources = (() => {
	let audio = null;

	/** A video track. It draws until it is ended by stop(). */
	function picture({ width = 320, height = 240, fps = 15, number = 0 } = {}) {
		const canvas = document.createElement('canvas');
		canvas.width = width;
		canvas.height = height;
		const context = canvas.getContext('2d', { alpha: false });
		let count = 0, second = 0;
		function draw() {
			const now = Date.now(), flash = Math.floor(now / 1000) !== second;
			second = Math.floor(now / 1000);
			pattern.draw(context, { frameNumber: number + count++, wallClockMs: now, flash });
		}
		draw();
		const [track] = canvas.captureStream(fps).getVideoTracks();
		const timer = setInterval(() => track.readyState === 'ended' ? clearInterval(timer) : draw(), 1000 / fps);
		return track;
	}

	/** An audio track with a sine of so many Hz. */
	function sound({ tone = 500 } = {}) {
		audio ??= new AudioContext();
		audio.resume();
		const oscillator = audio.createOscillator(), gain = audio.createGain(), target = audio.createMediaStreamDestination();
		oscillator.frequency.value = tone;
		gain.gain.value = 0.3;
		oscillator.connect(gain).connect(target);
		oscillator.start();
		return target.stream.getAudioTracks()[0];
	}

	return { picture, sound, make: (kind, options) => kind === 'audio' ? sound(options) : picture(options) };
})();
