// SPDX-License-Identifier: MIT
// Options, checks, waits with a watchdog, events, children.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export const WATCHDOG_MS = 20000;

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
	passed = 0;
	failed = 0;
	#print;
	/** @p print: where the lines go; several runs at once keep theirs until they end. */
	constructor(prefix = '', print = line => console.log(line)) {
		this.prefix = prefix;
		this.#print = print;
	}
	ok(condition, name, detail = '') {
		condition ? this.passed++ : this.failed++;
		this.#print(`${condition ? 'ok' : 'not ok'} - ${this.prefix}${name}${detail !== '' ? ` (${detail})` : ''}`);
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

/** Events in the order they came, to be waited for. */
export class EventLog {
	events = [];
	log = [];
	ended; // how, once it has
	#waiting = new Set();

	constructor(name) { this.name = name; }

	/** For event(): what comes from now on. */
	get now() { return this.events.length; }

	wake() {
		for (const check of [...this.#waiting])
			check();
	}

	/** The first event that has these fields, also one that came already after @p from; rejects when the source ends before. */
	event(name, fields = {}, from = 0, milliseconds = WATCHDOG_MS) {
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
		return within(promise, what, milliseconds).finally(() => this.#waiting.delete(check));
	}

	/** The next audio-volume of that user that is over so much. */
	async loud(user, volume) {
		for (const end = Date.now() + WATCHDOG_MS;;) {
			const found = await this.event('audio-volume', { userId: user }, this.now);
			if (found.volume > volume)
				return found;
			if (Date.now() > end)
				throw new Error(`${this.name} does not hear ${user}: volume ${found.volume}`);
		}
	}

	/** Until the log has a line like this. */
	async logged(expression, milliseconds = WATCHDOG_MS) {
		let check;
		const promise = new Promise(resolve => {
			check = () => this.log.some(line => expression.test(line)) && resolve();
			this.#waiting.add(check);
			check();
		});
		return within(promise, `${expression} in the log of ${this.name}`, milliseconds).finally(() => this.#waiting.delete(check));
	}

	/** Whether such an event came after @p from. */
	has(name, fields = {}, from = 0) {
		return this.events.slice(from).some(event => event.event === name &&
			Object.entries(fields).every(([key, value]) => event[key] === value));
	}

	printLog(most = 400) {
		console.error(`--- ${this.name} ---`);
		if (this.log.length > most)
			console.error(`... ${this.log.length - most} lines before these`);
		for (const line of this.log.slice(-most))
			console.error(line);
	}
}

const children = new Set();

/** A process whose stdout is JSON events, one a line. */
export class Child extends EventLog {
	#stdout;
	#count = 0;

	constructor(name, program, args, env = {}) {
		super(name);
		// A group of its own, so that the end of the run takes its children along.
		this.process = spawn(program, args.map(String), { detached: true, stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...env } });
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
		this.wake();
	}

	#gone(resolve, how) {
		children.delete(this);
		this.ended = how;
		this.log.push(`ended: ${how}`);
		resolve(how);
		this.wake();
	}

	write(line) { this.process.stdin.write(`${line}\n`); }
	/** A command on stdin. Answers its result; rejects when it is refused. */
	async command(line) {
		const id = `c${++this.#count}`;
		this.write(`@${id} ${line}`);
		const result = await this.event('command-result', { id });
		if (!result.ok)
			throw new Error(`${this.name}: ${line}: ${result.message}`);
		return result;
	}
	exit() { return within(this.exited, `end of ${this.name}`); }
	signal(name) {
		try {
			process.kill(-this.process.pid, name);
		} catch { /* gone already, or never there */ }
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

/** stdout of a program that must succeed; nothing else happens meanwhile. */
export function output(program, args, maxBuffer = 64 << 20) {
	const result = spawnSync(program, args.map(String), { encoding: 'buffer', timeout: 60000, maxBuffer });
	if (result.error || result.status !== 0)
		throw new Error(`${program} ${args[0]}: ${result.error?.message ?? result.stderr.toString().trim()}`);
	return result.stdout;
}

export function temporaryFolder() {
	const folder = mkdtempSync(join(tmpdir(), 'trtc-cli-browser-'));
	process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
	return folder;
}
