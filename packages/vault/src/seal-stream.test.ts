import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { newId } from '@sallyport/core';
import type { DataKey } from './data-keys.ts';
import { isSealedFile, openSealedFile, openSealedRange, sealedHeadKey, sealFile } from './seal-stream.ts';

const CHUNK = 64 * 1024;

describe('sealed files', () => {
  const folder = mkdtempSync(join(tmpdir(), 'vault-stream-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const key = (): DataKey => ({
    id: newId('dek'),
    purpose: 'artefact:x',
    day: '2026-01-01',
    key: randomBytes(32),
  });
  let files = 0;
  const seal = async (content: Buffer, using: DataKey, step = 100_000): Promise<string> => {
    const path = join(folder, String(files++));
    async function* pieces(): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < content.length; at += step) yield content.subarray(at, at + step);
    }
    await sealFile(using, 'context', pieces(), path);
    return path;
  };
  const open = (path: string, using: DataKey, context = 'context'): Buffer =>
    Buffer.concat([...openSealedFile(path, context, () => using)]);
  const refused = { code: 'sealed-content-unreadable' };

  it('open to what they were, at every size around a chunk and however it came in', async () => {
    const using = key();
    for (const size of [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 17])
      for (const step of [1 << 20, 777]) {
        const content = randomBytes(size);
        const path = await seal(content, using, step);
        assert.deepEqual(open(path, using), content, `${size} in pieces of ${step}`);
        assert.equal(sealedHeadKey(readFileSync(path)), using.id);
        assert.ok(isSealedFile(readFileSync(path)));
        assert.ok(size < 32 || !readFileSync(path).includes(content.subarray(0, 32)));
      }
  });

  it('open in any part, which tells of what was changed or cut off in it', async () => {
    const using = key();
    for (const size of [0, 10, CHUNK, 3 * CHUNK + 5]) {
      const content = randomBytes(size);
      const path = await seal(content, using);
      const range = (start: number, end: number): Buffer =>
        Buffer.from(openSealedRange(path, 'context', () => using, start, end));
      for (let n = 0; n < 60; n++) {
        const start = Math.floor(Math.random() * (size + 1));
        const end = start + Math.floor(Math.random() * (size + 100));
        assert.deepEqual(range(start, end), content.subarray(start, end), `${start} to ${end} of ${size}`);
      }
      assert.throws(() => openSealedRange(path, 'another', () => using, 0, 1), refused);
    }
    const content = randomBytes(3 * CHUNK + 5);
    const path = await seal(content, using);
    const whole = readFileSync(path);
    // Cut off behind a chunk: what is now the last was not sealed as such.
    writeFileSync(path, whole.subarray(0, whole.length - 5 - 16));
    assert.throws(() => openSealedRange(path, 'context', () => using, 2 * CHUNK, 2 * CHUNK + 1), refused);
    whole[whole.length - CHUNK]! ^= 1;
    writeFileSync(path, whole);
    assert.throws(() => openSealedRange(path, 'context', () => using, 2 * CHUNK, 3 * CHUNK), refused);
    assert.deepEqual(
      Buffer.from(openSealedRange(path, 'context', () => using, 5, CHUNK)),
      content.subarray(5, CHUNK),
      'what is whole opens',
    );
  });

  it('are refused under another key or context, and when anything in them is other, missing, more or elsewhere', async () => {
    const using = key();
    const content = randomBytes(3 * CHUNK + 5);
    const path = await seal(content, using);
    assert.throws(() => open(path, key()), refused);
    assert.throws(() => open(path, using, 'another'), refused);
    const whole = readFileSync(path);
    const header = whole.length - content.length - 4 * 16;
    const sealedChunk = CHUNK + 16;
    const chunk = (n: number): Buffer =>
      whole.subarray(header + n * sealedChunk, header + (n + 1) * sealedChunk);
    const head = whole.subarray(0, header);
    const broken: Readonly<Record<string, Buffer>> = {
      'a bit of each part': Buffer.from(whole),
      'no end': whole.subarray(0, header + 3 * sealedChunk),
      'half an end': whole.subarray(0, whole.length - 3),
      nothing: head,
      more: Buffer.concat([whole, Buffer.from('x')]),
      'chunks that changed places': Buffer.concat([head, chunk(1), chunk(0), chunk(2), chunk(3)]),
      'a chunk twice': Buffer.concat([head, chunk(0), chunk(0), chunk(1), chunk(2), chunk(3)]),
      'a chunk less': Buffer.concat([head, chunk(0), chunk(2), chunk(3)]),
    };
    for (const [what, bytes] of Object.entries(broken)) {
      if (what === 'a bit of each part') continue;
      writeFileSync(path, bytes);
      assert.throws(() => open(path, using), refused, what);
    }
    for (let at = 0; at < whole.length; at += 997) {
      const bytes = Buffer.from(whole);
      bytes[at]! ^= 1;
      writeFileSync(path, bytes);
      assert.throws(() => open(path, using), refused, `byte ${at}`);
    }
  });

  it('are never written over', async () => {
    const path = await seal(Buffer.from('a'), key());
    await assert.rejects(sealFile(key(), 'context', (async function* () {})(), path), { code: 'EEXIST' });
  });
});
