// SPDX-License-Identifier: MIT
// The page's eyes and ears, for whatever SDK plays: what a picture shows, how loud and how high a sound is, now.
'use strict';

const eyes = (() => {
	const PERIOD_MS = 30, SOUND_LEVEL = 0.02, SILENCE_LEVEL = 0.005, WINDOW_MS = 700, TONE_HZ = 30, RUN_MS = 20000;

	/** Watches until stop(). @p video: () => element or null. @p audio: () => track or null; both are asked again and again. */
	function watch(video, audio) {
		const figures = {
			width: 0, height: 0, pictures: 0, readable: 0, unreadable: 0, first: null, last: null, backwards: 0,
			flashes: 0, latencyMs: null, wallClockMs: 0, level: 0, tone: 0, audioPeak: 0,
		};
		const canvas = document.createElement('canvas');
		canvas.width = 160;
		canvas.height = 120;
		const context = canvas.getContext('2d', { willReadFrequently: true });
		const samples = new Float32Array(2048);
		let listened = null, analyser = null, sound = null, inFlash = false, lastTime = -1;

		function picture(element) {
			if (!element || element.readyState < 2 || element.videoWidth === 0 || element.currentTime === lastTime)
				return;
			lastTime = element.currentTime;
			figures.width = element.videoWidth;
			figures.height = element.videoHeight;
			context.drawImage(element, 0, 0, canvas.width, canvas.height);
			const code = pattern.read(context.getImageData(0, 0, canvas.width, canvas.height));
			figures.pictures++;
			if (!code) {
				figures.unreadable++;
				return;
			}
			if (code.frameNumber === figures.last && code.wallClockMs === figures.wallClockMs)
				return; // time goes on, the picture does not
			figures.readable++;
			figures.first ??= code.frameNumber;
			if (figures.last !== null && code.frameNumber < figures.last)
				figures.backwards++;
			figures.last = code.frameNumber;
			figures.wallClockMs = code.wallClockMs;
			figures.latencyMs = Date.now() - code.wallClockMs;
			if (code.flash && !inFlash)
				figures.flashes++;
			inFlash = code.flash;
		}

		/** Hz between rising zero crossings: pure tones are all there is here. */
		function tone(rate) {
			let first = -1, last = -1, count = 0;
			for (let i = 1; i < samples.length; i++) {
				if (samples[i - 1] < 0 && samples[i] >= 0) {
					const at = i - samples[i] / (samples[i] - samples[i - 1]);
					first < 0 ? first = at : (last = at, count++);
				}
			}
			return count > 0 ? count * rate / (last - first) : 0;
		}

		function listen(track) {
			if (track !== listened) {
				sound?.close();
				sound = analyser = null;
				listened = track;
				if (track) {
					sound = new AudioContext();
					analyser = sound.createAnalyser();
					analyser.fftSize = samples.length;
					sound.createMediaStreamSource(new MediaStream([track])).connect(analyser);
					sound.resume();
				}
			}
			figures.level = 0;
			if (!analyser)
				return;
			analyser.getFloatTimeDomainData(samples);
			figures.level = samples.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
			figures.audioPeak = Math.max(figures.audioPeak, figures.level);
			figures.tone = figures.level > SILENCE_LEVEL ? tone(sound.sampleRate) : 0;
		}

		const timer = setInterval(() => {
			picture(video());
			listen(audio());
		}, PERIOD_MS);
		return { figures, stop: () => (clearInterval(timer), listen(null)) };
	}

	/** Resolves when @p done says so; rejects with what @p now() shows after @p limit ms. */
	function until(done, what, now, limit) {
		const end = Date.now() + limit;
		return new Promise((resolve, reject) => {
			const timer = setInterval(() => {
				const result = done();
				if (result || Date.now() > end) {
					clearInterval(timer);
					result ? resolve(result) : reject(new Error(`no ${what} within ${limit / 1000} s: ${JSON.stringify(now())}`));
				}
			}, PERIOD_MS);
		});
	}

	/**
	 * Until three pictures drawn after now were seen, of this size and with a frame number in [number, number + 1e6).
	 * @p get: () => figures or undefined.
	 */
	function sees(get, { width, height, number } = {}, limit = RUN_MS) {
		const since = Date.now(), seen = new Set();
		return until(() => {
			const f = get();
			if (f && f.wallClockMs >= since && (width === undefined || f.width === width) && (height === undefined || f.height === height) &&
			    (number === undefined || Math.floor(f.last / 1e6) === number / 1e6))
				seen.add(f.last);
			return seen.size >= 3 ? { ...f } : null;
		}, `fresh picture${width ? ` of ${width}x${height}` : ''}${number !== undefined ? ` numbered from ${number}` : ''}`, get, limit);
	}

	/** Until a sound is heard, of this pitch. */
	function hears(get, { tone } = {}, limit = RUN_MS) {
		let times = 0;
		return until(() => {
			const f = get();
			times = f && f.level > SOUND_LEVEL && (tone === undefined || Math.abs(f.tone - tone) < TONE_HZ) ? times + 1 : 0;
			return times >= 3 ? { ...f } : null;
		}, `sound${tone ? ` of ${tone} Hz` : ''}`, get, limit);
	}

	/** Until @p quiet(figures, before) held for WINDOW_MS on end. */
	function stays(get, quiet, what, limit) {
		let since = Date.now(), before = { ...get() };
		return until(() => {
			const f = get();
			if (!quiet(f ?? {}, before))
				since = Date.now();
			before = { ...f };
			return Date.now() - since >= WINDOW_MS ? before : null;
		}, what, get, limit);
	}

	/** Until no readable picture came for a while; black ones may. */
	const dark = (get, limit = RUN_MS) => stays(get, (now, before) => (now.readable ?? 0) === (before.readable ?? 0), 'end of the picture', limit);
	/** Until there was silence for a while. */
	const silent = (get, limit = RUN_MS) => stays(get, now => (now.level ?? 0) < SILENCE_LEVEL, 'silence', limit);

	return { watch, sees, hears, dark, silent };
})();
