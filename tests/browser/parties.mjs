// SPDX-License-Identifier: MIT
// Who is in a room: an agent, or a page with an SDK. Both have the same calls, and the same events under the SDK's names, so
// that a scenario need not know whom it has. What only one of them can do is below its name in the class.
//
//   sources       {main: {video, audio}, auxiliary: {video}}; video: {width, height, fps, number}, audio: {tone}, or false
//   onAir()       publishes them
//   sees(user, type, {width, height, number})    until fresh pictures of it were looked at; the figures
//   hears(user, {tone})                          until it sounds; dark(user, type), silent(user): until it does not
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { runInNewContext } from 'node:vm';
import { Child, EventLog, WATCHDOG_MS, stop, within } from './harness.mjs';
import { readPng } from './png.mjs';

const pattern = runInNewContext(`${readFileSync(new URL('pattern.js', import.meta.url))}; pattern`, {});
const run = promisify(execFile);
const QUIET_MS = 700, SOUND_VOLUME = 20, STEP_MS = 60000;

/** What is sent if nothing else is said. The numbers and tones of different parties are to differ. */
export const PICTURE = { width: 320, height: 240, fps: 15 };
export const SCREEN = { width: 480, height: 270, fps: 5 };

const profile = video => `${video.width}x${video.height}@${video.fps},300k`;
const sleep = milliseconds => new Promise(resolve => setTimeout(resolve, milliseconds));

/** A running `trtc-cli join`. */
export class AgentParty extends Child {
	kind = 'agent';
	mayComplain = []; // regular expressions of what a scenario provokes
	#folder;
	#config;
	#count = 0;

	/** @p sources: opened at its start. @p more: options of its own. */
	constructor(config, folder, { url, sdkAppId, secretKeyFile }, { userId, roomId, role = 'anchor', mode = 'live', subscribe = true,
									codec = 'h264', sources, small, privateMapKey, more = [] }) {
		const { video, audio } = sources.main ?? {}, screen = sources.auxiliary?.video;
		mkdirSync(folder, { recursive: true });
		super(userId, config['trtc-cli'], [
			'join', '--server', url, '--sdk-app-id', sdkAppId, '--user-id', userId, '--secret-key-file', secretKeyFile,
			'--room', roomId, ...(typeof roomId === 'string' ? ['--string-room'] : []), '--mode', mode, '--role', role,
			...(video ? ['--video', 'test', '--video-profile', profile(video), '--video-codec', codec] : []),
			...(audio ? ['--audio', audio.beeps ? 'test' : 'test:sine'] : []),
			...(screen ? ['--auxiliary', 'test', '--auxiliary-profile', profile(screen)] : []),
			...(small ? ['--small-stream', profile({ ...small, fps: small.frameRate })] : []),
			...(privateMapKey ? ['--private-map-key', privateMapKey] : []),
			...(role === 'anchor' ? ['--no-publish'] : []), ...(subscribe ? [] : ['--subscribe', 'none']),
			'--record', folder, '--audio-volume', '1', '--control', 'none', '--events', 'json', '--log-level', 'debug',
			...more], { TRTC_CONFIG: '/dev/null' });
		this.userId = userId;
		this.#folder = folder;
		this.#config = config;
		this.entered = this.event('joined');
		this.entered.catch(() => {});
	}

	/** Everything it has sources of. */
	async onAir() {
		const from = this.now;
		await this.command('publish');
		return this.event('published', {}, from);
	}
	unpublish() { return this.command('unpublish'); }
	mute(kind, muted) { return this.command(`${muted ? 'mute' : 'unmute'} ${kind}`); }
	subscribe(user, type, { audio = true, video = true } = {}) {
		return this.command(`subscribe ${user} ${type === 'auxiliary' ? 'aux' : [audio ? 'audio' : '', video ? 'video' : ''].filter(Boolean).join(' ')}`);
	}
	unsubscribe(user) { return this.command(`unsubscribe ${user}`); }
	switchRole(role) { return this.command(`switch-role ${role}`); }
	small(user, small) { return this.command(`subscribe ${user} audio ${small ? 'small' : 'video'}`); }
	sendMessage(text) { return this.command(`message ${text}`); }
	/** The next network-quality that knows everything. */
	async quality() {
		const found = await this.event('network-quality', {}, this.now);
		return found.uplink && found.downlink && found.uplinkRtt > 0 && found.downlinkRtt !== undefined ? found : this.quality();
	}
	/** All figures, those of others by user. */
	async samples() {
		const { localAudio, localVideo, remoteAudio, remoteVideo, rtt, downlinksRTT } = await this.command('stats');
		const main = list => list.filter(one => (one.streamType ?? 'main') === 'main');
		const byUser = list => Object.fromEntries(main(list).map(one => [one.userId, one]));
		return { localAudio: localAudio[0], localVideo: main(localVideo)[0], remoteAudio: byUser(remoteAudio), remoteVideo: byUser(remoteVideo), rtt,
			 downlinksRTT: Object.fromEntries((downlinksRTT ?? []).map(one => [one.userId, one.rtt])) };
	}
	async leave() {
		this.write('leave');
		const code = await this.exit();
		if (code !== 0)
			throw new Error(`${this.name} ended with ${code}`);
	}
	close() { return stop(this); }

	/** Until that stream is subscribed and not ended since. */
	subscribed(user, type = 'main') {
		const last = this.events.findLastIndex(event => ['stream-removed', 'stream-unsubscribed'].includes(event.event) &&
			event.userId === user && event.streamType === type);
		return this.event('stream-subscribed', { userId: user, streamType: type }, last + 1);
	}

	/** The main stream by snapshots, the auxiliary one by its recording. */
	async sees(user, type = 'main', wanted = {}) {
		await this.subscribed(user, type);
		const since = Date.now(), end = since + WATCHDOG_MS, numbers = new Set();
		let seen = null;
		while (numbers.size < 2) {
			seen = await (type === 'main' ? this.#look(user) : this.#measured(user, type));
			const fits = seen?.wallClockMs >= since && ['width', 'height'].every(side => wanted[side] === undefined || wanted[side] === seen[side]) &&
				(wanted.number === undefined || Math.floor(seen.frameNumber / 1e6) === wanted.number / 1e6);
			if (fits)
				numbers.add(seen.frameNumber);
			if (Date.now() > end)
				throw new Error(`${this.name} sees no fresh picture of ${user}/${type} ${JSON.stringify(wanted)}: ${JSON.stringify(seen)}`);
			if (type !== 'main')
				await sleep(100);
		}
		return seen;
	}

	async #look(user) {
		const path = join(this.#folder, `${user}-${++this.#count}.png`);
		await this.command(`snapshot ${user} ${path}`);
		const picture = readPng(readFileSync(path));
		return { width: picture.width, height: picture.height, ...pattern.read(picture) };
	}

	/** Figures of a recording of this agent's; null: there is none that can be read, yet. */
	async measure(user, type) {
		const name = readdirSync(this.#folder).filter(file => file.includes(`-${user}-${type}-`)).sort().at(-1);
		if (!name)
			return null;
		try {
			return JSON.parse((await run(this.#config.measure, [join(this.#folder, name), '--json'])).stdout);
		} catch {
			return null;
		}
	}
	async #measured(user, type) {
		const { video, tracks } = await this.measure(user, type) ?? {};
		const { width, height } = tracks?.find(track => track.kind === 'video') ?? {};
		return video && { width, height, wallClockMs: video.wallClockLastMs, frameNumber: video.lastFrame };
	}

	/** Its ears have no pitch. */
	hears(user) { return this.loud(user, SOUND_VOLUME); }
	silent(user) { return this.#stopped(user, 'main', 'remoteAudio', 'packetsReceived'); }
	dark(user, type = 'main') { return this.#stopped(user, type, 'remoteVideo', 'packetsReceived'); }
	/** Until a counter did not change for a while. */
	async #stopped(user, type, list, counter) {
		const end = Date.now() + WATCHDOG_MS;
		for (let last = null, since = 0;;) {
			const stats = await this.command('stats');
			const now = stats[list].find(one => one.userId === user && (one.streamType ?? 'main') === type)?.[counter] ?? 0;
			if (now !== last)
				[last, since] = [now, Date.now()];
			else if (Date.now() - since >= QUIET_MS)
				return;
			if (Date.now() > end)
				throw new Error(`${this.name} still receives ${list} of ${user}: ${JSON.stringify(stats[list])}`);
			await sleep(100);
		}
	}

	/** What may not have been said. */
	complaints() {
		return this.events.filter(event => event.event === 'error').map(event => event.message)
			.filter(line => !this.mayComplain.some(one => one.test(line)));
	}
}

/** A page with an SDK in a browser. @p path: which page; it has an object `party`. */
export class PageParty extends EventLog {
	#page;
	mayComplain = []; // as above

	constructor(kind, userId) {
		super(userId);
		this.kind = kind;
		this.userId = userId;
	}

	async open(browser, url) {
		this.#page = await within(browser.newPage(url, line => this.#line(line)), `page of ${browser.name}`);
		// A call of the page: party.NAME(...).
		for (const name of await this.#page.evaluate('Object.keys(party)'))
			this[name] ??= (...args) => this.call(name, ...args);
		return this;
	}

	#line(line) {
		const event = /^\w+ @event (\{.*\})$/s.exec(line);
		this.log.push(line);
		if (event)
			this.events.push(JSON.parse(event[1]));
		this.wake();
	}

	async call(name, ...args) {
		const result = this.#page.evaluate(([name_, args_]) => party[name_](...args_), [name, args]);
		return within(result, `end of ${name}(${JSON.stringify(args).slice(1, -1).slice(0, 200)}) of ${this.userId}`, STEP_MS);
	}
	/** An expression, evaluated in the page. */
	evaluate(expression) { return this.#page.evaluate(expression); }

	/** What enter() named as sources, or others. */
	publish(type = 'main', source = this.sources[type]) { return this.call('publish', type, source); }
	async onAir() {
		for (const type of ['main', 'auxiliary'])
			if (this.sources[type])
				await this.publish(type);
	}
	unpublish(type = 'main') { return this.call('unpublish', type); }
	sees(user, type = 'main', what = {}) { return this.call('sees', user, type, what); }
	dark(user, type = 'main') { return this.call('dark', user, type); }
	small(user, small) { return this.call('setRemoteVideoStreamType', user, small ? 'small' : 'big'); }
	async quality() {
		const found = await this.event('network-quality', {}, this.now);
		const { uplinkNetworkQuality: uplink, downlinkNetworkQuality: downlink, uplinkRTT: uplinkRtt, uplinkLoss, downlinkRTT: downlinkRtt, downlinkLoss } = found;
		return uplink && downlink && uplinkRtt ? { uplink, downlink, uplinkRtt, uplinkLoss, downlinkRtt, downlinkLoss } : this.quality();
	}
	async samples() {
		const { transport, localAudio, localVideo, remoteAudio, remoteVideo } = await this.stats();
		return { localAudio: localAudio[this.userId], localVideo: localVideo[this.userId], remoteAudio, remoteVideo, ...transport };
	}

	complaints() {
		const lines = [...this.log.filter(line => /^error|<ERROR>|\bERROR\b/.test(line)),
			       ...this.events.filter(event => ['error', 'subscribe-failed'].includes(event.event)).map(event => event.message),
			       ...(this.#page?.foreign ?? []).map(url => `asked another host: ${url}`)];
		return lines.filter(line => !this.mayComplain.some(one => one.test(line)));
	}

	async close() {
		await within(this.#page?.close() ?? Promise.resolve(), `end of the page of ${this.userId}`, 8000).catch(() => {});
		this.ended ??= 'closed';
		this.wake();
	}
}
