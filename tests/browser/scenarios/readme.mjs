// SPDX-License-Identifier: MIT
// The page of README.md, as it stands there: a reader who copies it sees the agent, and the agent sees the reader.
import { readFileSync } from 'node:fs';
import { within } from '../harness.mjs';

const LIMIT_MS = 20000;
const root = new URL('../../../', import.meta.url);

export default {
	name: "README's page",
	order: 2,
	pairings: ['v5-agent'],
	async run(stage) {
		const { checks, service } = stage;
		const [, block] = /```html\n(.*?)```/s.exec(readFileSync(new URL('README.md', root), 'utf8')) ?? [];
		const example = readFileSync(new URL('examples/browser/index.html', root), 'utf8');
		checks.ok(block === example, "README's page is examples/browser/index.html");
		checks.ok(block?.trim().split('\n').length <= 21, 'it fits on a screen', `${block?.trim().split('\n').length} lines`);

		const agent = await stage.enterAs('agent', { userId: 'agent', onAir: true, sources: { main: { audio: { beeps: true } } } });
		const query = new URLSearchParams({ server: service.url, room: stage.roomId, sig: await service.sign('web') });
		const lines = [], browser = await stage.world.browser('v5');
		const page = await within(browser.newPage(`${stage.world.origin}/example/index.html?${query}`, line => lines.push(line)), "README's page");
		try {
			await page.evaluate("document.getElementById('enter').click()");
			const moved = page.evaluate(`new Promise(resolve => {
				const look = () => {
					const video = document.querySelector('#agent-main video');
					video?.videoWidth > 0 && video.getVideoPlaybackQuality().totalVideoFrames > 10
						? resolve(video.videoWidth + 'x' + video.videoHeight) : requestAnimationFrame(look);
				};
				look();
			})`);
			checks.ok(true, 'the page shows the agent', await within(moved, `picture of the agent in README's page: ${lines.join(' | ')}`, LIMIT_MS));
			await Promise.all(['video', 'audio'].map(kind => agent.event('first-frame', { userId: 'web', kind })));
			checks.ok(true, 'the agent receives the page');
			checks.ok(page.foreign.length === 0, 'the page asks no other host', page.foreign.join(' '));
			const errors = lines.filter(line => /^error/.test(line));
			checks.ok(errors.length === 0, 'the page reports no error', errors.join(' | '));
		} finally {
			await page.close();
		}
	},
};
