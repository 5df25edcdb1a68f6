// SPDX-License-Identifier: MIT
// The published web SDKs, unmodified, in headless browsers, and agents, against `trtc-cli serve`: every scenario with every
// pairing that makes sense, several at once, and a table at the end. See README.md.
//
//   node run.mjs --trtc-cli PATH --measure PATH [--only WORD,...] [--pairing NAME,...] [--jobs N] [--long]
//                [--chromium PATH] [--firefox PATH] [--verbose]
//
// Exit code 0: every check passed. Logs of everybody in a room are shown when one did not.
import { readFileSync, readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { openChromium, openFirefox, servePages } from './browsers.mjs';
import { Checks, options, stop, temporaryFolder, within } from './harness.mjs';
import * as network from './network.mjs';
import { Service, Stage } from './stage.mjs';

const config = options({ 'trtc-cli': '', measure: '', only: '', pairing: '', jobs: `${availableParallelism() + 1}`, long: false,
			 chromium: '/usr/bin/chromium', firefox: '/usr/bin/firefox-esr', verbose: false });
const CELL_MS = 90000;
const SDK_VERSIONS = { 'trtc-js-sdk': '4.15.22', 'trtc-sdk-v5': '5.17.1' };

/** Names of columns, in their order. */
const PAIRINGS = ['v4-agent', 'agent-v4', 'agent-agent', 'v4-v4', 'v5-agent', 'v5-v4', 'firefox-agent', 'firefox-v4'];

async function scenarios() {
	const folder = new URL('scenarios/', import.meta.url);
	const found = [];
	for (const name of readdirSync(folder).filter(file => file.endsWith('.mjs')).sort()) {
		const { default: exported } = await import(new URL(name, folder));
		found.push(...[exported].flat());
	}
	return found.sort((a, b) => (a.order ?? 100) - (b.order ?? 100));
}

/** Started when first asked for. */
function once(start) {
	let started = null;
	const end = one => one.close ? within(one.close(), `end of ${one.name}`, 8000).catch(() => {}) : stop(one);
	return { get: () => started ??= start(), close: async () => started?.then(end, () => {}) };
}

async function cell(world, scenario, pairing, roomId) {
	const lines = [], began = Date.now(), service = await world.service(), logFrom = service.log.length;
	const checks = new Checks(`${scenario.name}, ${pairing}: `, line => lines.push(line));
	const stage = new Stage(world, { scenario, pairing, roomId, checks, service });
	try {
		await within((async () => {
			if (pairing.includes('firefox'))
				stage.service = await world.outside();
			await scenario.run(stage);
			await stage.leave();
			stage.complaints();
		})(), 'end of the scenario', scenario.limitMs ?? CELL_MS);
	} catch (error) {
		checks.ok(false, error.message.split('\n')[0]);
	}
	if (stage.service.ended !== undefined)
		checks.ok(false, `the service ended (${stage.service.ended})`);
	const seconds = (Date.now() - began) / 1000;
	await stage.close();
	console.log(lines.join('\n'));
	if (checks.failed > 0 || config.verbose) {
		stage.printLogs();
		console.error('--- service, meanwhile ---');
		console.error(service.log.slice(logFrom).slice(-150).join('\n'));
	}
	return { passed: checks.passed, failed: checks.failed, seconds, red: lines.filter(line => line.startsWith('not ok ')) };
}

/** Each row a scenario, each column a pairing: the seconds it took, FAILED, or – where it makes no sense. */
function table(all, results) {
	const columns = PAIRINGS.filter(pairing => all.some(scenario => results.has(`${scenario.name}, ${pairing}`)));
	const width = Math.max(...all.map(scenario => scenario.name.length)) + 2;
	const text = result => result === undefined ? '–' : result.failed > 0 ? 'FAILED' : `ok ${result.seconds.toFixed(1)} s`;
	const row = (name, cells) => name.padEnd(width) + cells.map(one => one.padEnd(15)).join('').trimEnd();
	console.log(`\n${row('scenario', columns)}`);
	for (const scenario of all)
		console.log(row(scenario.name, columns.map(pairing => text(results.get(`${scenario.name}, ${pairing}`)))));
}

async function main() {
	for (const name of ['trtc-cli', 'measure'])
		if (!config[name]) {
			console.error(`run.mjs: say where ${name} is: --${name} PATH`);
			process.exit(2);
		}
	const alone = await network.enter();
	for (const [name, version] of Object.entries(SDK_VERSIONS)) {
		const { version: installed } = JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url)));
		new Checks().ok(installed === version, `${name} ${installed}`);
	}
	const wanted = (list, name) => list === '' || list.split(',').some(word => name.includes(word));
	const all = (await scenarios()).filter(scenario => wanted(config.only, scenario.name) && (config.long || !scenario.long));
	// Firefox needs an address that is not loopback, a cut network one that is nobody else's.
	const possible = (scenario, pairing) => alone === null || !(pairing.includes('firefox') || scenario.network);
	const named = all.flatMap(scenario => scenario.pairings.filter(pairing => wanted(config.pairing, pairing)).map(pairing => ({ scenario, pairing })));
	const cells = named.filter(({ scenario, pairing }) => possible(scenario, pairing));
	if (cells.length < named.length)
		console.log(`# ${named.length - cells.length} cells left out: ${alone}`);

	const folder = temporaryFolder(), began = Date.now();
	const server = await servePages();
	const chromium = once(() => within(openChromium(config.chromium), 'Chromium'));
	const firefox = once(() => within(openFirefox(config.firefox, join(folder, 'firefox')), 'Firefox', 60000));
	// All rooms are of one service; one that died has failed the cells it had, not the others.
	const services = [];
	async function service() {
		if (services.length === 0 || (await services.at(-1)).ended !== undefined)
			services.push(new Service(config, { secretKeyFile: join(folder, 'serve.key') }).ready());
		return services.at(-1);
	}
	const outside = once(() => new Service(config, { secretKeyFile: join(folder, 'outside.key'), listen: `${network.address}:0`, more: ['--plain-text', '--media-address', network.address] }).ready());
	const world = { config, folder, origin: server.origin, service, outside: outside.get, browser: kind => (kind === 'firefox' ? firefox : chromium).get() };

	await Promise.all([cells.some(one => one.pairing.includes('firefox')) && firefox.get(), chromium.get()]);

	const results = new Map();
	let room = 1001;
	async function lane(waiting) {
		while (waiting.length > 0) {
			const { scenario, pairing } = waiting.shift();
			results.set(`${scenario.name}, ${pairing}`, await cell(world, scenario, pairing, room++));
		}
	}
	const crowd = cells.filter(({ scenario }) => !scenario.alone), heavy = cells.filter(({ scenario }) => scenario.alone);
	await Promise.all(Array.from({ length: Number(config.jobs) }, () => lane(crowd)));
	await lane(heavy);

	const last = new Checks();
	const one = await service();
	await Promise.all([stop(one), outside.close()]);
	last.ok(services.length === 1 && one.ended === 0, 'SIGTERM ends the service with exit code 0', `${one.ended}`);
	await Promise.all([chromium.close(), firefox.close()]);
	server.close();
	table(all, results);
	const failed = [...results.values()].filter(result => result.failed > 0).length;
	// Once more, as what they were found in the middle of is long.
	for (const line of [...results.values()].flatMap(result => result.red))
		console.log(`# ${line}`);
	console.log(`${results.size} cells, ${failed} failed, ${((Date.now() - began) / 1000).toFixed(0)} s`);
	process.exit(failed + last.failed > 0 ? 1 : 0);
}

main().catch(error => {
	console.error(error.code === 'ERR_MODULE_NOT_FOUND' || error.code === 'ENOENT'
		? `${error.message}\nrun.mjs: run \`npm ci\` in tests/browser first` : error);
	process.exit(1);
});
