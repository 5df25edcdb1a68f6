// SPDX-License-Identifier: MIT
// The agent's snapshots as pixels: PNG of 8 bits, RGB or RGBA, not interlaced.
import { inflateSync } from 'node:zlib';

const CHANNELS = { 2: 3, 6: 4 };

function paeth(a, b, c) {
	const p = a + b - c, pa = Math.abs(p - a), pb = Math.abs(p - b), pc = Math.abs(p - c);
	return pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
}

/** {width, height, data}, RGBA as in ImageData. Throws for any other PNG. */
export function readPng(bytes) {
	const parts = [];
	let header = null;
	for (let at = 8; at < bytes.length;) {
		const length = bytes.readUInt32BE(at), type = bytes.toString('latin1', at + 4, at + 8), body = bytes.subarray(at + 8, at + 8 + length);
		if (type === 'IHDR')
			header = body;
		else if (type === 'IDAT')
			parts.push(body);
		at += 12 + length;
	}
	const width = header.readUInt32BE(0), height = header.readUInt32BE(4), channels = CHANNELS[header[9]];
	if (header[8] !== 8 || !channels || header[12] !== 0)
		throw new Error('not a PNG of 8 bits, RGB or RGBA');
	const raw = inflateSync(Buffer.concat(parts)), stride = width * channels;
	const data = new Uint8ClampedArray(width * height * 4).fill(255);
	let above = new Uint8Array(stride);
	for (let y = 0; y < height; y++) {
		const filter = raw[y * (stride + 1)], row = raw.subarray(y * (stride + 1) + 1, (y + 1) * (stride + 1));
		for (let i = 0; i < stride; i++) {
			const left = i >= channels ? row[i - channels] : 0, up = above[i], corner = i >= channels ? above[i - channels] : 0;
			row[i] += [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter];
		}
		for (let x = 0; x < width; x++)
			for (let c = 0; c < channels; c++)
				data[4 * (y * width + x) + c] = row[x * channels + c];
		above = row;
	}
	return { width, height, data };
}
