import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { after, before, describe, it } from 'node:test';
import {
  chunk,
  enforced,
  exchangeOf,
  type FakeSystem,
  fakeSystem,
  sendEvents,
  type TestServer,
  testServer,
} from './harness.ts';

const DONE = 'data: [DONE]\n\n';
const CARD = '4111 1111 1111 1111';
const wait = (ms: number): Promise<void> => new Promise((tick) => setTimeout(tick, ms));

/** Everything a stream of chunks says, by where it says it. */
function spoken(text: string): Record<string, string> {
  const out: Record<string, string> = {};
  for (const line of text.split('\n')) {
    if (!line.startsWith('data: {')) continue;
    const data = JSON.parse(line.slice(6)) as {
      error?: { code: string };
      choices?: { index: number; delta: Record<string, unknown> }[];
    };
    if (data.error) out['error'] = data.error.code;
    for (const { index, delta } of data.choices ?? []) {
      for (const [field, value] of Object.entries(delta)) {
        if (typeof value === 'string') out[`${index}/${field}`] = (out[`${index}/${field}`] ?? '') + value;
        else
          for (const call of value as { index: number; function: { arguments: string } }[])
            out[`${index}/tool/${call.index}`] =
              (out[`${index}/tool/${call.index}`] ?? '') + call.function.arguments;
      }
    }
  }
  return out;
}

describe('streams', () => {
  let server: TestServer;
  let fake: FakeSystem;
  let key: string;
  before(async () => {
    fake = await fakeSystem();
    server = await testServer({
      systems: { main: enforced(fake, { canaries: ['MAGNOLIA-3391'] }) },
      config: { deadlines: { connectMs: 500, firstByteMs: 1500, idleMs: 1500, bodyMs: 1500 } },
    });
    key = await server.key(['main']);
  });
  after(async () => {
    await server.stop();
    await fake.close();
  });
  const stream = async (
    pieces: readonly (string | Buffer)[],
    content = 'hello',
  ): Promise<Record<string, string>> => {
    fake.answer = (_req, res) => sendEvents(res, pieces);
    return spoken(await (await server.chat(key, content, { stream: true })).text());
  };
  const latest = async () => (await server.control.exchanges({ limit: 1 }))[0]!;

  const filler =
    'The quarterly report describes the work of the northern offices in some detail and without surprises. '.repeat(
      6,
    );
  const cut = (text: string, size: number): string[] => text.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? [];

  it('pass untouched, byte for byte, when nothing is found', async () => {
    const pieces = [
      chunk({ role: 'assistant', content: '' }),
      ...cut(filler, 7).map((content) => chunk({ content })),
      chunk({}, 0, 'stop'),
      DONE,
    ];
    fake.answer = (_req, res) => sendEvents(res, pieces);
    assert.equal(await (await server.chat(key, 'hello', { stream: true })).text(), pieces.join(''));
    assert.equal((await latest()).outcome, 'answered');
  });

  const places: Record<string, (text: string) => string> = {
    content: (content) => chunk({ content }),
    'a second choice': (content) => chunk({ content }, 1),
    reasoning: (reasoning_content) => chunk({ reasoning_content }),
    'tool arguments': (text) => chunk({ tool_calls: [{ index: 0, function: { arguments: text } }] }),
    'a second tool call': (text) => chunk({ tool_calls: [{ index: 1, function: { arguments: text } }] }),
    refusal: (refusal) => chunk({ refusal }),
    'a field nobody knows': (text) => chunk({ later: text }),
  };
  for (const [place, write] of Object.entries(places)) {
    it(`a canary in ${place} is withheld whole, however it is cut`, async () => {
      for (const size of [1, 3, 8, 400]) {
        const said = await stream([
          ...cut(`${filler}${filler}the code is MAGNOLIA-3391 so there. ${filler}`, size).map(write),
          DONE,
        ]);
        assert.equal(said['error'], 'output-denied', `${size}`);
        const all = Object.entries(said)
          .filter(([name]) => name !== 'error')
          .map(([, text]) => text)
          .join('');
        assert.ok(!/mag/i.test(all), 'nothing of the match');
        assert.ok(all.length > 100, 'what was judged before came through');
      }
    });
  }

  it('the same answer split at every byte offset gives the same answer', async () => {
    const text = `${filler.slice(0, 150)} Her card is ${CARD}; the é and 漢字 stay. ${filler.slice(0, 90)}`;
    const whole = Buffer.from(
      [...cut(text, 30).map((content) => chunk({ content })), chunk({}, 0, 'stop'), DONE].join(''),
    );
    const wanted = text.replace(CARD, '[CREDIT-CARD_1]');
    fake.answer = (req, res) => {
      const at = Number(req.headers['idempotency-key']);
      sendEvents(
        res,
        [whole.subarray(0, at), whole.subarray(at)].filter((piece) => piece.length > 0),
      );
    };
    const offsets = Array.from({ length: whole.length }, (_, i) => i);
    let next = 0;
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        for (let at = offsets[next++]; at !== undefined; at = offsets[next++]) {
          const response = await server.post(
            '/v1/chat/completions',
            key,
            { model: 'main', stream: true, messages: [{ role: 'user', content: 'hi' }] },
            { 'idempotency-key': String(at) },
          );
          assert.equal(spoken(await response.text())['0/content'], wanted, `split at ${at}`);
        }
      }),
    );
  });

  it('however the deltas are cut, verdict and text are the same', async () => {
    const text = `${filler}mail bob@corp.example or call +44 20 7946 0958, card ${CARD}. ${filler}`;
    const results = new Set<string>();
    for (const size of [1, 2, 5, 17, 64, 129, 500, 5000])
      results.add(
        (await stream([...cut(text, size).map((content) => chunk({ content })), DONE]))['0/content']!,
      );
    assert.equal(results.size, 1);
    assert.ok(![...results][0]!.includes('4111') && ![...results][0]!.includes('bob@'));
    assert.match([...results][0]!, /mail \[EMAIL_1\] or call \[PHONE_1\], card \[CREDIT-CARD_1\]\./);
  });

  it('placeholders are restored across chunks', async () => {
    fake.answer = (_req, res, body) => {
      const { messages } = JSON.parse(body.toString()) as { messages: { content: string }[] };
      sendEvents(res, [
        ...cut(`${filler}You said: ${messages[0]!.content} ${filler}`, 3).map((content) =>
          chunk({ content }),
        ),
        DONE,
      ]);
    };
    const said = spoken(await (await server.chat(key, `card ${CARD} please`, { stream: true })).text());
    assert.match(said['0/content']!, /You said: card 4111 1111 1111 1111 please/);
    assert.ok(!fake.requests.at(-1)!.body.includes('4111'));
  });

  it('a long secret in base64 is withheld from its start', async () => {
    const hidden = Buffer.from(`${'padding words here '.repeat(20)} MAGNOLIA-3391`).toString('base64');
    const said = await stream([
      ...cut(`${filler}data ${hidden} end ${filler}`, 10).map((content) => chunk({ content })),
      DONE,
    ]);
    assert.equal(said['error'], 'output-denied');
    assert.ok(!said['0/content']!.includes(hidden.slice(0, 12)));
  });

  it('two choices interleaved, one that ends early, do not hold each other up for ever', async () => {
    let sent = 0;
    fake.answer = async (_req, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      res.write(chunk({ reasoning_content: 'thinking a little first' }));
      for (const content of cut(filler.repeat(4), 20)) res.write(chunk({ content }));
      sent = 1;
      await wait(400);
      res.end(DONE);
    };
    const response = await server.chat(key, 'hi', { stream: true });
    let early = '';
    for await (const piece of response.body!) {
      if (sent === 1 && early.length < 1000) early += Buffer.from(piece as Uint8Array).toString();
    }
    assert.ok(early.length > 0);
  });

  it('5,000 chunks arrive in order and whole', async () => {
    const pieces = Array.from({ length: 5000 }, (_, i) => `word${i} `);
    const said = await stream([...pieces.map((content) => chunk({ content })), DONE]);
    assert.equal(said['0/content'], pieces.join(''));
  });

  it('a system that dies in the middle ends the stream with an error, recorded', async () => {
    fake.answer = (_req, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const content of cut(filler, 20)) res.write(chunk({ content }));
      setTimeout(() => res.destroy(), 50);
    };
    const response = await server.chat(key, 'hi', { stream: true });
    assert.equal(spoken(await response.text())['error'], 'upstream-unreachable');
    assert.deepEqual(
      [(await latest()).outcome, (await latest()).code],
      ['upstream-error', 'upstream-unreachable'],
    );
  });

  it('a system that falls silent ends the stream with a timeout', async () => {
    fake.answer = (_req, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      res.write(chunk({ content: 'and then' }));
    };
    assert.equal(
      spoken(await (await server.chat(key, 'hi', { stream: true })).text())['error'],
      'upstream-timeout',
    );
    assert.equal((await latest()).outcome, 'timeout');
  });

  it('garbage instead of events is refused', async () => {
    for (const garbage of [
      'data: {"choices":[\n\n',
      'data: \x00\x01\n\n',
      Buffer.from('data: "\xff\xfe"\n\n', 'latin1'),
    ]) {
      assert.equal((await stream([garbage, DONE]))['error'], 'upstream-invalid');
    }
  });

  it('a stream without end is cut at its limit', async () => {
    const own = await testServer({
      systems: { main: enforced(fake) },
      config: { limits: { streamBytesMax: 1_000_000 } },
    });
    try {
      fake.answer = (_req, res) => {
        res.writeHead(200, { 'content-type': 'text/event-stream' });
        const more = (): void => {
          while (!res.destroyed && res.write(chunk({ content: filler }))) {}
        };
        res.on('drain', more);
        more();
      };
      const text = await (await own.chat(await own.key(['main']), 'hi', { stream: true })).text();
      assert.equal(spoken(text)['error'], 'upstream-too-large');
    } finally {
      await own.stop();
    }
  });

  it('a caller who leaves ends the upstream call', async () => {
    let upstream: ServerResponse | null = null;
    fake.answer = (_req, res) => {
      upstream = res;
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      res.write(chunk({ content: 'x' }));
    };
    const control = new AbortController();
    const response = await fetch(`${server.gatewayUrl}/v1/chat/completions`, {
      method: 'POST',
      signal: control.signal,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'main', stream: true, messages: [{ role: 'user', content: 'hi' }] }),
    });
    const id = exchangeOf(response);
    control.abort();
    await wait(300);
    assert.ok((upstream as ServerResponse | null)!.destroyed);
    assert.equal((await server.control.exchange('test', id, false)).summary.outcome, 'aborted');
  });

  it('a slow reader makes the system wait, in bounded memory, and is cut off when it stops', async () => {
    let written = 0;
    fake.answer = (_req, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      const more = (): void => {
        while (!res.destroyed && written < 200_000_000) {
          const piece = chunk({ content: filler });
          written += piece.length;
          if (!res.write(piece)) return;
        }
      };
      res.on('drain', more);
      more();
    };
    const url = new URL(server.gatewayUrl);
    const socket = connect(Number(url.port), url.hostname);
    const body = JSON.stringify({ model: 'main', stream: true, messages: [{ role: 'user', content: 'hi' }] });
    socket.write(
      `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    socket.pause();
    await wait(1200);
    const soFar = written;
    assert.ok(soFar < 30_000_000, `${soFar} bytes were taken from the system for a caller who reads nothing`);
    for (let i = 0; i < 400 && (await latest()).outcome === null; i++) await wait(100);
    assert.equal((await latest()).outcome, 'aborted');
    socket.destroy();
  });
});
