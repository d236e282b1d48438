import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { commit, commitmentHasher, commitWithSalt, SALT_BYTES } from './commitment.ts';
import { openRootKey } from './providers/file.ts';
import { open, seal, sealedKeyId, sealedPart, sealedPlace, sealingKey, sealTogether } from './seal.ts';

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
});
