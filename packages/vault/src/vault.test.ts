import assert from 'node:assert/strict';
import { createCipheriv } from 'node:crypto';
import { chmodSync, mkdtempSync, renameSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { commit, commitmentHasher, commitWithSalt, SALT_BYTES } from './commitment.ts';
import { openRootKey } from './providers/file.ts';
import { open, seal, sealedKeyId, sealedPart, sealedPlace, sealingKey, sealTogether } from './seal.ts';
import { MessageKeys } from './xaes.ts';

const folder = (): string => mkdtempSync(join(tmpdir(), 'vault-'));
const raw = { id: 'dek_0123456789abcdefghjkmnpqrs', key: new Uint8Array(32).fill(7) };
const key = sealingKey(raw);

describe('sealed content', () => {
  it('opens with its key and context, and with nothing else', () => {
    const sealed = seal(key, 'exc_1/input', Buffer.from('hello'));
    assert.equal(sealedKeyId(sealed), raw.id);
    assert.equal(Buffer.from(open(raw.key, 'exc_1/input', sealed)).toString(), 'hello');
    assert.throws(() => open(raw.key, 'exc_1/output', sealed), { code: 'sealed-content-unreadable' });
    assert.throws(() => open(new Uint8Array(32), 'exc_1/input', sealed), {
      code: 'sealed-content-unreadable',
    });
    for (let i = 0; i < sealed.length; i++) {
      if (i >= 1 && i < 31) continue;
      const bad = Buffer.from(sealed);
      bad[i]! ^= 1;
      assert.throws(
        () => sealedPart(bad, open(raw.key, 'exc_1/input', bad), 0),
        { code: 'sealed-content-unreadable' },
        `byte ${i}`,
      );
    }
  });

  it('gives each message a key of its own (vectors of C2SP XAES-256-GCM)', () => {
    const nonce = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWX');
    const cases: [number, string, string][] = [
      [1, '', 'ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271'],
      [3, 'c2sp.org/XAES-256-GCM', '986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d'],
    ];
    for (const [byte, context, wanted] of cases) {
      const own = new MessageKeys(Buffer.alloc(32, byte)).of(nonce);
      const cipher = createCipheriv('aes-256-gcm', own.key, own.nonce).setAAD(Buffer.from(context));
      const sealed = Buffer.concat([cipher.update('XAES-256-GCM'), cipher.final(), cipher.getAuthTag()]);
      assert.equal(sealed.toString('hex'), wanted);
    }
  });

  it('of earlier versions still opens', () => {
    const nonce = Buffer.alloc(12, 5);
    const cipher = createCipheriv('aes-256-gcm', raw.key, nonce).setAAD(Buffer.from('c'));
    const content = Buffer.concat([cipher.update('from before'), cipher.final()]);
    for (const kind of [1, 2]) {
      const sealed = Buffer.concat([
        Buffer.from([kind]),
        Buffer.from(raw.id.padEnd(30)),
        nonce,
        cipher.getAuthTag(),
        content,
      ]);
      assert.equal(sealedKeyId(sealed), raw.id);
      assert.equal(Buffer.from(open(raw.key, 'c', sealed)).toString(), 'from before');
    }
  });

  it('ends with the uses of its key, however often that is made ready', () => {
    const worn = { id: 'dek_worn', key: new Uint8Array(32).fill(3) };
    seal(sealingKey(worn, 3), 'c', Buffer.from('1'));
    seal(sealingKey(worn, 3), 'c', Buffer.from('2'));
    const last = seal(sealingKey(worn, 3), 'c', Buffer.from('3'));
    assert.throws(() => seal(sealingKey(worn, 3), 'c', Buffer.from('4')), { code: 'data-key-used-up' });
    assert.throws(() => sealTogether([{ key: sealingKey(worn, 3), context: 'c', plain: Buffer.alloc(1) }]), {
      code: 'data-key-used-up',
    });
    assert.equal(Buffer.from(open(worn.key, 'c', last)).toString(), '3');
  });

  it('sealed together comes apart again, each under its own key', () => {
    const other = sealingKey({ id: 'dek_other', key: new Uint8Array(32).fill(9) });
    fc.assert(
      fc.property(
        fc.array(fc.option(fc.record({ own: fc.boolean(), plain: fc.uint8Array({ maxLength: 50 }) })), {
          maxLength: 600,
        }),
        (items) => {
          const sealables = items.map((item, i) =>
            item ? { key: item.own ? key : other, context: `c${i}`, plain: item.plain } : null,
          );
          const stored = sealTogether(sealables);
          items.forEach((item, i) => {
            if (!item) return assert.equal(stored[i], null);
            const { back, part } = sealedPlace(stored[i]!);
            const sealed = stored[i - back]!;
            const secret = item.own ? raw.key : new Uint8Array(32).fill(9);
            assert.deepEqual(
              Buffer.from(sealedPart(sealed, open(secret, `c${i - back}`, sealed), part)),
              Buffer.from(item.plain),
            );
          });
        },
      ),
      { numRuns: 50 },
    );
  });

  it('commitments are the same whole and in pieces', () => {
    const content = Buffer.from('some content that arrives in pieces');
    const { commitment, salted } = commitWithSalt(content);
    const salt = salted.subarray(0, SALT_BYTES);
    assert.equal(commit(salt, content), commitment);
    const hasher = commitmentHasher(salt);
    for (const byte of content) hasher.update(Buffer.from([byte]));
    assert.equal(hasher.digest(), commitment);
    assert.notEqual(commitWithSalt(content).commitment, commitment, 'salted');
  });
});

describe('keys', () => {
  it('the root key is made once, private, and says where it lies', () => {
    const [data, home] = [folder(), folder()];
    const path = join(home, 'deep', 'root.key');
    assert.throws(() => openRootKey(path, data, false), { code: 'root-key-missing' });
    const made = openRootKey(path, data, true);
    assert.deepEqual([made.place, made.exposed, statSync(path).mode & 0o777], ['outside', false, 0o600]);
    assert.equal(openRootKey(path, data, false).id, made.id);
    assert.equal(openRootKey(join(data, 'k'), data, true).place, 'beside-the-data');
    chmodSync(path, 0o644);
    assert.equal(openRootKey(path, data, false).exposed, true);
    writeFileSync(path, 'short');
    assert.throws(() => openRootKey(path, data, false), { code: 'root-key-wrong' });
  });

  it('the place of the root key is what it is when it is asked for, however it is named and linked', () => {
    const [data, home] = [folder(), folder()];
    const path = join(home, 'root.key');
    const root = openRootKey(path, data, true);
    chmodSync(path, 0o640);
    assert.equal(root.exposed, true, 'opened to a group meanwhile');
    chmodSync(path, 0o600);
    assert.deepEqual([root.place, root.exposed], ['outside', false]);
    renameSync(path, join(data, 'moved'));
    assert.deepEqual([root.place, root.exposed], ['missing', false]);
    symlinkSync(join(data, 'moved'), path);
    assert.equal(root.place, 'beside-the-data', 'a link out there, a key in here');
    chmodSync(join(data, 'moved'), 0o644);
    assert.equal(root.exposed, true, 'behind the link');
    assert.equal(openRootKey(join(data, '..root.key'), data, true).place, 'beside-the-data');
    assert.equal(openRootKey(join(`${data}-keys`, 'root.key'), data, true).place, 'outside');
    const linked = join(home, 'data');
    symlinkSync(data, linked);
    assert.equal(openRootKey(join(data, 'k'), linked, true).place, 'beside-the-data');
  });
});
