// SPDX-License-Identifier: MIT
// Children, waits with a watchdog, the page's server, the browser, and the list of checks.
import { spawn, spawnSync } from 'node:child_process';
import { createReadStream, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const require = createRequire(import.meta.url);
const WATCHDOG_MS = 20000;

/** Options --name VALUE, else the environment NAME, else what is given here; false: a flag. */
export function options(defaults) {
	const result = {};
	for (const [name, value] of Object.entries(defaults))
		result[name] = process.env[name.replaceAll('-', '_').toUpperCase()] ?? value;
	const argv = process.argv.slice(2);
	while (argv.length > 0) {
		const name = argv.shift().replace(/^--/, '');
		if (!(name in defaults) || (defaults[name] !== false && argv.length === 0)) {
			console.error(`usage: ${Object.keys(defaults).map(key => `[--${key}${defaults[key] === false ? '' : ' VALUE'}]`).join(' ')}`);
			process.exit(2);
		}
		result[name] = defaults[name] === false ? true : argv.shift();
	}
	return result;
}

/** TAP-like lines; a check that fails does not end the run, a step that throws does. */
export class Checks {
	failed = 0;
	constructor(prefix = '') { this.prefix = prefix; }
	ok(condition, name, detail = '') {
		if (!condition)
			this.failed++;
		console.log(`${condition ? 'ok' : 'not ok'} - ${this.prefix}${name}${detail !== '' ? ` (${detail})` : ''}`);
	}
}

/** Rejects after WATCHDOG_MS, saying what did not come. */
export function within(promise, what, milliseconds = WATCHDOG_MS) {
	let timer;
	const dog = new Promise((_, reject) => {
		timer = setTimeout(() => reject(new Error(`no ${what} within ${milliseconds / 1000} s`)), milliseconds);
	});
	return Promise.race([promise, dog]).finally(() => clearTimeout(timer));
}

const children = new Set();

/** A process whose stdout is JSON events, one a line. Its output is kept for printLog(). */
export class Child {
	events = [];
	log = [];
	#waiting = new Set();
	#stdout;

	constructor(name, program, args, env = {}) {
		this.name = name;
		// A group of its own, so that the end of the run takes its children along.
		this.process = spawn(program, args, { detached: true, stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...env } });
		children.add(this);
		this.exited = new Promise(resolve => {
			this.process.on('error', error => this.#gone(resolve, `cannot be started: ${error.message}`));
			this.process.on('close', (code, signal) => this.#gone(resolve, signal ?? code));
		});
		this.process.stdin.on('error', () => {});
		this.#stdout = createInterface({ input: this.process.stdout });
		this.#stdout.on('line', line => this.#line(line));
		createInterface({ input: this.process.stderr }).on('line', line => this.log.push(`stderr ${line}`));
	}

	#line(line) {
		this.log.push(`stdout ${line}`);
		try {
			this.events.push(JSON.parse(line));
		} catch {
			this.log.push('       ^ not JSON');
		}
		this.#wake();
	}

	#gone(resolve, how) {
		children.delete(this);
		this.ended = how;
		this.log.push(`ended: ${how}`);
		resolve(how);
		this.#wake();
	}

	#wake() {
		for (const check of [...this.#waiting])
			check();
	}

	/** The first event, also one that came already, that has these fields; rejects when the process ends before. */
	event(name, fields = {}, from = 0) {
		const fits = event => event.event === name && Object.entries(fields).every(([key, value]) => event[key] === value);
		let check;
		const promise = new Promise((resolve, reject) => {
			check = () => {
				const found = this.events.slice(from).find(fits);
				if (found)
					resolve(found);
				else if (this.ended !== undefined)
					reject(new Error(`${this.name} ended (${this.ended}) before ${name}`));
			};
			this.#waiting.add(check);
			check();
		});
		const what = `${name} ${Object.values(fields).join(' ')} of ${this.name}`;
		return within(promise, what).finally(() => this.#waiting.delete(check));
	}

	command(line) { this.process.stdin.write(`${line}\n`); }
	exit() { return within(this.exited, `end of ${this.name}`); }
	signal(name) {
		try {
			process.kill(-this.process.pid, name);
		} catch { /* gone already, or never there */ }
	}
	printLog() {
		console.error(`--- ${this.name} ---`);
		for (const line of this.log)
			console.error(line);
	}
}

function killAll() {
	for (const child of children)
		child.signal('SIGKILL');
}
process.on('exit', killAll);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
	process.on(signal, () => process.exit(130));

/** Waits for SIGTERM to work, then does not wait any more. */
export async function stop(child) {
	if (!child || child.ended !== undefined)
		return;
	child.signal('SIGTERM');
	await within(child.exited, `end of ${child.name}`, 8000).catch(() => child.signal('SIGKILL'));
}

/** stdout of a program that must succeed. */
export function output(program, args, maxBuffer = 64 << 20) {
	const result = spawnSync(program, args, { encoding: 'buffer', timeout: 60000, maxBuffer });
	if (result.error || result.status !== 0)
		throw new Error(`${program} ${args[0]}: ${result.error?.message ?? result.stderr.toString().trim()}`);
	return result.stdout;
}

export function temporaryFolder() {
	const folder = mkdtempSync(join(tmpdir(), 'trtc-cli-browser-'));
	process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
	return folder;
}

/** Serves the page and the SDK as published; answers the SDK's reports. @p files: more paths. Resolves to its origin. */
export async function servePage(files = {}) {
	const paths = {
		'/': [join(here, 'page.html'), 'text/html'],
		'/page.js': [join(here, 'page.js'), 'text/javascript'],
		'/pattern.js': [join(here, 'pattern.js'), 'text/javascript'],
		'/trtc.js': [require.resolve('trtc-js-sdk/trtc.js'), 'text/javascript'],
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

/** Headless Chromium with the page open. `log` is its console, `foreign` what it asked of other hosts. */
export async function openPage(chromium, origin) {
	if (!existsSync(chromium))
		throw new Error(`${chromium} is missing: install Debian's package chromium, or name another with --chromium`);
	const { chromium: driver } = await import('playwright-core');
	const browser = await driver.launch({
		executablePath: chromium,
		headless: true,
		args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
		       '--disable-component-update', '--disable-sync', '--use-fake-ui-for-media-stream',
		       '--use-fake-device-for-media-stream', '--autoplay-policy=no-user-gesture-required',
		       // The service has to learn a loopback address, also on a machine that has no other.
		       '--allow-loopback-in-peer-connection', '--disable-features=WebRtcHideLocalIpsWithMdns',
		       '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'],
	});
	const page = await browser.newPage();
	const log = [], foreign = [];
	page.on('console', message => log.push(`${message.type()} ${message.text()}`));
	page.on('pageerror', error => log.push(`error uncaught ${error.stack ?? error.message}`));
	page.on('request', request => {
		const url = new URL(request.url());
		if (!['data:', 'blob:'].includes(url.protocol) && url.hostname !== '127.0.0.1')
			foreign.push(request.url());
	});
	await page.goto(origin, { waitUntil: 'load' });
	return { browser, page, log, foreign };
}

/** Until @p condition, a function of the page's `state`, is true. Returns the state. */
export async function pageState(page, condition, what) {
	await page.waitForFunction(`(${condition})(state)`, undefined, { timeout: WATCHDOG_MS, polling: 50 }).catch(async error => {
		const now = JSON.stringify(await page.evaluate('state').catch(() => null));
		throw new Error(`no ${what} within ${WATCHDOG_MS / 1000} s; page: ${now} ${error.name === 'TimeoutError' ? '' : error.message}`);
	});
	return page.evaluate('state');
}
