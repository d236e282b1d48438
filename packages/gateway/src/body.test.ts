import assert from 'node:assert/strict';
import { createHook } from 'node:async_hooks';
import type { IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import { describe, it } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { decode, readBody } from './body.ts';
import { Memory } from './memory.ts';
import { StreamRecord } from './stream-record.ts';

const KB = 1024;

/** A request that a test writes, and what its call holds. */
function request(announced?: number) {
  const memory = new Memory();
  const stream = new PassThrough();
  const headers = announced === undefined ? {} : { 'content-length': `${announced}` };
  const req = Object.assign(stream, { headers, complete: true }) as unknown as IncomingMessage;
  return { memory, stream, req, holding: memory.enter('caller', 8, 64 * KB) };
}

describe('a body', () => {
  it('has room for all of it before any of it came, where its length is announced', async () => {
    const { memory, stream, req, holding } = request(10 * KB);
    const body = readBody(req, 64 * KB, 1_000, holding);
    assert.equal(memory.bytes, 2 * 10 * KB);
    stream.write(Buffer.alloc(4 * KB));
    stream.end(Buffer.alloc(6 * KB));
    assert.equal((await body).length, 10 * KB);
    assert.equal(memory.bytes, 2 * 10 * KB, 'what was announced is not counted again as it comes');
  });

  it('has room for each piece as it comes, where it is not, or where it is more than was announced', async () => {
    for (const announced of [undefined, 3 * KB]) {
      const { memory, stream, req, holding } = request(announced);
      const body = readBody(req, 64 * KB, 1_000, holding);
      assert.equal(memory.bytes, 2 * (announced ?? 0));
      stream.write(Buffer.alloc(2 * KB));
      await new Promise((turn) => setImmediate(turn));
      assert.equal(memory.bytes, 2 * Math.max(announced ?? 0, 2 * KB));
      stream.end(Buffer.alloc(5 * KB));
      await body;
      assert.equal(memory.bytes, 2 * 7 * KB);
    }
  });

  it('may be as long as a body may be, and no longer: announced, or as it comes', async () => {
    for (const announced of [true, false]) {
      const exact = request(announced ? 8 * KB : undefined);
      const body = readBody(exact.req, 8 * KB, 1_000, exact.holding);
      exact.stream.end(Buffer.alloc(8 * KB));
      assert.equal((await body).length, 8 * KB);
      const over = request(announced ? 8 * KB + 1 : undefined);
      const refused = readBody(over.req, 8 * KB, 1_000, over.holding);
      over.stream.end(Buffer.alloc(8 * KB + 1));
      await assert.rejects(refused, { code: 'body-too-large' });
      if (announced) assert.equal(over.memory.bytes, 0, 'nothing was taken for it');
    }
  });
});

describe('what comes byte by byte', () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const held = (): number => {
    collect();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  const COUNT = 1_000_000;
  const slab = Buffer.alloc(COUNT, 'a');

  it('is held as what it is, not as so many pieces: a body', async () => {
    const { stream, req } = request();
    const holding = new Memory().enter('caller', 8, 32 * KB * KB);
    const body = readBody(req, 32 * KB * KB, 60_000, holding);
    const before = held();
    for (let n = 0; n < COUNT; n++) stream.emit('data', slab.subarray(n, n + 1));
    const more = held() - before;
    assert.ok(more < 8 * COUNT, `${more} bytes for ${COUNT}`);
    stream.end();
    assert.equal((await body).length, COUNT);
  });

  it('and so is what is kept of a stream', () => {
    const record = new StreamRecord({ bytes: 0 });
    const before = held();
    for (let n = 0; n < COUNT; n++) record.note(slab.subarray(n, n + 1));
    const more = held() - before;
    assert.ok(more < 8 * COUNT, `${more} bytes for ${COUNT}`);
    record.letGo();
  });
});

describe('what is compressed', () => {
  it('is decompressed a few at a time, and every one comes to its turn', async () => {
    const packed = gzipSync(Buffer.alloc(512 * KB));
    let begun = 0;
    const count = createHook({ init: (_id, type) => void (type === 'ZLIB' && begun++) }).enable();
    // What ended gives its turn back: the second time as many begin at once.
    for (const [side, most] of [
      ['body', 4],
      ['upstream', 2],
    ] as const)
      for (let time = 0; time < 2; time++) {
        begun = 0;
        const all = Array.from({ length: 9 }, () => decode(packed, 'gzip', 1024 * KB, side));
        assert.equal(begun, most, side);
        for (const plain of await Promise.all(all)) assert.equal(plain.length, 512 * KB);
        assert.equal(begun, all.length);
      }
    count.disable();
  });

  it('gives its turn to the next where it fails', async () => {
    const bad = Array.from({ length: 9 }, () => decode(Buffer.from('no gzip'), 'gzip', KB, 'upstream'));
    for (const one of await Promise.allSettled(bad)) assert.equal(one.status, 'rejected');
    const good = await decode(brotliCompressSync('words'), 'br', KB, 'upstream');
    assert.equal(good.toString(), 'words');
  });
});
