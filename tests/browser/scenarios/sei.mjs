// SPDX-License-Identifier: MIT
// Messages in H.264 video: texts, many at once in order, every kind of byte, what is too long; both payload types.
const BURST = 12;
const HARD = Array.from({ length: 1000 }, (_, i) => (i % 7 < 3 ? 0 : i % 251)); // zeros in a row are escaped in H.264
const SECOND_MS = 1100; // 30 messages and 8000 bytes a second are the SDK's limits

const TRIES = 3, TRY_MS = 4000;

const sleep = milliseconds => new Promise(resolve => setTimeout(resolve, milliseconds));

export default {
	name: 'SEI messages',
	pairings: ['v4-agent', 'agent-agent', 'v4-v4'],
	async run(stage) {
		await stage.enter({ onAir: true, sei: true });
		await stage.both(async (from, to) => {
			const { userId } = from, who = `${to.userId} (${to.kind})`;
			/** A message shares its picture's fate, and a picture may be lost. */
			const say = async (message, fields, ...more) => {
				for (let time = 1; ; time++) {
					await from.sendMessage(message, ...more);
					try {
						return await to.event('message', { userId, ...fields }, 0, TRY_MS);
					} catch (error) {
						if (time === TRIES)
							throw error;
					}
				}
			};
			await stage.check(from, to);
			const { seiPayloadType, isFromAuxiliary } = await say('grüße  你好', { text: 'grüße  你好' });
			stage.checks.ok(seiPayloadType === 243 && isFromAuxiliary === false, `${who} gets a message of ${userId}`);
			const at = to.now;
			const burst = Array.from({ length: BURST }, (_, i) => `number ${i}`);
			await Promise.all(burst.map(text => from.sendMessage(text)));
			await say('last', { text: 'last' });
			const got = to.events.slice(at).filter(event => event.event === 'message' && /^number/.test(event.text)).map(event => event.text);
			stage.checks.ok(got.length >= BURST / 2 && got.join() === burst.filter(text => got.includes(text)).join(), `${BURST} at once come in order`, got.join());
			await sleep(SECOND_MS);
			await say('x'.repeat(1000), { text: 'x'.repeat(1000) });
			stage.checks.ok(true, '1000 bytes come whole');
			const long = await from.sendMessage('x'.repeat(1001)).then(() => 'not at all', error => error.message);
			stage.checks.ok(/1000/.test(long), '1001 bytes are refused', long.slice(0, 120));
			if (from.kind !== 'agent') {
				from.mayComplain.push(/buffer size\(1001\)/);
				stage.checks.ok((await say('type five', { text: 'type five' }, 5)).seiPayloadType === 5, 'payload type 5');
				await sleep(SECOND_MS);
				await say(HARD, { base64: Buffer.from(HARD).toString('base64') });
				stage.checks.ok(true, '1000 bytes that are no text come whole');
			}
			await stage.check(from, to, {}, 'still');
		});
	},
};
