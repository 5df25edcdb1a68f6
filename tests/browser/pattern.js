// SPDX-License-Identifier: MIT
// drawFrame(), readFrame() and isFlash() of src/media/test_pattern.cpp for canvas pixels; the grid is described in its header.
// Also read by Node, which has no window: parties.mjs.
'use strict';

const pattern = (() => {
	const COLUMNS = 20, ROWS = 15, FIRST_BACKGROUND_ROW = 9, MIN_CONTRAST = 40;
	const MARKS = '110100111011000100';

	/** Mean luma of the middle half of a block. */
	function level(image, column, row) {
		const edge = (index, count, size) => Math.floor(index * size / count);
		const x0 = edge(column, COLUMNS, image.width), x1 = edge(column + 1, COLUMNS, image.width);
		const y0 = edge(row, ROWS, image.height), y1 = edge(row + 1, ROWS, image.height);
		const dx = (x1 - x0) >> 2, dy = (y1 - y0) >> 2;
		let sum = 0, count = 0;
		for (let y = y0 + dy; y < y1 - dy; y++) {
			for (let x = x0 + dx; x < x1 - dx; x++) {
				const at = 4 * (y * image.width + x);
				sum += 0.299 * image.data[at] + 0.587 * image.data[at + 1] + 0.114 * image.data[at + 2];
				count++;
			}
		}
		return count ? sum / count : 0;
	}

	/** {black, white, middle}, or null if a mark is missing. */
	function marks(image) {
		const levels = [...MARKS].map((_, i) => level(image, 1 + i, 1));
		const mean = wanted => {
			const those = levels.filter((_, i) => MARKS[i] === wanted);
			return those.reduce((a, b) => a + b, 0) / those.length;
		};
		const black = mean('0'), white = mean('1'), middle = (black + white) / 2;
		if (white - black < MIN_CONTRAST || levels.some((value, i) => (value > middle) !== (MARKS[i] === '1')))
			return null;
		for (let row = 2; row < 8; row++)
			if (level(image, 1, row) <= middle || level(image, 18, row) > middle)
				return null;
		return { black, white, middle };
	}

	function crc16(bits) {
		let crc = 0xffff;
		for (const bit of bits)
			crc = ((crc << 1) & 0xffff) ^ ((crc >> 15) !== bit ? 0x1021 : 0);
		return crc;
	}

	/** @param image ImageData; {frameNumber, wallClockMs, flash}, or null if there is no whole code in it. */
	function read(image) {
		const levels = marks(image);
		if (!levels)
			return null;
		const bits = [];
		for (let row = 2; row < 8; row++)
			for (let column = 2; column < 18; column++)
				bits.push(level(image, column, row) > levels.middle ? 1 : 0);
		const number = (from, to) => bits.slice(from, to).reduce((value, bit) => value * 2 + bit, 0);
		if (number(80, 96) !== crc16(bits.slice(0, 80)))
			return null;
		let white = 0, all = 0;
		for (let row = FIRST_BACKGROUND_ROW + 1; row < ROWS; row++)
			for (let column = 0; column < COLUMNS; column++, all++)
				if (level(image, column, row) > levels.black + (levels.white - levels.black) * 0.8)
					white++;
		return { frameNumber: number(0, 32), wallClockMs: number(32, 80), flash: white * 10 >= all * 9 };
	}

	/** Draws the code over the whole of a canvas; below it a background that moves, white in a flash. */
	function draw(context, { frameNumber, wallClockMs, flash }) {
		const { width, height } = context.canvas;
		const edge = (index, count, size) => Math.floor(index * size / count);
		const fill = (column, row, columns, rows, colour) => {
			const x = edge(column, COLUMNS, width), y = edge(row, ROWS, height);
			context.fillStyle = colour;
			context.fillRect(x, y, edge(column + columns, COLUMNS, width) - x, edge(row + rows, ROWS, height) - y);
		};
		const digits = (value, count) => Array.from({ length: count }, (_, i) => Math.floor(value / 2 ** (count - 1 - i)) % 2);
		const bits = [...digits(frameNumber, 32), ...digits(wallClockMs, 48)];
		bits.push(...digits(crc16(bits), 16));
		fill(0, 0, COLUMNS, ROWS, 'black');
		[...MARKS].forEach((mark, i) => mark === '1' && fill(1 + i, 1, 1, 1, 'white'));
		fill(1, 2, 1, 6, 'white');
		bits.forEach((bit, i) => bit && fill(2 + i % 16, 2 + Math.floor(i / 16), 1, 1, 'white'));
		fill(0, FIRST_BACKGROUND_ROW, COLUMNS, ROWS - FIRST_BACKGROUND_ROW, flash ? 'white' : '#555');
		if (!flash)
			fill(frameNumber % (COLUMNS - 2), FIRST_BACKGROUND_ROW + 1, 3, 3, '#bbb');
	}

	return { read, draw };
})();
