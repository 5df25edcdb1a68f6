// SPDX-License-Identifier: MIT
// The pages' server, Chromium and Firefox. Both browsers are started once and have many pages.
import { createReadStream, existsSync, mkdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { address } from './network.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const require = createRequire(import.meta.url);
const PAGES = ['v4.html', 'v4_page.js', 'v5.html', 'v5_page.js', 'pattern.js', 'eyes.js', 'sources.js', 'self_test.html', 'parts.js'];

/** Serves the pages and the SDK as published; answers the SDK's reports. @p files: more paths. Resolves to its origin. */
export async function servePages(files = {}) {
	const paths = {
		...Object.fromEntries(PAGES.map(name => [`/${name}`, [join(here, name), name.endsWith('.html') ? 'text/html' : 'text/javascript']])),
		'/trtc.js': [require.resolve('trtc-js-sdk/trtc.js'), 'text/javascript'],
		'/trtc5.js': [require.resolve('trtc-sdk-v5/trtc.js'), 'text/javascript'],
		'/example/index.html': [join(here, '../../examples/browser/index.html'), 'text/html'],
		'/example/node_modules/trtc-sdk-v5/trtc.js': [require.resolve('trtc-sdk-v5/trtc.js'), 'text/javascript'],
		...files,
	};
	const server = createServer((request, response) => {
		const headers = { 'Access-Control-Allow-Origin': '*', 'Access-Control-Allow-Headers': '*', 'Cache-Control': 'no-store' };
		const found = paths[new URL(request.url, 'http://page').pathname];
		request.resume();
		if (request.method === 'POST') {
			response.writeHead(200, { ...headers, 'Content-Type': 'text/plain' }).end('ok');
		} else if (request.method === 'GET' && found) {
			response.writeHead(200, { ...headers, 'Content-Type': found[1] });
			createReadStream(found[0]).pipe(response);
		} else {
			response.writeHead(204, headers).end(); // also the favicon
		}
	});
	await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
	return { origin: `http://127.0.0.1:${server.address().port}`, close: () => server.closeAllConnections() ?? server.close() };
}

const isForeign = text => {
	const url = new URL(text);
	return !['data:', 'blob:', 'about:', 'moz-extension:'].includes(url.protocol) && !['127.0.0.1', address].includes(url.hostname);
};

/** Headless Chromium. newPage(url, line): a page in a context of its own; line(text) is called for its console. */
export async function openChromium(path) {
	if (!existsSync(path))
		throw new Error(`${path} is missing: install Debian's package chromium, or name another with --chromium`);
	const { chromium: driver } = await import('playwright-core');
	const browser = await driver.launch({
		executablePath: path,
		headless: true,
		args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
		       '--disable-component-update', '--disable-sync', '--use-fake-ui-for-media-stream',
		       '--use-fake-device-for-media-stream', '--autoplay-policy=no-user-gesture-required',
		       // Some services of the tests have a certificate that they made themselves.
		       '--ignore-certificate-errors',
		       // The service has to learn a loopback address, also on a machine that has no other.
		       '--allow-loopback-in-peer-connection', '--disable-features=WebRtcHideLocalIpsWithMdns',
		       `--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1${address ? `, EXCLUDE ${address}` : ''}`],
	});
	return {
		name: 'Chromium',
		async newPage(url, line = () => {}) {
			const context = await browser.newContext(), page = await context.newPage(), foreign = [];
			page.on('console', message => line(`${message.type()} ${message.text()}`));
			page.on('pageerror', error => line(`error uncaught ${error.stack ?? error.message}`));
			page.on('crash', () => line('error crashed'));
			page.on('request', request => isForeign(request.url()) && foreign.push(request.url()));
			await page.goto(url, { waitUntil: 'load' });
			return { foreign, evaluate: (...args) => page.evaluate(...args), close: () => context.close() };
		},
		close: () => browser.close(),
	};
}

/** Headless Firefox ESR over WebDriver BiDi; the same as openChromium(). @p profile: a folder for it. */
export async function openFirefox(path, profile) {
	if (!existsSync(path))
		throw new Error(`${path} is missing: install Debian's package firefox-esr, or name another with --firefox`);
	const { default: driver } = await import('puppeteer-core');
	mkdirSync(profile, { recursive: true });
	const browser = await driver.launch({
		browser: 'firefox', executablePath: path, headless: true, userDataDir: profile,
		extraPrefsFirefox: {
			'media.navigator.permission.disabled': true,
			'media.navigator.streams.fake': true,
			'media.autoplay.default': 0,
			'media.autoplay.blocking_policy': 0,
			'media.cubeb.force_mock_context': true, // there is no sound card; without one no sound is made at all
			'media.peerconnection.ice.obfuscate_host_addresses': false,
			// Nothing of its own goes out.
			'media.gmp-manager.updateEnabled': false,
			'network.proxy.type': 0,
			'network.captive-portal-service.enabled': false,
			'network.connectivity-service.enabled': false,
			'network.dns.disabled': true,
			'browser.region.network.url': '', 'browser.search.update': false, 'services.settings.server': 'data:,', 'extensions.getAddons.cache.enabled': false,
			'app.update.enabled': false,
			'datareporting.policy.dataSubmissionEnabled': false,
			'toolkit.telemetry.enabled': false,
		},
	});
	return {
		name: 'Firefox',
		async newPage(url, line = () => {}) {
			const page = await browser.newPage(), foreign = [];
			page.on('console', message => line(`${message.type()} ${message.text()}`));
			page.on('pageerror', error => line(`error uncaught ${error.stack ?? error.message}`));
			page.on('request', request => isForeign(request.url()) && foreign.push(request.url()));
			await page.goto(url, { waitUntil: 'load' });
			return { foreign, evaluate: (...args) => page.evaluate(...args), close: () => page.close() };
		},
		close: () => browser.close(),
	};
}
