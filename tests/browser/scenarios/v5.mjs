// SPDX-License-Identifier: MIT
// What SDK v5 does otherwise than v4: one connection for everything, custom messages, its own ways of coming back.
import { setTimeout as sleep } from 'node:timers/promises';
import { loseUdp } from '../network.mjs';

const single = {
	name: 'v5: one connection for everything',
	pairings: ['v5-agent', 'v5-v4'],
	limitMs: 180000,
	async run(stage) {
		const { checks } = stage;
		const [page, other] = await stage.enter({ role: 'audience' }, { onAir: true });
		await stage.check(other, page, {}, 'as an audience');
		await page.switchRole('anchor');
		await page.onAir();
		await stage.both((from, to) => stage.check(from, to));
		checks.ok(await page.connected() === 1, 'both ways on one connection', `${await page.connected()}`);

		// Another codec beside what is there, with a second stream.
		const agent = await stage.enterAs('agent', { codec: 'vp8', sources: { main: true, auxiliary: true }, onAir: true });
		await Promise.all([stage.check(agent, page, {}, 'with VP8 and a screen'), stage.check(page, agent)]);
		const late = await stage.enterAs('v5', { mode: 'rtc' });
		await Promise.all([stage.check(page, late), stage.check(other, late), stage.check(agent, late)]);
		checks.ok(await page.connected() === 1 && await late.connected() === 1, 'still on one');

		// A subscription that ends, and the next one on its lines.
		await page.unsubscribe(agent.userId, 'auxiliary');
		await page.unsubscribe(agent.userId, 'main');
		await Promise.all([page.dark(agent.userId), page.silent(agent.userId)]);
		await page.subscribe(agent.userId, 'main');
		await page.subscribe(agent.userId, 'auxiliary');
		await stage.check(agent, page, {}, 'subscribed again');

		// Off air and on again.
		let at = agent.now;
		await page.unpublish('main');
		await agent.event('stream-removed', { userId: page.userId }, at);
		at = agent.now;
		await page.publish('main');
		await agent.event('stream-added', { userId: page.userId }, at);
		await Promise.all([stage.check(page, agent, {}, 'on air again'), stage.check(page, late, {}, 'on air again')]);
		await page.leave();
		page.ended = 'left';
		await agent.event('peer-leave', { userId: page.userId });
		checks.ok(true, 'exitRoom');
	},
};

const screen = {
	name: 'v5: camera and screen',
	pairings: ['v5-agent', 'v5-v4'],
	async run(stage) {
		const [page, other] = await stage.enter({ sources: { main: true, auxiliary: true }, onAir: true }, { role: 'audience' });
		await stage.check(page, other);
		await page.unpublish('auxiliary');
		await other.event('stream-removed', { userId: page.userId, streamType: 'auxiliary' });
		await stage.check(page, other, { auxiliary: false }, 'without the screen');
		await page.publish('auxiliary');
		await stage.check(page, other, {}, 'with it again');
	},
};

const back = {
	name: 'v5: a lost socket, a broken connection',
	pairings: ['v5-agent', 'v5-v4'],
	async run(stage) {
		const { checks } = stage;
		const [page, other] = await stage.enter({ onAir: true });
		await stage.both((from, to) => stage.check(from, to));
		let at = other.now;
		const mine = page.now;
		page.mayComplain.push(/WebSocket is already in CLOSING or CLOSED/); // the browser's word for it
		checks.ok(await page.cutSocket() === 1, 'the socket is cut');
		await page.event('connection-state-changed', { state: 'CONNECTED' }, mine);
		await stage.both((from, to) => stage.check(from, to, {}, 'on the new socket'));
		checks.ok(!other.has('stream-removed', { userId: page.userId }, at) && !other.has('peer-leave', { userId: page.userId }, at),
			  'nobody has noticed');
		at = other.now;
		await page.breakMedia();
		await other.event('stream-removed', { userId: page.userId }, at);
		await other.event('stream-added', { userId: page.userId }, at);
		await stage.both((from, to) => stage.check(from, to, {}, 'on the new connection'));
		checks.ok(await page.connected() === 1, 'which is one');
	},
};

const loss = {
	name: 'v5: packets are lost',
	pairings: ['v5-agent', 'v5-v4'],
	network: true,
	async run(stage) {
		const ports = await stage.ownPorts();
		const [page] = await stage.enter({ onAir: true });
		await stage.both((from, to) => stage.check(from, to));
		const before = await page.repairs();
		const heal = loseUdp(ports, 10);
		const again = { sent: 0, received: 0 };
		for (const end = Date.now() + 30000; Date.now() < end && Math.min(again.sent, again.received) < 3; await sleep(250)) {
			const now = await page.repairs();
			Object.assign(again, { sent: now.sent - before.sent, received: now.received - before.received });
		}
		await stage.both((from, to) => stage.check(from, to, {}, 'while packets are lost'));
		heal();
		stage.checks.ok(Math.min(again.sent, again.received) >= 3, 'pictures are sent again both ways', JSON.stringify(again));
	},
};

const messages = {
	name: 'v5: custom messages',
	pairings: ['v5-agent'],
	async run(stage) {
		const { checks } = stage;
		const [page] = await stage.enter();
		const other = await stage.enterAs('v5'), third = await stage.enterAs('v5', { role: 'audience' });
		await Promise.all([page.event('peer-join', { userId: other.userId }), third.event('peer-join', { userId: page.userId })]);
		for (const [from, to, words] of [[page, other, 'hello'], [other, page, 'täst ☃'.repeat(60)]]) {
			for (let i = 0; i < 3; i++)
				await from.sendCustom(3, `${i} ${words}`);
			for (let i = 0; i < 3; i++)
				await to.event('custom-message', { userId: from.userId, cmdId: 3, text: `${i} ${words}` });
			checks.ok(true, `${to.userId} gets what ${from.userId} says`);
		}
		await third.event('custom-message', { userId: page.userId, text: '0 hello' });
		const got = third.events.filter(event => event.event === 'custom-message' && event.userId === page.userId).map(event => event.text[0]);
		checks.ok(got.join('') === '012'.slice(0, got.length), 'in order', got.join(' '));
	},
};

const multi = {
	name: 'v5: without the one connection',
	pairings: ['v5-agent', 'v5-v4'],
	async run(stage) {
		const [page, other] = await stage.enter({ mode: 'rtc', create: { enableSPC: false }, onAir: true }, { mode: 'rtc', onAir: true });
		await stage.both((from, to) => stage.check(from, to));
		stage.checks.ok(await page.connected() === 2, 'a connection for each direction', `${await page.connected()}`);
		const at = other.now;
		await page.mute('video', true);
		await other.event('mute-video', { userId: page.userId }, at);
		await other.dark(page.userId);
		const dark = other.now;
		await page.mute('video', false);
		await other.event('unmute-video', { userId: page.userId }, dark);
		await stage.check(page, other, {}, 'unmuted');
	},
};

// Each needs a machine of its own: several pages with several streams.
export default [single, screen, back, loss, messages, multi].map(scenario => ({ ...scenario, alone: true }));
