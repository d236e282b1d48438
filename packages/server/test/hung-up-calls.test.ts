import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { chunk, enforced, type FakeSystem, fakeSystem, type TestServer, testServer } from './harness.ts';

const ASKED = 15_000;
const USAGE = { prompt_tokens: 10, completion_tokens: 20, total_tokens: 30 };

describe('a call that its caller hangs up', () => {
  let fake: FakeSystem;
  let server: TestServer;
  before(async () => {
    fake = await fakeSystem();
    server = await testServer({
      systems: { main: enforced(fake, { prices: { inputPerMillion: 10, outputPerMillion: 40 } }) },
    });
  });
  after(async () => {
    await server.stop();
    await fake.close();
  });

  /** Calls, and hangs up once a text came, or after a time. @returns the status; 0 where none came */
  async function hangUp(key: string, stream: boolean, ms: number, after?: string): Promise<number> {
    const gone = new AbortController();
    const timer = setTimeout(() => gone.abort(), ms);
    try {
      const response = await fetch(`${server.gatewayUrl}/v1/chat/completions`, {
        method: 'POST',
        signal: gone.signal,
        headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
        body: JSON.stringify({
          model: 'm',
          stream,
          max_completion_tokens: ASKED,
          messages: [{ role: 'user', content: 'think hard' }],
        }),
      });
      if (response.status !== 200) return response.status;
      let got = '';
      for await (const piece of response.body!) {
        got += Buffer.from(piece).toString();
        if (after !== undefined && got.includes(after)) gone.abort();
      }
      return response.status;
    } catch {
      return 0;
    } finally {
      clearTimeout(timer);
    }
  }

  /** How the newest call ended. */
  async function ended(outcome: string) {
    for (let n = 0; n < 100; n++) {
      await server.control.installation.flush();
      const [newest] = await server.control.exchanges({ limit: 1 });
      if (newest?.outcome === outcome) return newest;
      await sleep(20);
    }
    throw new Error(`no call ended as ${outcome}`);
  }

  for (const [how, stream, answer] of [
    ['before its answer', false, null],
    ['before its stream', true, null],
    [
      'before the end of its stream',
      true,
      [chunk({ content: 'The answer is forty-two. ' }), chunk({}, 0, 'stop')],
    ],
    [
      'after a first count of its tokens',
      true,
      [
        chunk({ content: 'The answer is forty-two. ' }),
        `data: ${JSON.stringify({ ...JSON.parse(chunk({}).slice(6)), usage: { prompt_tokens: 10, completion_tokens: 1, total_tokens: 11 } })}\n\n`,
        chunk({}, 0, 'stop'),
      ],
    ],
  ] as const)
    it(`${how} counts as what it asked for`, async () => {
      fake.answer = async (_req, res) => {
        if (answer !== null) {
          res.writeHead(200, { 'content-type': 'text/event-stream' });
          for (const event of answer) res.write(event);
        }
        await sleep(3_000);
        res.end();
      };
      const key = await server.key(['main'], { tokensPerMinute: 20_000 });
      assert.equal(await hangUp(key, stream, 1_500, '"stop"'), 0);
      const call = await ended('aborted');
      assert.ok(call.output_tokens >= ASKED, `${call.output_tokens}`);
      assert.ok(call.cost_micro_usd >= ASKED * 40, `${call.cost_micro_usd}`);
      assert.equal(await hangUp(key, false, 1_500), 429, 'the limit holds');
    });

  it('counts as all that it asked for where its answer is made later', async () => {
    fake.answer = (_req, res) => {
      res.writeHead(200, { 'content-type': 'application/json' });
      res.end(
        JSON.stringify({ id: 'resp_1', object: 'response', status: 'queued', output: [], usage: null }),
      );
    };
    const key = await server.key(['main']);
    const body = { model: 'm', input: 'think hard', background: true, max_output_tokens: ASKED };
    assert.equal((await server.post('/v1/responses', key, body)).status, 200);
    assert.equal((await ended('answered')).output_tokens, ASKED);
  });

  it('is counted by what it used where it is read to its end', async () => {
    fake.answer = (_req, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      res.write(chunk({ content: 'The answer is forty-two. ' }));
      res.write(chunk({}, 0, 'stop'));
      res.end(
        `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [], usage: USAGE })}\n\ndata: [DONE]\n\n`,
      );
    };
    const key = await server.key(['main'], { tokensPerMinute: 20_000 });
    for (let n = 0; n < 3; n++) assert.equal(await hangUp(key, true, 10_000), 200);
    assert.equal((await ended('answered')).output_tokens, 20);
  });

  it('counts as little as nothing where the AI system took it and closed the connection', async () => {
    fake.answer = (_req, res) => void res.destroy();
    const key = await server.key(['main'], { tokensPerMinute: 20_000 });
    for (let n = 0; n < 3; n++) assert.equal(await hangUp(key, false, 10_000), 502);
  });
});
