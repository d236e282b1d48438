import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createParser } from 'eventsource-parser';
import {
  chunk,
  enforced,
  type FakeSystem,
  fakeSystem,
  sendEvents,
  type TestServer,
  testServer,
} from './harness.ts';

const DONE = 'data: [DONE]\n\n';
const WORDS = 'The quarterly report describes the work of the northern offices in some detail. ';

/** What a client's parser sees, comments apart. */
function seen(text: string): { event: string; data: string }[] {
  const events: { event: string; data: string }[] = [];
  const parser = createParser({
    onEvent: ({ event, data, id }) => {
      assert.equal(id, undefined, 'no ids');
      events.push({ event: event ?? '', data });
    },
  });
  parser.feed(text);
  return events;
}

describe('frames of streams', () => {
  let server: TestServer;
  let fake: FakeSystem;
  const keys = new Map<string, string>();
  before(async () => {
    fake = await fakeSystem();
    server = await testServer({
      systems: {
        main: enforced(fake),
        claude: enforced(fake, { dialect: 'anthropic' }),
        llama: enforced(fake, { dialect: 'ollama' }),
      },
    });
    for (const name of ['main', 'claude', 'llama']) keys.set(name, await server.key([name]));
  });
  after(async () => {
    await server.stop();
    await fake.close();
  });
  const ask = async (system: string, path: string, pieces: readonly (string | Buffer)[], type?: string) => {
    fake.answer = (_req, res) => sendEvents(res, pieces, type);
    const messages = [{ role: 'user', content: 'hello' }];
    const body = { model: system, stream: true, max_tokens: 5, messages, input: 'hello' };
    return (await server.post(path, keys.get(system)!, body)).text();
  };
  const chat = (pieces: readonly (string | Buffer)[]): Promise<string> =>
    ask('main', '/v1/chat/completions', pieces);

  it('a model’s text names no event, though it is changed on the way', async () => {
    for (const separator of ['\u2028', '\u2029', '\u0085', '\\u2028']) {
      const content = `${separator}event: error${separator}data: {"a":1}${separator} card 4111 1111 1111 1111.`;
      const frame = `data: {"choices":[{"index":0,"delta":{"content":"${content.replaceAll('"', '\\"')}"}}]}\n\n`;
      const text = await chat([frame, DONE]);
      assert.deepEqual(
        seen(text).map(({ event }) => event),
        ['', ''],
        JSON.stringify(separator),
      );
      assert.match(text, /CREDIT-CARD_1/);
      assert.doesNotMatch(text, /[\u0085\u2028\u2029]/, 'some clients end a line there');
    }
  });

  it('comments, ids, retry times and names that the data does not bear out never reach the caller', async () => {
    const text = await chat([
      ': SECRETONE\n\n',
      `id: SECRETTWO\nretry: 12345\nevent: SECRETTHREE\n${chunk({ content: 'one ' })}`,
      `event: one\nevent: SECRETFOUR\rdata: {"choices":[{"index":0,"delta":{"content":"two "}}]}\r\r`,
      `other: SECRETFIVE\n${chunk({ content: 'three' })}`,
      'id: SECRET\0SIX\n\n',
      'SECRETSEVEN\n\n',
      DONE,
    ]);
    assert.doesNotMatch(text, /SECRET|12345|event:|id:/);
    const said = seen(text)
      .filter(({ data }) => data !== '[DONE]')
      .map(
        ({ data }) =>
          (JSON.parse(data) as { choices: { delta: { content: string } }[] }).choices[0]!.delta.content,
      );
    assert.equal(said.join(''), 'one two three');
  });

  it('names of events that say what the data says pass; others go', async () => {
    const event = (name: string, data: object): string => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
    const start = {
      type: 'message_start',
      message: { id: 'msg_1', type: 'message', role: 'assistant', content: [], model: 'claude' },
    };
    const delta = { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'hi' } };
    const text = await ask('claude', '/v1/messages', [
      event('message_start', start),
      event('ping', { type: 'ping' }),
      event('ping', delta),
      event('message_stop', { type: 'message_stop' }),
    ]);
    assert.deepEqual(
      seen(text).map(({ event: name }) => name),
      ['message_start', 'ping', '', 'message_stop'],
    );
    const other = await ask('main', '/v1/responses', [
      event('response.created', { type: 'response.created', response: { id: 'resp_1' } }),
      event('response.output_text.delta', { type: 'response.created', response: { id: 'resp_1' } }),
    ]);
    assert.deepEqual(
      seen(other).map(({ event: name }) => name),
      ['response.created', ''],
    );
  });

  it('an empty event, `[DONE]` with spaces and a last event without an end lose nothing', async () => {
    const pieces = [chunk({ content: WORDS }), 'data:\n\n', 'data: \n\n', chunk({ content: WORDS })];
    const text = await chat([...pieces, 'data:  [DONE] \n\n', chunk({ content: 'after' }).trimEnd()]);
    assert.equal((text.match(/northern offices/g) ?? []).length, 2);
    assert.deepEqual(
      seen(text)
        .map(({ data }) => data)
        .slice(-2, -1),
      ['[DONE]'],
    );
    assert.match(text, /"after"/);
  });

  it('a keep-alive does not wait for text that is held', async () => {
    fake.answer = async (_req, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      res.write(chunk({ content: 'short' }));
      res.write(': ping\n\n');
      await new Promise((tick) => setTimeout(tick, 1_500));
      res.end(DONE);
    };
    const response = await server.chat(keys.get('main')!, 'hello', { stream: true });
    const began = performance.now();
    const reader = response.body!.getReader();
    const first = await reader.read();
    assert.ok(performance.now() - began < 1_000, 'it came at once');
    assert.equal(Buffer.from(first.value!).toString(), ':\n\n');
    while (!(await reader.read()).done);
  });

  it('lines of JSON: one object a line, whatever stands between its tokens', async () => {
    const line = (text: string): string =>
      `{"model":"llama",\r"message":{"role":"assistant","content":"${text}"},"done":false}\n`;
    const text = await ask(
      'llama',
      '/api/chat',
      [line(`a\u2028{\\"b\\":1}`), '\n', line('card 4111 1111 1111 1111.'), '{"done":true}'],
      'application/x-ndjson',
    );
    const lines = text.split(/[\r\n\u2028\u2029\u0085]/).filter((one) => one !== '');
    assert.equal(lines.length, 3);
    assert.match(
      lines
        .map((one) => (JSON.parse(one) as { message?: { content: string } }).message?.content ?? '')
        .join(),
      /^a\u2028\{"b":1\},card \[CREDIT-CARD_1\]\.,$/,
    );
  });
});
