// SPDX-License-Identifier: MIT
// One name for everything: the SDK asks it where to go, connects with TLS, and sends its log there.
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

export default {
	name: 'scheduleProxy and unifiedProxy',
	pairings: ['v4-agent'],
	async run(stage) {
		mkdirSync(stage.folder, { recursive: true });
		const key = join(stage.folder, 'tls.key'), certificate = join(stage.folder, 'tls.pem');
		execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=127.0.0.1',
					 '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', certificate], { stdio: 'ignore' });
		const service = await stage.ownService({ more: ['--tls-cert', certificate, '--tls-key', key] });
		const host = service.url.replace('wss://', '');
		stage.checks.ok(service.url.startsWith('wss://'), `the service speaks TLS: ${service.url}`);
		const agent = await stage.enterAs('agent', { userId: 'bob', onAir: true, more: ['--ca-file', certificate] });
		for (const [userId, proxy] of [['ann', { unifiedProxy: host }], ['eve', { scheduleProxy: host, loggerProxy: stage.world.origin }]]) {
			const page = await stage.enterAs('v4', { userId, proxy, onAir: true });
			await Promise.all([stage.check(page, agent, {}, `with ${Object.keys(proxy)[0]}`), stage.check(agent, page, {}, `with ${Object.keys(proxy)[0]}`)]);
		}
	},
};
