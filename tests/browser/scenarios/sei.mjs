// SPDX-License-Identifier: MIT
// Messages inside H.264 video, sendSEIMessage() of the SDK and `message` of the agent: whole, in order, and the picture goes on.
const NULS = Array.from({ length: 1000 }, (_, i) => String.fromCharCode(i % 7 < 3 ? 0 : i % 4)).join('');

/** Bytes that are no text come from an agent as base64. */
const words = message => message.text ?? Buffer.from(message.base64, 'base64').toString();

export default {
	name: 'messages in the picture',
	pairings: ['v4-agent', 'agent-agent', 'v4-v4'],
	async run(stage) {
		await stage.enter({ onAir: true, sei: true });
		await stage.both(async (from, to) => {
			await stage.check(from, to, { audio: false });
			const at = to.now, page = from.kind !== 'agent';
			// Twelve are more than a frame takes. A page can send every byte, a command line none that is NUL.
			const sent = ['grüße,  and "quotes"', ...Array.from({ length: 12 }, (_, i) => `number ${i}`), page ? NULS : 'x'.repeat(1000)];
			for (const one of sent)
				await from.sendMessage(one);
			const heard = () => to.events.slice(at).filter(event => event.event === 'message' && event.userId === from.userId);
			while (heard().length < sent.length)
				await to.event('message', { userId: from.userId }, to.now);
			const got = heard();
			stage.checks.ok(JSON.stringify(got.map(words)) === JSON.stringify(sent), `${to.userId} (${to.kind}) hears every message of ${from.userId} (${from.kind}), in order`,
					got.map(message => words(message).slice(0, 12)).join());
			stage.checks.ok(got.every(message => message.seiPayloadType === 243 && message.isFromAuxiliary === false), 'with the fields of the SDK');
			if (page) {
				await from.sendMessage('of type five', 5);
				const { seiPayloadType } = await to.event('message', { userId: from.userId, text: 'of type five' }, at);
				stage.checks.ok(seiPayloadType === 5, 'payload type 5');
			}
			const refused = await from.sendMessage('x'.repeat(1001)).then(() => null, error => error.message);
			stage.checks.ok(refused?.includes('1000'), `${from.userId} (${from.kind}) cannot send 1001 bytes`, refused);
			from.mayComplain?.push(/1000/);
			await stage.check(from, to, {}, 'after the messages');
		});
	},
};
