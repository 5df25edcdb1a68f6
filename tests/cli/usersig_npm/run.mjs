// SPDX-License-Identifier: MIT
// UserSig and PrivateMapKey against npm's tls-sig-api-v2, both ways.
// usage: node run.mjs PROGRAM   (PROGRAM is trtc-cli, or the usersig-tool of the tests)
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createHmac } from 'node:crypto';
import { inflateSync } from 'node:zlib';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import TLSSigAPIv2 from 'tls-sig-api-v2';

const program = process.argv[2];
if (!program) {
    console.error('usage: node run.mjs PROGRAM');
    process.exit(2);
}
const appId = 1400000001;
const key = 'fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210';
const dir = mkdtempSync(join(tmpdir(), 'usersig-'));
const keyFile = join(dir, 'key');
writeFileSync(keyFile, key + '\n', { mode: 0o600 });
writeFileSync(join(dir, 'wrong'), key.replace('f', 'e'), { mode: 0o600 });

function run(args, input) {
    const done = spawnSync(program, ['usersig', ...args], { input, encoding: 'utf8', timeout: 8000 });
    assert.equal(done.error, undefined, `${program} did not run: ${done.error}`);
    return done;
}
function ok(args, input) {
    const done = run(args, input);
    assert.equal(done.status, 0, `usersig ${args.join(' ')}: ${done.stderr}`);
    return done.stdout.trim();
}
const who = (user, file = keyFile) => ['--sdk-app-id', String(appId), '--user-id', user, '--secret-key-file', file];

// The package only signs, so its side of the check is done by the rules of its own source.
function claimsOf(sig) {
    const plain = sig.replace(/\*/g, '+').replace(/-/g, '/').replace(/_/g, '=');
    return JSON.parse(inflateSync(Buffer.from(plain, 'base64')).toString());
}
function signatureOf(claims) {
    let text = `TLS.identifier:${claims['TLS.identifier']}\nTLS.sdkappid:${claims['TLS.sdkappid']}\n`
        + `TLS.time:${claims['TLS.time']}\nTLS.expire:${claims['TLS.expire']}\n`;
    if (claims['TLS.userbuf'] !== undefined)
        text += `TLS.userbuf:${claims['TLS.userbuf']}\n`;
    return createHmac('sha256', key).update(text).digest('base64');
}

try {
    const api = new TLSSigAPIv2.Api(appId, key);

    // theirs, checked by us
    for (const user of ['alice', 'user_02-B', 'x'.repeat(32)]) {
        const sig = api.genSig(user, 600);
        ok(['verify', sig, ...who(user)]);
        ok(['verify', '-', ...who(user)], sig + '\n');
        assert.notEqual(run(['verify', sig, ...who('mallory')]).status, 0, 'another user was accepted');
        assert.notEqual(run(['verify', sig, ...who(user, join(dir, 'wrong'))]).status, 0, 'a wrong key was accepted');
        assert.ok(ok(['show', sig]).includes(user), 'show does not name the user');
    }
    const ticket = api.genPrivateMapKey('alice', 600, 8888, 255);
    ok(['verify', ticket, ...who('alice'), '--private-map-key', '--room', '8888']);
    assert.notEqual(run(['verify', ticket, ...who('alice'), '--private-map-key', '--room', '8889']).status, 0);
    const text = api.genPrivateMapKeyWithStringRoomID('alice', 600, 'live-room_7', 42);
    ok(['verify', text, ...who('alice'), '--private-map-key', '--room', 'live-room_7', '--string-room']);

    // ours, held against theirs made in the same second
    const pairs = [
        [['sign', ...who('alice'), '--expire', '600s'], () => api.genSig('alice', 600)],
        [['sign', ...who('alice'), '--expire', '600s', '--private-map-key', '--room', '4294967294', '--privileges', '255'],
            () => api.genPrivateMapKey('alice', 600, 4294967294, 255)],
        [['sign', ...who('bob'), '--expire', '600s', '--private-map-key', '--room', 'live-room_7', '--string-room', '--privileges', '42'],
            () => api.genPrivateMapKeyWithStringRoomID('bob', 600, 'live-room_7', 42)],
    ];
    for (const [args, theirs] of pairs) {
        let same = false;
        for (let round = 0; round < 5 && !same; ++round) { // the clock may tick between the two
            const ours = claimsOf(ok(args));
            const other = claimsOf(theirs());
            assert.equal(ours['TLS.sig'], signatureOf(ours), 'the signature is not theirs');
            same = ours['TLS.time'] === other['TLS.time'];
            if (same)
                assert.deepEqual(ours, other);
        }
        assert.ok(same, 'no two signatures of one second');
    }
    console.log('usersig: both ways agree with tls-sig-api-v2');
} finally {
    rmSync(dir, { recursive: true, force: true });
}
