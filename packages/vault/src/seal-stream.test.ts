import assert from 'node:assert/strict';
import { createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { newId } from '@sallyport/core';
import { streamFile } from '../test/stream-file.ts';
import type { DataKey } from './data-keys.ts';
import {
  isSealedAsNow,
  isSealedFile,
  openSealedFile,
  openSealedRange,
  sealedHeadKey,
  sealFile,
} from './seal-stream.ts';

const CHUNK = 16 * 1024;

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
    for (const size of [
      0,
      1,
      CHUNK - 1,
      CHUNK,
      CHUNK + 1,
      2 * CHUNK,
      3 * CHUNK + 17,
      9 * CHUNK,
      20 * CHUNK + 1,
    ])
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
    // Where it ends is asked of the last chunk, whatever is left of it.
    for (const cut of [1, 5, 5 + 16, 5 + 17, 5 + 16 + CHUNK, CHUNK + 5 + 32, 2 * CHUNK]) {
      writeFileSync(path, whole.subarray(0, whole.length - cut));
      assert.throws(
        () => openSealedRange(path, 'context', () => using, 0, content.length),
        refused,
        `${cut} bytes cut off`,
      );
      assert.throws(
        () => openSealedRange(path, 'context', () => using, content.length, content.length + 1),
        refused,
        `${cut} bytes cut off, and nothing of the rest asked for`,
      );
    }
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

  it('of before open as they did, and are told apart', () => {
    // Made by the version that wrote them.
    const made =
      'c2FsbHlwb3J0LXN0cmVhbS0xCmRla19nb2xkZW4gICAgICAgICAgICAgICAgICAgIM/1ur0Ir5P4B5d0EaNLZR+J0pL0RdSLNvRu7TSsiMJdx1YWcX9+JiDs/xcTLQOowZqGGkpjdBbZLUeFoNKr8BW8kd3tjgEMQHo0m+Qsib6am1Z/pTvYZfQ/o39st5ogrOA7cep9ZFjuhQ==';
    const using = { ...key(), id: 'dek_golden', key: Buffer.alloc(32, 7) };
    const path = join(folder, String(files++));
    writeFileSync(path, Buffer.from(made, 'base64'));
    assert.equal(open(path, using).toString(), 'sealed before Cobblestone');
    assert.throws(() => open(path, using, 'another'), refused);
    assert.ok(isSealedFile(readFileSync(path)) && !isSealedAsNow(readFileSync(path)));
    for (const size of [0, 1, 4 * CHUNK - 1, 4 * CHUNK, 4 * CHUNK + 1, 8 * CHUNK]) {
      const content = randomBytes(size);
      const file = streamFile(using, 'context', content);
      writeFileSync(path, file);
      assert.deepEqual(open(path, using), content, String(size));
      for (let at = 0; at < file.length; at += 4999) {
        const bytes = Buffer.from(file);
        bytes[at]! ^= 1;
        writeFileSync(path, bytes);
        assert.throws(() => open(path, using), refused, `byte ${at} of ${size}`);
      }
      for (const cut of [1, 16, 17, 4 * CHUNK + 16]) {
        writeFileSync(path, file.subarray(0, Math.max(0, file.length - cut)));
        assert.throws(() => open(path, using), refused, `${size} without ${cut}`);
      }
    }
  });

  it('are a message of Cobblestone-256 behind the line that names it and the id of the key', async () => {
    const using = key();
    const content = randomBytes(2 * CHUNK + 9);
    const file = readFileSync(await seal(content, using));
    assert.ok(isSealedAsNow(file));
    const line = 'sallyport-cobblestone-256\n';
    const about = file.subarray(0, line.length + 30);
    assert.equal(about.toString(), `${line}${using.id.padEnd(30)}`);
    const [salt, message] = [file.subarray(about.length, about.length + 24), file.subarray(about.length)];
    // By the text of the specification, with nothing of what made it.
    const info = Buffer.concat([
      Buffer.from('c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0'),
      salt,
      about,
      Buffer.from('context'),
    ]);
    const block = (...parts: readonly Buffer[]): Buffer =>
      createHmac('sha512', using.key).update(Buffer.concat(parts)).digest();
    const first = block(info, Buffer.from([1]));
    const derived = Buffer.concat([first, block(first, info, Buffer.from([2]))]);
    assert.deepEqual(message.subarray(24, 56), derived.subarray(44, 76), 'its commitment');
    const plain: Buffer[] = [];
    for (let chunk = 0; 56 + chunk * (CHUNK + 16) < message.length; chunk++) {
      const sealed = message.subarray(56 + chunk * (CHUNK + 16)).subarray(0, CHUNK + 16);
      const counter = (BigInt(`0x${derived.toString('hex', 32, 44)}`) ^ BigInt(chunk)).toString(16);
      const nonce = Buffer.from(counter.padStart(24, '0'), 'hex');
      const decipher = createDecipheriv('aes-256-gcm', derived.subarray(0, 32), nonce);
      decipher.setAuthTag(sealed.subarray(-16));
      plain.push(decipher.update(sealed.subarray(0, -16)), decipher.final());
    }
    assert.deepEqual(Buffer.concat(plain), content);
  });

  it('are never written over', async () => {
    const path = await seal(Buffer.from('a'), key());
    await assert.rejects(sealFile(key(), 'context', (async function* () {})(), path), { code: 'EEXIST' });
  });
});
