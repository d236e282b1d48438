import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { inflateSync } from 'node:zlib';
import { CodedError } from '@sallyport/core';
import { type AgeIdentity, decryptAge, parseIdentity, passphraseIdentity } from '@sallyport/vault';
import { vectorFolder } from './vector-folders.ts';

const CHUNK = 65_536;
const cutUp = (bytes: Uint8Array, size: number): Uint8Array[] =>
  Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size));

describe('age files', () => {
  const named = process.env['SALLYPORT_VECTORS'];
  const { folder: kit, skip } = vectorFolder(
    'c2sp-cctv/age/testkit',
    named === undefined ? undefined : join(named, 'age'),
  );
  it('of the published test kit are read as it says', { skip }, async (t) => {
    let passed = 0;
    const left: string[] = [];
    for (const name of readdirSync(kit).sort()) {
      const bytes = readFileSync(join(kit, name));
      const end = bytes.indexOf('\n\n');
      const fields = bytes
        .toString('utf8', 0, end)
        .split('\n')
        .map((line) => line.split(/: (.*)/s) as [string, string]);
      const get = (field: string): string | undefined => fields.find(([key]) => key === field)?.[1];
      const body = bytes.subarray(end + 2);
      const file = get('compressed') === 'zlib' ? inflateSync(body) : body;
      const identities: AgeIdentity[] = [
        ...fields.filter(([key]) => key === 'identity').map(([, value]) => parseIdentity(value)),
        ...fields.filter(([key]) => key === 'passphrase').map(([, value]) => passphraseIdentity(value)),
      ];
      const expected = get('expect');
      const out: Uint8Array[] = [];
      let fault: Error | null = null;
      try {
        for await (const piece of decryptAge(identities, cutUp(file, 4096))) out.push(piece);
      } catch (error) {
        fault = error as Error;
      }
      if (fault) assert.ok(fault instanceof CodedError, `${name}: ${fault.stack}`);
      assert.equal(fault === null, expected === 'success', `${name}: ${expected}, ${fault?.message}`);
      const released = hash('sha256', Buffer.concat(out), 'hex');
      const most = get('payload') ?? hash('sha256', '', 'hex');
      if (expected === 'success') assert.equal(released, most, name);
      else if (expected !== 'payload failure') assert.equal(out.length, 0, `${name} handed something out`);
      else if (released !== most) {
        // A chunk that is not known not to be the last is held back until it is known.
        assert.equal(Buffer.concat(out).length % CHUNK, 0, name);
        left.push(`${name}: hands out ${Buffer.concat(out).length} bytes, less than the kit allows`);
      }
      passed++;
    }
    t.diagnostic(`${passed} as the kit says; left: ${left.length === 0 ? 'none' : left.join(', ')}`);
    assert.ok(passed > 50);
  });
});
