import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { after, before, describe, it } from 'node:test';
import {
  enforced,
  type FakeSystem,
  fakeSystem,
  type TestServer,
  testServer,
} from '../../../server/test/harness.ts';
import { ask, STREAMED, type Streamed, said } from './stream-dialects.ts';

/*
 * While text waits for its verdict the caller hears that the call goes on, and what waits is neither lost nor reordered
 * (BerriAI/litellm#31877, james-6-23/codex2api#623).
 */
const wait = (ms: number): Promise<void> => new Promise((tick) => setTimeout(tick, ms));
/** How long the AI system needs for its words, which are too few to be judged before the end. */
const SLOW_MS = 3_600;
const EVERY_MS = 300;

interface Heard {
  readonly sent: string;
  /** Longest time without a byte, in milliseconds. */
  readonly silence: number;
}

async function heard(response: Response): Promise<Heard> {
  let sent = '';
  let silence = 0;
  let last = performance.now();
  for await (const piece of response.body!) {
    silence = Math.max(silence, performance.now() - last);
    last = performance.now();
    sent += Buffer.from(piece as Uint8Array).toString();
  }
  return { sent, silence };
}

/** What an AI system sends in between, by operation. */
const PINGS: Readonly<Record<string, (own: Streamed) => string>> = {
  'an empty piece': (own) => own.delta(''),
  'a comment or an empty line': (own) => (own.type === 'text/event-stream' ? ': ping\n\n' : '\n'),
  'the ping of its protocol': (own) =>
    own.path.endsWith('messages') ? 'event: ping\ndata: {"type":"ping"}\n\n' : own.delta(''),
  nothing: () => '',
};

describe('text that is held', () => {
  let server: TestServer;
  let fake: FakeSystem;
  let key: string;
  before(async () => {
    fake = await fakeSystem();
    const dialects = ['openai', 'anthropic', 'ollama'];
    server = await testServer({
      systems: Object.fromEntries(dialects.map((dialect) => [dialect, enforced(fake, { dialect })])),
    });
    key = await server.key(dialects);
  });
  after(async () => {
    await server.stop();
    await fake.close();
  });

  for (const [what, ping] of Object.entries(PINGS))
    it(`is no silence of seconds, with ${what} in between`, async () => {
      const slow = async (own: Streamed, res: ServerResponse): Promise<void> => {
        res.writeHead(200, { 'content-type': own.type });
        for (const frame of own.begin) res.write(frame);
        for (let n = 0; n < SLOW_MS / EVERY_MS; n++) {
          res.write(n % 4 === 0 ? own.delta(`word ${n / 4} `) : ping(own));
          await wait(EVERY_MS);
        }
        for (const frame of own.close) res.write(frame);
        res.end();
      };
      const byPath = new Map(Object.values(STREAMED).map((own) => [own.path.replace(/^\/s\/\w+/, ''), own]));
      fake.answer = (req, res) => void slow(byPath.get(req.url!)!, res);
      await Promise.all(
        Object.entries(STREAMED).map(async ([dialect, own]) => {
          const { sent, silence } = await heard(await ask(server, key, own));
          assert.ok(silence < 2_000, `${dialect}: ${Math.round(silence)} ms`);
          assert.deepEqual(
            said(own, sent),
            { text: 'word 0 word 1 word 2 ', error: null, after: '' },
            dialect,
          );
          assert.match(sent, own.ends, dialect);
          const first = own.begin[0]?.trim();
          if (first)
            assert.ok(sent.replace(/^(?::\n\n)*/, '').startsWith(first), `${dialect}: ${sent.slice(0, 300)}`);
        }),
      );
    });

  it('pings of the AI system go on at once, and bring nothing with them', async () => {
    const own = STREAMED['messages']!;
    const filler = own.delta(
      'The report describes the work of the northern offices and names no one in it. ',
    );
    fake.answer = async (_req, res) => {
      res.writeHead(200, { 'content-type': own.type });
      for (const frame of [...own.begin, ...Array.from({ length: 8 }, () => filler)]) res.write(frame);
      await wait(200);
      res.write('event: ping\ndata: {"type":"ping"}\n\n');
      res.write('event: ping\ndata: {"type":"ping","card":"4111 1111 1111 1111"}\n\n');
      await wait(400);
      res.write(own.delta('the end.'));
      for (const frame of own.close) res.write(frame);
      res.end();
    };
    const response = await ask(server, key, own);
    let early = '';
    let sent = '';
    const began = performance.now();
    for await (const piece of response.body!) {
      sent += Buffer.from(piece as Uint8Array).toString();
      if (performance.now() - began < 500) early = sent;
    }
    assert.match(early, /event: ping\ndata: \{"type":"ping"\}/);
    assert.doesNotMatch(sent, /4111/);
    assert.match(said(own, sent).text, /the end\.$/);
  });
});
