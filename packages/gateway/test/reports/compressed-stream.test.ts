import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import * as zlib from 'node:zlib';
import {
  chunk,
  completion,
  enforced,
  type FakeSystem,
  fakeSystem,
  type TestServer,
  testServer,
} from '../../../server/test/harness.ts';

/*
 * AI systems, and proxies before them, compress streams though `identity` was asked for; proxies behind collect what is
 * not marked (BerriAI/litellm#29557, mostlygeek/llama-swap#236).
 */
const ENCODERS: Readonly<Record<string, () => zlib.Gzip | zlib.BrotliCompress | zlib.ZstdCompress>> = {
  gzip: () => zlib.createGzip(),
  'x-gzip': () => zlib.createGzip(),
  deflate: () => zlib.createDeflate(),
  br: () => zlib.createBrotliCompress(),
  zstd: () => zlib.createZstdCompress(),
};
const SUM = { params: { [zlib.constants.ZSTD_c_checksumFlag]: 1 } };

/** A text, compressed with a sum over it where the encoding has one. */
function compress(text: string, encoding: string): Buffer {
  if (encoding === 'br') return zlib.brotliCompressSync(text);
  if (encoding === 'zstd') return zlib.zstdCompressSync(text, SUM);
  return encoding === 'deflate' ? zlib.deflateSync(text) : zlib.gzipSync(text);
}
const WORDS = Array.from({ length: 60 }, (_, n) => `word${n} `);
const FRAMES = [...WORDS.map((content) => chunk({ content })), chunk({}, 0, 'stop'), 'data: [DONE]\n\n'];
const textOf = (sse: string): string =>
  [...sse.matchAll(/^data: (\{.*)$/gm)]
    .map(
      ([, json]) =>
        (JSON.parse(json!) as { choices: { delta: { content?: string } }[] }).choices[0]!.delta.content,
    )
    .join('');

describe('compressed streams', () => {
  let server: TestServer;
  let fake: FakeSystem;
  let key: string;
  before(async () => {
    fake = await fakeSystem();
    server = await testServer({
      systems: { main: enforced(fake) },
      config: { limits: { streamBytesMax: 4_000_000 } },
    });
    key = await server.key(['main']);
  });
  after(async () => {
    await server.stop();
    await fake.close();
  });
  const ask = (): Promise<Response> => server.chat(key, 'hi', { stream: true });

  for (const [encoding, encoder] of Object.entries(ENCODERS)) {
    it(`${encoding}: is undone, event by event`, async () => {
      fake.answer = async (_req, res) => {
        res.writeHead(200, { 'content-type': 'text/event-stream', 'content-encoding': encoding });
        const compress = encoder();
        compress.pipe(res);
        for (const frame of FRAMES) {
          compress.write(frame);
          await new Promise<void>((done) => compress.flush(() => done()));
        }
        compress.end();
      };
      const response = await ask();
      assert.equal(response.headers.get('content-encoding'), null);
      assert.equal(response.headers.get('x-accel-buffering'), 'no');
      assert.equal(response.headers.get('cache-control'), 'no-cache');
      const sse = await response.text();
      assert.equal(textOf(sse), WORDS.join(''));
      assert.match(sse, /data: \[DONE\]/);
    });

    it(`${encoding}: what is bad in it is found, what was judged before goes out`, async () => {
      const compressed = (text: string): Buffer => compress(text, encoding);
      const long = Array.from({ length: 400 }, (_, n) => chunk({ content: `This is sentence ${n}. ` })).join(
        '',
      );
      const send = (body: Buffer): void => {
        fake.answer = (_req, res) => {
          res.writeHead(200, { 'content-type': 'text/event-stream', 'content-encoding': encoding });
          res.end(body);
        };
      };
      send(compressed(`${long}${chunk({ content: `AKIA${'QWER7YUIOPASDFGH'}` })}`));
      const denied = await (await ask()).text();
      assert.match(denied, /This is sentence 300.*output-denied/s);
      assert.doesNotMatch(denied, /QWER7/);
      send(compressed(long).subarray(0, -9));
      const cut = await (await ask()).text();
      assert.match(cut, /upstream-invalid/);
      const whole = compressed(long);
      for (const tail of ['data: [DONE]\n\n', '\n', '\0'.repeat(8)]) {
        send(Buffer.concat([whole, Buffer.from(tail)]));
        assert.match(await (await ask()).text(), /upstream-invalid/, tail);
      }
      // Brotli has no sum.
      if (encoding !== 'br') {
        const broken = Buffer.from(compress(long, encoding));
        broken[broken.length - (encoding === 'zstd' ? 1 : 6)]! ^= 1;
        send(broken);
        assert.match(await (await ask()).text(), /upstream-invalid/, 'a wrong sum');
      }
      send(compressed(`data: ${'x'.repeat(8_000_000)}\n\n`));
      assert.match(await (await ask()).text(), /upstream-too-large/);
      send(Buffer.from('this is nothing of the kind'));
      assert.match(await (await ask()).text(), /upstream-invalid/);
    });
  }

  for (const encoding of Object.keys(ENCODERS))
    it(`${encoding}: a whole answer that is not compressed from its first byte to its last is withheld`, async () => {
      const answer = completion('The answer is 42.');
      const send = (body: Buffer, status = 200): void => {
        fake.answer = (_req, res) => {
          res.writeHead(status, { 'content-type': 'application/json', 'content-encoding': encoding });
          res.end(body);
        };
      };
      const told = async (): Promise<string> => (await server.chat(key, 'hi')).text();
      const whole = compress(answer, encoding);
      send(whole);
      assert.match(await told(), /The answer is 42/);
      const bad = [
        ...['\n', '\0'.repeat(8), answer].map((tail) => Buffer.concat([whole, Buffer.from(tail)])),
      ];
      if (encoding !== 'br') {
        const broken = Buffer.from(whole);
        broken[broken.length - (encoding === 'zstd' ? 1 : 6)]! ^= 1;
        bad.push(broken);
      }
      for (const body of [...bad, whole.subarray(0, -3)])
        for (const status of [200, 429]) {
          send(body, status);
          const text = await told();
          assert.match(text, status === 200 ? /upstream-invalid/ : /status 429/, encoding);
          assert.doesNotMatch(text, /The answer is 42/, encoding);
        }
    });

  it('an encoding that is not known ends the call', async () => {
    fake.answer = (_req, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream', 'content-encoding': 'compress' });
      res.end('x');
    };
    const response = await ask();
    assert.equal(response.status, 502);
    assert.match(await response.text(), /upstream-invalid/);
  });

  it('a stream that is not compressed is marked, too', async () => {
    fake.answer = (_req, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      res.end(FRAMES.join(''));
    };
    const response = await ask();
    assert.equal(response.headers.get('x-accel-buffering'), 'no');
    assert.equal(textOf(await response.text()), WORDS.join(''));
  });
});
