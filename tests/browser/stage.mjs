// SPDX-License-Identifier: MIT
// What a scenario has: a room of its own, its parties, and the checks that every scenario makes.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Child, stop } from './harness.mjs';
import { AgentParty, PICTURE, PageParty, SCREEN } from './parties.mjs';

const run = promisify(execFile);
const NAMES = ['ann', 'bob', 'carol', 'dave', 'erin'];
const AGENT_TONE_HZ = 440, BACK_MS = 40000;

/** A running `trtc-cli serve`. @p more: options of its own; @p listen, @p secretKeyFile: those of one that was there before. */
export class Service extends Child {
	constructor(config, { secretKeyFile, listen = '127.0.0.1:0', more = [] }) {
		super('service', config['trtc-cli'], ['serve', '--listen', listen, '--secret-key-file', secretKeyFile, '--events', 'json', '--log-level', 'debug',
						      '--control', 'none', ...more], { TRTC_CONFIG: '/dev/null' });
		this.secretKeyFile = secretKeyFile;
		this.config = config;
	}
	async ready() {
		const { url, sdkAppId } = await this.event('service-ready');
		Object.assign(this, { url, sdkAppId });
		return this;
	}
	async sign(userId, more = []) {
		const { stdout } = await run(this.config['trtc-cli'], ['usersig', 'sign', '--sdk-app-id', `${this.sdkAppId}`, '--user-id', userId,
								       '--secret-key-file', this.secretKeyFile, ...more].map(String));
		return stdout.trim();
	}
}

export class Stage {
	parties = [];
	#mine = []; // services

	/** @p world: {config, origin, folder, browser(kind)}. */
	constructor(world, { scenario, pairing, roomId, checks, service }) {
		Object.assign(this, { world, scenario, pairing, roomId, checks, service });
		this.kinds = pairing.split('-');
		this.folder = join(world.folder, `${roomId}`);
	}

	/** A service of the scenario's own, for the parties that enter from now on. */
	async ownService(options = {}) {
		const service = new Service(this.world.config, { secretKeyFile: join(this.world.folder, `${this.roomId}.key`), ...options });
		this.#mine.push(service);
		this.service = await service.ready();
		return service;
	}

	/** A service of our own whose media go through ports of its own, for cutUdp() and loseUdp(): [first, last]. */
	async ownPorts() {
		const ports = [20000 + 100 * (this.roomId % 400), 20099 + 100 * (this.roomId % 400)];
		await this.ownService({ more: ['--media-ports', ports.join('-')] });
		return ports;
	}

	/** The pairing's parties, in its order. @p specs: for each; none: an anchor that is not on air. */
	enter(...specs) { return Promise.all(this.kinds.map((kind, i) => this.enterAs(kind, specs[i] ?? specs.at(-1) ?? {}))); }

	/**
	 * One more party. @p spec: {userId, role, mode, roomId, subscribe, codec, sources, onAir: true, more: agent's options, ...: page's}.
	 * sources.main and sources.auxiliary: true for what is usual. Without: main alone.
	 */
	async enterAs(kind, spec = {}) {
		const at = this.parties.length, userId = spec.userId ?? NAMES[at];
		const sources = this.#sources(at, spec.sources ?? { main: true });
		// Debian's Firefox has no H.264.
		const codec = this.kinds.includes('firefox') ? 'vp8' : 'h264';
		const given = { roomId: this.roomId, codec, ...spec, userId, sources };
		let party;
		if (kind === 'agent') {
			party = new AgentParty(this.world.config, join(this.folder, `${at}-${userId}`), this.service, given);
			this.parties.push(party);
			await party.event('joined');
		} else {
			party = new PageParty(kind, userId);
			this.parties.push(party);
			const { url, sdkAppId } = this.service;
			const [userSig] = await Promise.all([spec.userSig ?? this.service.sign(userId),
							     party.open(await this.world.browser(kind), `${this.world.origin}/${kind === 'v5' ? 'v5' : 'v4'}.html`)]);
			await party.enter({ websocketProxy: url, sdkAppId, userSig, ...given });
		}
		party.sources = sources;
		// What others are to see and hear of it.
		const seen = video => video && { width: video.width, height: video.height, ...(kind === 'agent' ? {} : { number: video.number }) };
		party.shows = { main: seen(sources.main?.video), auxiliary: seen(sources.auxiliary?.video) };
		party.sounds = kind === 'agent' ? (sources.main?.audio?.beeps ? {} : { tone: AGENT_TONE_HZ }) : { tone: sources.main?.audio?.tone };
		if (spec.onAir)
			await party.onAir();
		return party;
	}

	#sources(at, { main, auxiliary }) {
		const given = main === true ? {} : main;
		const one = (value, usual) => value === false ? false : { ...usual, ...value };
		return {
			main: given && { camera: given.camera, video: one(given.video, { ...PICTURE, number: (2 * at + 1) * 1e6 }),
					 audio: one(given.audio, { tone: 600 + 200 * at }) },
			auxiliary: auxiliary && { audio: false, video: { ...SCREEN, number: (2 * at + 2) * 1e6, ...auxiliary.video } },
		};
	}

	/** Who looks at whom: both ways, unless both are of a kind. */
	get directions() {
		const [one, other] = this.parties;
		return one.kind === other.kind ? [[one, other]] : [[one, other], [other, one]];
	}
	/** @p step(from, to) for each direction, at the same time. */
	both(step) { return Promise.all(this.directions.map(([from, to]) => step(from, to))); }

	/** Checks that @p to sees and hears what @p from has on air, now. */
	async check(from, to, { video = Boolean(from.shows.main), audio = Boolean(from.sources.main?.audio), auxiliary = Boolean(from.shows.auxiliary) } = {}, when = '') {
		const who = `${to.userId} (${to.kind})`, whom = `${from.userId} (${from.kind})`, then = when && ` ${when}`;
		const said = figures => `${figures.width}x${figures.height}`;
		await Promise.all([
			video && to.sees(from.userId, 'main', from.shows.main).then(figures => this.checks.ok(true, `${who} sees ${whom}${then}`, said(figures))),
			auxiliary && to.sees(from.userId, 'auxiliary', from.shows.auxiliary)
				.then(figures => this.checks.ok(true, `${who} sees the auxiliary stream of ${whom}${then}`, said(figures))),
			audio && to.hears(from.userId, from.sounds).then(() => this.checks.ok(true, `${who} hears ${whom}${then}`)),
		]);
	}

	/** check(), but with all the time that a party may take to notice and mend a broken connection. */
	async back(from, to, when) {
		for (let last = Date.now() + BACK_MS;;) {
			try {
				return await this.check(from, to, {}, when);
			} catch (error) {
				if (Date.now() > last)
					throw error;
			}
		}
	}

	/** At the end, everybody having left or not. */
	complaints() {
		for (const party of this.parties) {
			const said = party.complaints();
			this.checks.ok(said.length === 0, `${party.userId} (${party.kind}) reports no error`, said.slice(0, 3).join(' | '));
		}
	}

	async leave() {
		await Promise.all(this.parties.filter(party => party.ended === undefined).map(party => party.leave()));
	}

	async close() {
		await Promise.all(this.parties.map(party => party.close()));
		await Promise.all(this.#mine.map(service => stop(service)));
	}

	printLogs() {
		for (const one of [...this.parties, ...this.#mine])
			one.printLog();
	}
}
