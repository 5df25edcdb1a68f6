// SPDX-License-Identifier: MIT
// The page's half of the browser test without a service: does the SDK load, are the fake devices there, does the page
// read the test pattern as the C++ side draws it.
//
//   node self_test.mjs --make-pattern PATH --measure PATH [--chromium PATH]
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openChromium, servePages } from './browsers.mjs';
import { Checks, options, output, temporaryFolder, within } from './harness.mjs';

const config = options({ 'make-pattern': '', measure: '', chromium: '/usr/bin/chromium' });
const checks = new Checks('self test: ');
const folder = temporaryFolder();

async function readsPictures(page) {
	for (const [width, height, canvasWidth, canvasHeight, number, clock, flash] of [
		[640, 480, 640, 480, 0, 0, false],
		[640, 480, 320, 240, 4294967295, 281474976710655, true],
		[160, 120, 320, 240, 123456, 1790000000123, false],
		[1280, 720, 320, 240, 77, 1790000000123, true],
	]) {
		const raw = output(config['make-pattern'], ['frame', `${width}x${height}`, number, clock, ...(flash ? ['flash'] : [])]);
		const input = { width, height, canvasWidth, canvasHeight, data: raw.toString('base64') };
		const code = await page.evaluate(input_ => parts.readRaw(input_), input);
		checks.ok(code?.frameNumber === number && code.wallClockMs === clock && code.flash === flash,
			  `reads ${width}x${height} on ${canvasWidth}x${canvasHeight}`, JSON.stringify(code));
		// One block of the code turned over: must not be taken for another number.
		for (let y = Math.floor(height * 3 / 15); y < Math.floor(height * 4 / 15); y++)
			raw.subarray(y * width + width / 20 * 9, y * width + width / 20 * 10).forEach((value, i, part) => { part[i] = 251 - value; });
		const damaged = await page.evaluate(input_ => parts.readRaw(input_), { ...input, data: raw.toString('base64') });
		checks.ok(damaged === null, `refuses a damaged ${width}x${height}`);
	}
}

async function main() {
	if (!config['make-pattern'] || !config.measure) {
		console.error('self_test.mjs: say where the tools are: --make-pattern PATH --measure PATH');
		process.exit(2);
	}
	const clip = join(folder, 'clip.webm');
	output(config['make-pattern'], ['clip', clip, 'video=vp8', 'seconds=4', 'kbps=300']);
	const server = await servePages({ '/clip.webm': [clip, 'video/webm'] });
	const browser = await within(openChromium(config.chromium), 'Chromium'), log = [];
	const page = await browser.newPage(`${server.origin}/self_test.html`, line => log.push(line));
	try {
		checks.ok(await page.evaluate('TRTC.VERSION') === '4.15.22', 'the SDK loads');
		const { detail } = await page.evaluate('TRTC.checkSystemRequirements()');
		checks.ok(detail.isWebRTCSupported && detail.isH264DecodeSupported && detail.isVp8DecodeSupported,
			  'Chromium has WebRTC, H.264 and VP8', JSON.stringify(detail));
		await readsPictures(page);

		for (const [width, height] of [[320, 240], [160, 120], [480, 270]]) {
			const code = { frameNumber: 4294967295 - width, wallClockMs: 1790000000123, flash: width === 160 };
			const read = await page.evaluate(input_ => parts.drawAndRead(input_), { width, height, code });
			checks.ok(JSON.stringify(read) === JSON.stringify(code), `draws ${width}x${height} as it reads`, JSON.stringify(read));
		}
		const { seen, heard, wrong } = await page.evaluate(input_ => parts.sources(input_), { number: 3e6, tone: 500 });
		checks.ok(seen.last >= 3e6 && seen.last < 4e6 && Math.abs(heard.tone - 500) < 5, 'sees and hears its own sources', JSON.stringify([seen, heard]));
		checks.ok(wrong.every(status => status === 'rejected'), 'and neither others, nor darkness, nor silence, until there is', wrong.join());

		await page.evaluate(options_ => parts.watchFile(options_), { url: '/clip.webm' });
		const played = await page.evaluate('parts.played()');
		checks.ok(played.last >= 40 && played.flashes >= 2 && played.audioPeak > 0.1 && played.unreadable === 0,
			  'reads a coded clip as it plays', JSON.stringify(played));

		const recording = join(folder, 'fake.webm');
		writeFileSync(recording, Buffer.from(await page.evaluate('parts.localStream({ milliseconds: 4000 })'), 'base64'));
		const { video, audio } = JSON.parse(output(config.measure, [recording, '--json']));
		checks.ok(video?.moves, 'the fake camera moves', `difference ${video?.meanDifference}, share ${video?.movingShare}`);
		checks.ok(audio?.beeps >= 1, 'the fake microphone beeps', `${audio?.beeps} times`);

		const errors = log.filter(line => /^error|<ERROR>|\bERROR\b/.test(line));
		checks.ok(errors.length === 0, 'the SDK reports no error', errors.join(' | '));
		checks.ok(page.foreign.length === 0, 'the page asks no other host', page.foreign.join(' '));
		if (checks.failed > 0)
			console.error(log.join('\n'));
	} finally {
		await browser.close();
		server.close();
	}
	process.exit(checks.failed > 0 ? 1 : 0);
}

within(main(), 'end of the self test', 90000).catch(error => {
	console.log(`not ok - self test: ${error.message.split('\n')[0]}`);
	process.exit(1);
});
