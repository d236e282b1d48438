import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  enforced,
  exchangeOf,
  type FakeSystem,
  fakeSystem,
  sendEvents,
  sendJson,
  type TestServer,
  testServer,
} from './harness.ts';

/* Fields of a stream that no protocol has: read event by event, and joined. And texts of an answer in odd shapes. */
const SECRET = 'AKIAQ3EGZ7RT5LWPN2VH';
const EMAIL = 'jo.miller@corp.example';

type Body = Record<string, unknown>;
const delta = (more: Body): Body => ({ choices: [{ index: 0, delta: { content: 'ok ', ...more } }] });

/** Where an event has a field of the system's own. */
const FIELDS: Record<
  string,
  { system: 'main' | 'claude' | 'llama'; path: string; ask: Body; event: (text: string) => Body }
> = {
  chat: {
    system: 'main',
    path: '/v1/chat/completions',
    ask: { messages: [{ role: 'user', content: 'hello' }] },
    event: (novel) => delta({ novel: { deep: novel } }),
  },
  'chat, with a name of the protocol': {
    system: 'main',
    path: '/v1/chat/completions',
    ask: { messages: [{ role: 'user', content: 'hello' }] },
    event: (content) => ({ ...delta({}), novel: { content } }),
  },
  responses: {
    system: 'main',
    path: '/v1/responses',
    ask: { input: 'hello' },
    event: (novel) => ({
      type: 'response.output_text.delta',
      item_id: 'm',
      output_index: 0,
      content_index: 0,
      delta: 'ok ',
      novel,
    }),
  },
  messages: {
    system: 'claude',
    path: '/v1/messages',
    ask: { max_tokens: 5, messages: [{ role: 'user', content: 'hello' }] },
    event: (novel) => ({
      type: 'content_block_delta',
      index: 0,
      delta: { type: 'text_delta', text: 'ok ', novel },
    }),
  },
  ollama: {
    system: 'llama',
    path: '/api/chat',
    ask: { messages: [{ role: 'user', content: 'hello' }] },
    event: (created_at) => ({
      model: 'm',
      created_at,
      message: { role: 'assistant', content: 'ok ' },
      done: false,
    }),
  },
};

describe('what no protocol knows of an answer', () => {
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

  const streamOf = async (
    { system, path, ask }: (typeof FIELDS)[string],
    events: readonly Body[],
  ): Promise<{ text: string; id: string }> => {
    const lines = system === 'llama';
    const frames = events.map((event) =>
      lines ? `${JSON.stringify(event)}\n` : `data: ${JSON.stringify(event)}\n\n`,
    );
    fake.answer = (_req, res) =>
      sendEvents(res, [frames.join('')], lines ? 'application/x-ndjson' : 'text/event-stream');
    const response = await server.post(path, keys.get(system)!, { model: system, stream: true, ...ask });
    return { text: await response.text(), id: exchangeOf(response) };
  };

  for (const [name, form] of Object.entries(FIELDS)) {
    it(`${name}: a value in a field of each event is seen, though beside those of others it is no word`, async () => {
      const denied = await streamOf(
        form,
        Array.from({ length: 5 }, () => form.event(SECRET)),
      );
      assert.match(denied.text, /output-denied/);
      assert.ok(!denied.text.includes(SECRET));
      const masked = await streamOf(
        form,
        Array.from({ length: 4 }, () => form.event(EMAIL)),
      );
      assert.ok(!masked.text.includes('miller'), masked.text);
      assert.match(masked.text, /\[EMAIL_\d\]/);
    });

    it(`${name}: and so is one that is cut over several events`, async () => {
      const { text } = await streamOf(
        form,
        `${SECRET.match(/.{1,4}/g)!.join(' ')}`.split(' ').map(form.event),
      );
      assert.match(text, /output-denied/);
      assert.ok(!text.includes(SECRET.slice(-4)));
    });

    it(`${name}: harmless ones pass as they are, and are no tokens`, async () => {
      const texts = Array.from(
        { length: 30 },
        (_, n) => `${1_700_000_000 + n} worker-${n} ${'x'.repeat(200)}`,
      );
      const events = texts.map(form.event);
      const { text, id } = await streamOf(form, events);
      for (const event of events) assert.ok(text.includes(JSON.stringify(event)), text);
      const { entries } = await server.control.exchange('test', id, false);
      const outcome = entries.map(({ leaf }) => leaf).find(({ type }) => type === 'exchange-outcome');
      assert.ok(outcome?.type === 'exchange-outcome');
      assert.ok(outcome.outputTokens < 100, `${outcome.outputTokens}`);
    });
  }

  const SHAPES: Record<string, (text: string) => unknown> = {
    'a list of strings': (text) => ['so ', text],
    'nested lists': (text) => [[['so '], [text]]],
    'an object with text': (text) => ({ type: 'text', text }),
    'parts with a value': (text) => [{ type: 'text', text: { value: text } }],
    'a list with null and numbers': (text) => [null, 7, text, false],
  };
  for (const [shape, of] of Object.entries(SHAPES))
    it(`content that is ${shape} is read, whole and in a stream`, async () => {
      for (const [text, found] of [
        [SECRET, /output-denied/],
        [EMAIL, /\[EMAIL_1\]/],
      ] as const) {
        const choice = { index: 0, message: { role: 'assistant', content: of(text) }, finish_reason: 'stop' };
        fake.answer = (_req, res) => sendJson(res, JSON.stringify({ choices: [choice] }));
        const whole = await (await server.chat(keys.get('main')!, 'hello')).text();
        const { text: stream } = await streamOf(FIELDS['chat']!, [delta({ content: of(text) })]);
        const cut = [text.slice(0, 9), text.slice(9)];
        const pieces = await streamOf(
          FIELDS['chat']!,
          cut.map((piece) => delta({ content: of(piece) })),
        );
        for (const got of [whole, stream]) {
          assert.match(got, found, got);
          assert.ok(!got.includes(text));
        }
        if (!shape.includes('list')) assert.match(pieces.text, found, pieces.text);
        assert.ok(!pieces.text.includes(SECRET.slice(9)), pieces.text);
      }
    });

  it('content that is null, a number, empty or of harmless parts passes as it is', async () => {
    for (const content of [
      null,
      7,
      '',
      [],
      {},
      [null],
      ['fine', ['too']],
      [{ type: 'text', text: 'fine' }],
    ]) {
      const body = {
        choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
      };
      fake.answer = (_req, res) => sendJson(res, JSON.stringify(body));
      assert.deepEqual(JSON.parse(await (await server.chat(keys.get('main')!, 'hello')).text()), body);
      const event = { choices: [{ index: 0, delta: { content } }] };
      assert.equal((await streamOf(FIELDS['chat']!, [event])).text, `data: ${JSON.stringify(event)}\n\n`);
    }
  });
});
