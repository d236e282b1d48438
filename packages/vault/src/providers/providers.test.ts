import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { CodedError, type KeyProvider } from '@sallyport/core';
import fc from 'fast-check';
import { softHsm } from '../../test/softhsm.ts';
import { startTransit, type TransitServer } from '../../test/transit-server.ts';
import { openRootKey } from './file.ts';
import { openPassphraseRoot } from './passphrase.ts';
import { type Pkcs11Settings, pkcs11Root } from './pkcs11.ts';
import { eitherRoot, secretRoot } from './secret-root.ts';
import { formatShare, joinShares, parseShare, splitRoot } from './shares.ts';
import { type TransitSettings, transitRoot } from './transit.ts';

let home: string;
let transit: TransitServer;
before(async () => {
  home = mkdtempSync(join(tmpdir(), 'sallyport-roots-'));
  transit = await startTransit();
});
after(() => {
  rmSync(home, { recursive: true, force: true });
  transit.server.closeAllConnections();
  transit.server.close();
});
const wrong = { code: 'root-key-wrong' };
const out = { code: 'key-provider-unavailable' };

const transitOf = (more: Partial<TransitSettings> = {}): KeyProvider =>
  transitRoot({
    url: transit.url,
    mount: 'transit',
    key: 'sallyport',
    token: () => transit.token,
    post: async (url, headers, body) => {
      const answer = await fetch(url, { method: 'POST', headers, body });
      return { status: answer.status, text: await answer.text() };
    },
    ...more,
  });

/** What every root does, wherever its key lies. */
function contract(name: string, make: (which: 'one' | 'other') => Promise<KeyProvider>): void {
  describe(`a root of ${name}`, () => {
    const context = Buffer.from('what it is for');

    it('opens what it wrapped, in its context, after a restart too', async () => {
      const root = await make('one');
      const key = randomBytes(32);
      const wrapped = await root.wrap(key, context);
      assert.ok(!Buffer.from(wrapped).includes(key));
      assert.deepEqual(Buffer.from(await (await make('one')).unwrap(wrapped, context)), key);
      assert.equal((await make('one')).id, root.id);
      assert.notDeepEqual(Buffer.from(await root.wrap(key, context)), Buffer.from(wrapped));
      for (const length of [1, 32, 64, 96]) {
        const bytes = randomBytes(length);
        assert.deepEqual(Buffer.from(await root.unwrap(await root.wrap(bytes, context), context)), bytes);
      }
    });

    it('opens nothing in another context, of another root, or that was changed', async () => {
      const root = await make('one');
      const other = await make('other');
      assert.notEqual(root.id, other.id);
      const wrapped = Buffer.from(await root.wrap(randomBytes(32), context));
      await assert.rejects(root.unwrap(wrapped, Buffer.from('something else')), wrong);
      await assert.rejects(other.unwrap(wrapped, context), wrong);
      await assert.rejects(root.unwrap(wrapped.subarray(0, 20), context), wrong);
      await assert.rejects(root.unwrap(Buffer.alloc(0), context), wrong);
      const changed = Buffer.from(wrapped);
      changed[changed.length - 6]! ^= 4;
      await assert.rejects(root.unwrap(changed, context), wrong);
      const both = eitherRoot(other, root);
      assert.equal((await both.unwrap(wrapped, context)).length, 32);
      await assert.rejects(both.unwrap(changed, context), wrong);
    });
  });
}

contract('a file', async (which) => openRootKey(join(home, `${which}.key`), join(home, 'data'), true));
contract('a passphrase', (which) =>
  openPassphraseRoot(join(home, `${which}.passphrase`), `${which}: correct horse battery staple`, true),
);
const keys = { one: randomBytes(32), other: randomBytes(32) };
contract('shares', async (which) => joinShares(splitRoot(keys[which], 5, 3).slice(1, 4)));
contract('a transit engine', async (which) => transitOf({ key: which === 'one' ? 'sallyport' : 'other' }));

const hsm = softHsm(mkdtempSync(join(tmpdir(), 'sallyport-hsm-')));
if (typeof hsm === 'string') it.skip(`a root of a token (PKCS#11): ${hsm}`);
else {
  for (const label of ['one', 'other']) hsm.make(label);
  const settings = { module: hsm.module, key: 'sallyport', pin: () => hsm.pin, create: true };
  const of = (more: Partial<Pkcs11Settings>): KeyProvider =>
    pkcs11Root(hsm.library, { ...settings, token: 'one', ...more });
  contract('a token (PKCS#11)', async (which) => of({ token: which }));

  describe('a token', () => {
    const context = Buffer.from('x');
    const wrapped = () => of({}).wrap(Buffer.alloc(32, 7), context);

    it('keeps its key to itself, and makes none where one is to be there', async () => {
      await wrapped();
      assert.throws(() => of({ key: 'none', create: false }), { code: 'root-key-missing' });
    });

    it('that is not there, or has another PIN, is out of reach, in words, and its PIN in none of them', async () => {
      for (const [more, words] of [
        [{ token: 'nobody' }, /`nobody` is not there/],
        [{ pin: () => null }, /`keys.root.pinRef` holds none/],
        [{ module: '/nowhere.so' }, /the module `\/nowhere.so` does not load/],
      ] as const)
        assert.throws(
          () => of(more),
          (fault: CodedError) => fault.code === 'key-provider-unavailable' && words.test(fault.message),
        );
    });
  });
}

describe('a passphrase', () => {
  it('opens only as it was given, costs what RFC 9106 recommends, and is never in its file', async () => {
    const path = join(home, 'p');
    const made = await openPassphraseRoot(path, 'a long enough phrase', true);
    assert.equal((await openPassphraseRoot(path, 'a long enough phrase', false)).id, made.id);
    assert.equal(
      (await openPassphraseRoot(path, 'a long enough\u00a0phrase', false)).id,
      made.id,
      'however it is typed',
    );
    await assert.rejects(openPassphraseRoot(path, 'a long enough phrasE', false), wrong);
    await assert.rejects(openPassphraseRoot(join(home, 'short'), 'short', true), { code: 'usage' });
    await assert.rejects(openPassphraseRoot(join(home, 'nothing'), 'a long enough phrase', false), {
      code: 'root-key-missing',
    });
    assert.equal(statSync(path).mode & 0o777, 0o600);
    const file = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
    assert.deepEqual([file['kdf'], file['memoryKib'], file['passes']], ['argon2id', 65_536, 3]);
    for (const bad of [{ memoryKib: 1e9 }, { passes: 0 }, { kdf: 'md5' }, { parallelism: 'x' }]) {
      writeFileSync(path, JSON.stringify({ ...file, ...bad }));
      await assert.rejects(openPassphraseRoot(path, 'a long enough phrase', false), wrong);
    }
    writeFileSync(path, 'nonsense');
    await assert.rejects(openPassphraseRoot(path, 'a long enough phrase', false), wrong);
  });
});

describe('shares', () => {
  it('make the root in any choice of enough of them, and in no choice of fewer', () => {
    fc.assert(
      fc.property(
        fc
          .integer({ min: 2, max: 6 })
          .chain((threshold) =>
            fc.tuple(
              fc.constant(threshold),
              fc.integer({ min: threshold, max: 9 }),
              fc.infiniteStream(fc.nat()),
            ),
          ),
        ([threshold, count, order]) => {
          const key = randomBytes(32);
          const shares = splitRoot(key, count, threshold)
            .map((share) => ({ share, rank: order.next().value as number }))
            .sort((a, b) => a.rank - b.rank)
            .map(({ share }) => parseShare(formatShare(share)));
          assert.equal(joinShares(shares.slice(0, threshold)).id, secretRoot('file', key, '').id);
          assert.throws(() => joinShares(shares.slice(0, threshold - 1)), wrong);
          assert.throws(
            () => joinShares(Array(threshold).fill(shares[0])),
            wrong,
            'one of them, over and over',
          );
        },
      ),
      { numRuns: 100 },
    );
    for (const [threshold, count] of [
      [1, 3],
      [4, 3],
      [2, 256],
    ] as const)
      assert.throws(() => splitRoot(randomBytes(32), count, threshold), RangeError);
  });

  it('of which one is another, or of another root, are told', () => {
    const shares = splitRoot(randomBytes(32), 3, 2);
    const bent = { ...shares[0]!, value: Buffer.from(shares[0]!.value) };
    bent.value[3]! ^= 1;
    assert.throws(() => joinShares([bent, shares[1]!]), /one of them was changed/);
    assert.throws(
      () => joinShares([shares[0]!, splitRoot(randomBytes(32), 3, 2)[1]!]),
      /different root keys/,
    );
    assert.throws(() => joinShares([]), wrong);
    const line = formatShare(shares[0]!);
    fc.assert(
      fc.property(fc.nat(line.length - 1), fc.constantFrom(...' 0aZ-_=é/'), (at, put) => {
        const changed = line.slice(0, at) + put + line.slice(at + 1);
        try {
          assert.equal(formatShare(parseShare(changed)), changed.trim());
        } catch (fault) {
          assert.ok(fault instanceof CodedError && fault.code === 'root-key-wrong', String(fault));
        }
      }),
      { numRuns: 500 },
    );
  });

  it('tell nothing of the root where one is missing: every value of a byte is as likely', () => {
    const counts = new Array<number>(256).fill(0);
    const key = Buffer.alloc(32, 7);
    for (let round = 0; round < 2048; round++)
      for (const byte of splitRoot(key, 3, 3)[1]!.value) counts[byte]!++;
    // 65,536 draws over 256 values: mean 256, standard deviation 16.
    assert.ok(Math.max(...counts) < 256 + 16 * 6 && Math.min(...counts) > 256 - 16 * 6);
  });
});

describe('a transit engine', () => {
  const context = Buffer.from('x');

  it('opens what older versions of its key wrapped, and is told where and as whom it is asked', async () => {
    const root = transitOf({ namespace: 'team' });
    const wrapped = await root.wrap(Buffer.from('a key'), context);
    transit.rotate();
    assert.match(Buffer.from(await root.wrap(Buffer.from('b'), context)).toString(), /^vault:v2:/);
    assert.equal(Buffer.from(await root.unwrap(wrapped, context)).toString(), 'a key');
    assert.deepEqual(transit.seen.at(-1), {
      path: '/v1/transit/decrypt/sallyport',
      token: 's.token',
      namespace: 'team',
    });
  });

  it('that is sealed, silent or refuses is out of reach, in words, and a short stumble is passed over', async () => {
    const root = transitOf();
    const wrapped = await root.wrap(Buffer.from('a key'), context);
    transit.drops = 2;
    assert.equal(Buffer.from(await root.unwrap(wrapped, context)).toString(), 'a key');
    transit.drops = 3;
    await assert.rejects(root.unwrap(wrapped, context), out);
    transit.sealed = true;
    await assert.rejects(root.unwrap(wrapped, context), /answers 503: Vault is sealed/);
    transit.sealed = false;
    transit.token = 's.renewed';
    assert.equal(
      Buffer.from(await root.unwrap(wrapped, context)).toString(),
      'a key',
      'a renewed token is taken up',
    );
    await assert.rejects(transitOf({ token: () => 's.old' }).unwrap(wrapped, context), /refuses the token/);
    await assert.rejects(transitOf({ token: () => null }).unwrap(wrapped, context), out);
    await assert.rejects(
      transitOf({ post: async () => ({ status: 200, text: '{"data":{}}' }) }).wrap(context, context),
      out,
    );
    assert.throws(() => transitOf({ key: '../sys/seal' }), { code: 'config-invalid' });
    try {
      await transitOf({ token: () => 's.secret-token' }).unwrap(wrapped, context);
    } catch (fault) {
      assert.ok(!String((fault as Error).message).includes('s.secret-token'));
    }
  });
});
