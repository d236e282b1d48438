import assert from 'node:assert/strict';
import { createCipheriv, randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { CodedError, clock, type KeyProvider } from '@sallyport/core';
import fc from 'fast-check';
import { DataKeys } from './data-keys.ts';
import { formatEnvelope, parseEnvelope, unwrapKey, wrapKey } from './envelope.ts';
import { encodeContext } from './key-context.ts';
import { KeyRing } from './key-ring.ts';
import { openRootKey } from './providers/file.ts';
import { openSigningKey } from './signing-key.ts';
import { SUITE_NAMES, WRAPPING_SUITES } from './suites.ts';

let home: string;
before(() => {
  home = mkdtempSync(join(tmpdir(), 'sallyport-keys-'));
});
after(() => rmSync(home, { recursive: true, force: true }));
let made = 0;
const folder = (): string => {
  const path = join(home, String(made++));
  mkdirSync(path);
  return path;
};
const unreadable = { code: 'sealed-content-unreadable' };
const rootIn = (path: string): KeyProvider => openRootKey(join(path, 'root.key'), join(path, 'data'), true);

describe('envelopes', () => {
  const context = { purpose: 'system', owner: 'a', object: 'dek_1', version: 1 };

  for (const suite of SUITE_NAMES)
    it(`of ${suite} open with their key and context, and with nothing else`, () => {
      const { kem } = WRAPPING_SUITES[suite];
      const seed = randomBytes(kem.seedBytes);
      const key = randomBytes(32);
      const envelope = wrapKey(suite, 'kek_1', kem.publicKey(seed), context, key);
      assert.deepEqual(unwrapKey(envelope, seed, context), key);
      assert.notDeepEqual(wrapKey(suite, 'kek_1', kem.publicKey(seed), context, key), envelope);
      for (const other of [
        { ...context, purpose: 'people' },
        { ...context, owner: 'b' },
        { ...context, object: 'dek_2' },
        { ...context, version: 2 },
        { ...context, purpose: 'systema', owner: '' },
      ])
        assert.throws(() => unwrapKey(envelope, seed, other), unreadable);
      assert.throws(() => unwrapKey(envelope, randomBytes(kem.seedBytes), context), unreadable);
      const line = formatEnvelope(envelope);
      for (let at = line.indexOf(' kek_1 ') + 7; at < line.length; at += 37) {
        const changed = `${line.slice(0, at)}${line[at] === 'A' ? 'B' : 'A'}${line.slice(at + 1)}`;
        assert.throws(() => unwrapKey(parseEnvelope(changed), seed, context), unreadable, `at ${at}`);
      }
    });

  it('print what they are read from, and nothing else is read', () => {
    const { kem } = WRAPPING_SUITES['x-wing-aes-256-gcm'];
    const seed = randomBytes(kem.seedBytes);
    const line = formatEnvelope(
      wrapKey('x-wing-aes-256-gcm', 'kek_1', kem.publicKey(seed), context, randomBytes(32)),
    );
    assert.equal(formatEnvelope(parseEnvelope(line)), line);
    let read = 0;
    fc.assert(
      fc.property(
        fc.nat(line.length - 1),
        fc.constantFrom(...' =+/-_\n\0AZaz09é'),
        fc.nat(3),
        (at, put, cut) => {
          const changed = line.slice(0, at) + put + line.slice(at + cut);
          try {
            assert.equal(formatEnvelope(parseEnvelope(changed)), changed);
            read++;
          } catch (fault) {
            assert.ok(fault instanceof CodedError, String(fault));
          }
        },
      ),
      { numRuns: 3000 },
    );
    assert.ok(read > 100, `${read} were read`);
  });

  it('of two contexts have never the same bytes', () => {
    const field = fc.string({ maxLength: 6 });
    const contexts = fc.record({ purpose: field, owner: field, object: field, version: fc.nat(12) });
    fc.assert(
      fc.property(contexts, contexts, (a, b) => {
        const same = Buffer.compare(encodeContext(a), encodeContext(b)) === 0;
        assert.equal(same, JSON.stringify(Object.values(a)) === JSON.stringify(Object.values(b)));
      }),
    );
  });
});

describe('keys', () => {
  const open = async (path: string, root = rootIn(path)) => {
    const ring = await KeyRing.open(join(path, 'ring'), root);
    return { ring, keys: await DataKeys.open(join(path, 'data', 'keys'), ring) };
  };

  it('are one a day and purpose, survive a restart wrapped, and die when destroyed', async () => {
    const path = folder();
    const { keys } = await open(path);
    const { key: first } = await keys.forDay('system:a', '2026-01-01');
    assert.equal((await keys.forDay('system:a', '2026-01-01')).created, false);
    assert.notEqual((await keys.forDay('system:a', '2026-01-02')).key.id, first.id);
    const raced = await Promise.all(Array.from({ length: 20 }, () => keys.forDay('system:b', '2026-01-01')));
    assert.equal(new Set(raced.map(({ key }) => key.id)).size, 1);
    assert.equal(raced.filter(({ created }) => created).length, 1);
    assert.equal(readdirSync(join(path, 'data', 'keys')).length, 3);
    for (const name of [...readdirSync(join(path, 'ring')), ...readdirSync(join(path, 'data', 'keys'))]) {
      const file = [join(path, 'ring', name), join(path, 'data', 'keys', name)].find((one) =>
        existsSync(one),
      )!;
      assert.ok(!readFileSync(file).includes(Buffer.from(first.key).toString('base64url')));
    }
    const again = (await open(path)).keys;
    assert.deepEqual(Buffer.from(again.byId(first.id).key), Buffer.from(first.key));
    assert.deepEqual([...again.takeUnwraps()], [['system', 1]]);
    again.destroy(first.id);
    assert.throws(() => again.byId(first.id), unreadable);
    await assert.rejects(open(path, openRootKey(join(path, 'other'), join(path, 'data'), true)), {
      code: 'root-key-wrong',
    });
    await assert.rejects(keys.forDay('unheard-of:a', '2026-01-01'), RangeError);
  });

  it('of one purpose or owner do not open as those of another, whoever swaps the files', async () => {
    const path = folder();
    const { keys } = await open(path);
    const a = (await keys.forDay('system:a', '2026-01-01')).key;
    const b = (await keys.forDay('system:b', '2026-01-01')).key;
    const [fileA, fileB] = [a, b].map(({ id }) => join(path, 'data', 'keys', `${id}.json`)) as [
      string,
      string,
    ];
    const envelopeOf = (file: string): string =>
      (JSON.parse(readFileSync(file, 'utf8')) as { envelope: string }).envelope;
    const swapped = { ...JSON.parse(readFileSync(fileA, 'utf8')), envelope: envelopeOf(fileB) };
    writeFileSync(fileA, JSON.stringify(swapped));
    const again = (await open(path)).keys;
    assert.throws(() => again.byId(a.id), unreadable);
    assert.deepEqual(Buffer.from(again.byId(b.id).key), Buffer.from(b.key));
  });

  it('are wrapped anew under another key, another suite and another root, while they are used', async () => {
    const path = folder();
    const { ring, keys } = await open(path);
    const before = new Map<string, Uint8Array>();
    for (let day = 10; day < 40; day++) {
      const { key } = await keys.forDay('system:a', `2026-01-${day}`);
      before.set(key.id, key.key);
    }
    const [old] = ring.list();
    await ring.rotate('system', 'a', 'mlkem1024-p384-aes-256-gcm');
    let asked = 0;
    const use = setInterval(() => {
      for (const [id, key] of before) assert.deepEqual(Buffer.from(keys.byId(id).key), Buffer.from(key));
      asked++;
    }, 1);
    const done: number[] = [];
    assert.equal(await keys.rewrap((at) => done.push(at)), 30);
    clearInterval(use);
    assert.ok(asked > 0 && done.length === 30);
    assert.equal(await keys.rewrap(), 0);
    assert.ok(!keys.parents().has(old!.id));
    ring.drop(old!.id);
    const next = openRootKey(join(path, 'next.key'), join(path, 'data'), true);
    await ring.changeRoot(next);
    const again = (await open(path, next)).keys;
    for (const [id, key] of before) assert.deepEqual(Buffer.from(again.byId(id).key), Buffer.from(key));
    assert.deepEqual([...new Set(again.list().map(({ suite }) => suite))], ['mlkem1024-p384-aes-256-gcm']);
    await assert.rejects(open(path), { code: 'root-key-wrong' });
  });

  it('of an owner that is shredded are gone, in a copy of the data that was made before too', async () => {
    const path = folder();
    const { keys } = await open(path);
    const a = (await keys.forDay('system:a', '2026-01-01')).key;
    const b = (await keys.forDay('system:b', '2026-01-01')).key;
    const copies = new Map(
      readdirSync(join(path, 'data', 'keys')).map((name) => [
        name,
        readFileSync(join(path, 'data', 'keys', name)),
      ]),
    );
    assert.equal(keys.shred('system:a'), 1);
    for (const [name, bytes] of copies) writeFileSync(join(path, 'data', 'keys', name), bytes);
    const again = (await open(path)).keys;
    assert.throws(() => again.byId(a.id), unreadable);
    assert.deepEqual(Buffer.from(again.byId(b.id).key), Buffer.from(b.key));
  });

  it('that the root wrapped itself, as it once did, go under the ring and open', async () => {
    const path = folder();
    const root = rootIn(path);
    const rootKey = Buffer.from(readFileSync(join(path, 'root.key'), 'latin1').trim(), 'base64');
    const legacy = (plain: Uint8Array, context: string): string => {
      const nonce = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', rootKey, nonce).setAAD(Buffer.from(context));
      const body = Buffer.concat([cipher.update(plain), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64');
    };
    const key = randomBytes(32);
    mkdirSync(join(path, 'data', 'keys'), { recursive: true });
    const file = { id: 'dek_1', purpose: 'system:a', day: '2026-01-01', provider: root.id };
    writeFileSync(
      join(path, 'data', 'keys', 'dek_1.json'),
      JSON.stringify({ ...file, wrapped: legacy(key, 'data-key:dek_1:system:a') }),
    );
    const { ring, keys } = await open(path, root);
    assert.deepEqual(Buffer.from(keys.byId('dek_1').key), key);
    assert.ok(readFileSync(join(path, 'data', 'keys', 'dek_1.json'), 'utf8').includes('sallyport-key/1'));
    const seed = randomBytes(32);
    const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
    writeFileSync(join(path, 's.json'), JSON.stringify({ wrapped: legacy(der, 'ledger-signing-key') }));
    const lifted = await openSigningKey(join(path, 's.json'), ring, 'ledger');
    const fresh = await openSigningKey(join(path, 's.json'), ring, 'ledger');
    assert.deepEqual(fresh.publicKey, lifted.publicKey);
    assert.deepEqual(fresh.quantumSafePublicKey, lifted.quantumSafePublicKey);
    assert.deepEqual([fresh.sign(seed).length, fresh.signQuantumSafe(seed).length], [64, 2420]);
    await assert.rejects(openSigningKey(join(path, 's.json'), ring, 'statements'), unreadable);
  });

  it('are forgotten when the root cannot be reached for half a day, and come back with it', async () => {
    const path = folder();
    const root = rootIn(path);
    let reachable = true;
    const remote: KeyProvider = {
      id: root.id,
      kind: 'transit',
      wrap: async (key, context) => root.wrap(key, context),
      unwrap: async (wrapped, context) => {
        if (!reachable) throw new CodedError('key-provider-unavailable');
        return root.unwrap(wrapped, context);
      },
    };
    const { ring } = await open(path, remote);
    const keys = await DataKeys.open(join(path, 'data', 'keys'), ring);
    const { key } = await keys.forDay('system:a', '2026-01-01');
    const cold = await DataKeys.open(join(path, 'data', 'keys'), ring);
    reachable = false;
    await ring.confirm();
    assert.deepEqual(Buffer.from(cold.byId(key.id).key), Buffer.from(key.key), 'for a while it goes on');
    const colder = await DataKeys.open(join(path, 'data', 'keys'), ring);
    const real = clock.nowMs;
    try {
      Object.assign(clock, { nowMs: () => real.call(clock) + 13 * 3_600_000 });
      await ring.confirm();
      assert.throws(() => colder.byId(key.id), { code: 'key-provider-unavailable' });
      await assert.rejects(open(path, remote), { code: 'key-provider-unavailable' });
      reachable = true;
      await ring.confirm();
      assert.deepEqual(Buffer.from(colder.byId(key.id).key), Buffer.from(key.key));
    } finally {
      Object.assign(clock, { nowMs: real });
    }
  });
});
