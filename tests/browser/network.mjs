// SPDX-License-Identifier: MIT
// A network namespace of the test's own: loopback, and one more address with a way out that leads nowhere. Firefox takes no
// loopback address into its offers, rules that drop packets hurt nobody else, and nothing at all gets out.
import { execFileSync, spawn, spawnSync } from 'node:child_process';

const MARK = 'TRTC_BROWSER_NETWORK';
const SET_UP = `set -e
ip link set lo up
ip link add out type veth peer name nowhere
# No address of their own making a second later: a browser drops what it is loading when addresses change.
ip link set out addrgenmode none
ip link set nowhere addrgenmode none
ip addr add 192.0.2.1/24 dev out
ip link set out up
ip link set nowhere up
ip route add default dev out
exec "$@"`;

/** The address of this machine that is not loopback; null: we are not in a network of our own. */
export const address = process.env[MARK] === 'own' ? '192.0.2.1' : null;

/**
 * Runs this program again in such a network and never returns; or returns why that is not possible here: no root and no user
 * namespaces, or no ip command. Null: this is the second time.
 */
export async function enter() {
	if (process.env[MARK] !== undefined)
		return address ? null : process.env[MARK];
	const unshare = [...(process.getuid() === 0 ? [] : ['--map-root-user']), '--net', '--', 'sh', '-c', SET_UP, 'sh'];
	const trial = spawnSync('unshare', [...unshare, 'true'], { encoding: 'utf8' });
	if (trial.error || trial.status !== 0)
		return `no network of our own (${(trial.error?.message ?? trial.stderr).trim().split('\n').at(-1)})`;
	const child = spawn('unshare', [...unshare, process.execPath, ...process.argv.slice(1)], { stdio: 'inherit', env: { ...process.env, [MARK]: 'own' } });
	for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
		process.on(signal, () => child.kill(signal));
	const code = await new Promise(resolve => child.on('close', (code, signal) => resolve(signal ? 130 : code)));
	process.exit(code);
}

const nft = (...words) => execFileSync('nft', words, { stdio: ['ignore', 'pipe', 'pipe'] });

/** No UDP packet with a port in [from, to] gets through, until the function that is returned is called. */
export const cutUdp = ports => dropUdp(ports);

/** So many of a hundred are lost, at random, likewise. */
export const loseUdp = (ports, percent) => dropUdp(ports, 'numgen', 'random', 'mod', '1000', '<', `${percent * 10}`);

function dropUdp([from, to], ...condition) {
	const table = `cut${from}`;
	nft('add', 'table', 'inet', table);
	nft('add', 'chain', 'inet', table, 'in', '{ type filter hook input priority 0 ; }');
	for (const side of ['sport', 'dport'])
		nft('add', 'rule', 'inet', table, 'in', 'udp', side, `${from}-${to}`, ...condition, 'drop');
	return () => nft('delete', 'table', 'inet', table);
}
