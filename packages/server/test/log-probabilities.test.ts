import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  enforced,
  type FakeSystem,
  fakeSystem,
  sendEvents,
  sendJson,
  type TestServer,
  testServer,
} from './harness.ts';

/* Log probabilities spell an answer a second time, token by token, and what could have stood there. */
const SECRET = 'AKIAQ3EGZ7RT5LWPN2VH';
const CARD = '4111 1111 1111 1111';
const SAID = 'the offices of the north are open';

type Body = Record<string, unknown>;
const tokensOf = (text: string): string[] => text.match(/.{1,3}/gsu) ?? [];
const bytesOf = (token: string): number[] => [...Buffer.from(token)];

/** A token as chat completions, responses and Ollama write it. @param others alternatives to it */
const entry = (token: string, others: readonly string[] = []): Body => ({
  token,
  logprob: -0.25,
  bytes: bytesOf(token),
  top_logprobs: [token, ...others].map((one, n) => ({ token: one, logprob: -0.25 - n, bytes: bytesOf(one) })),
});
/** As completions write them. */
const legacy = (tokens: readonly string[], others: readonly string[] = []): Body => ({
  tokens,
  token_logprobs: tokens.map(() => -0.25),
  top_logprobs: tokens.map((token, n) => ({ [token]: -0.25, ...(others[n] && { [others[n]]: -1 }) })),
  text_offset: tokens.map((_, n) => n * 3),
});

/** Where an operation has a text and the tokens of it; `details` makes one token, or one piece of a stream. */
interface Form {
  readonly system: 'main' | 'llama';
  readonly path: string;
  readonly ask: Body;
  readonly details: (tokens: readonly string[], others?: readonly string[]) => unknown;
  readonly whole: (text: string, details: unknown) => Body;
  readonly event: (text: string, details: unknown) => Body;
  /** Where the details stand in a whole answer, and in an event. */
  readonly at: readonly [whole: string, event: string];
}

const list = (tokens: readonly string[], others: readonly string[] = []): Body[] =>
  tokens.map((token, n) => entry(token, others[n] === undefined ? [] : [others[n]]));
const messages = [{ role: 'user', content: 'hello' }];

const FORMS: Record<string, Form> = {
  chat: {
    system: 'main',
    path: '/v1/chat/completions',
    ask: { messages, n: 2 },
    details: (tokens, others) => ({ content: list(tokens, others), refusal: null }),
    whole: (content, logprobs) => ({
      choices: [
        { index: 0, message: { role: 'assistant', content }, logprobs, finish_reason: 'stop' },
        {
          index: 1,
          message: { role: 'assistant', content: SAID },
          logprobs: { content: list(tokensOf(SAID)) },
          finish_reason: 'stop',
        },
      ],
    }),
    event: (content, logprobs) => ({
      id: 'c',
      choices: [{ index: 0, delta: { content }, logprobs, finish_reason: null }],
    }),
    at: ['/choices/0/logprobs', '/choices/0/logprobs'],
  },
  completions: {
    system: 'main',
    path: '/v1/completions',
    ask: { prompt: 'hello' },
    details: legacy,
    whole: (text, logprobs) => ({ choices: [{ index: 0, text, logprobs, finish_reason: 'stop' }] }),
    event: (text, logprobs) => ({ choices: [{ index: 0, text, logprobs, finish_reason: null }] }),
    at: ['/choices/0/logprobs', '/choices/0/logprobs'],
  },
  responses: {
    system: 'main',
    path: '/v1/responses',
    ask: { input: 'hello' },
    details: list,
    whole: (text, logprobs) => ({
      object: 'response',
      output: [
        { id: 'm', type: 'message', role: 'assistant', content: [{ type: 'output_text', text, logprobs }] },
      ],
    }),
    event: (delta, logprobs) => ({
      type: 'response.output_text.delta',
      item_id: 'm',
      output_index: 0,
      content_index: 0,
      delta,
      logprobs,
    }),
    at: ['/output/0/content/0/logprobs', '/logprobs'],
  },
  ollama: {
    system: 'llama',
    path: '/api/chat',
    ask: { messages },
    details: list,
    whole: (content, logprobs) => ({
      model: 'm',
      message: { role: 'assistant', content },
      logprobs,
      done: true,
    }),
    event: (content, logprobs) => ({
      model: 'm',
      message: { role: 'assistant', content },
      logprobs,
      done: false,
    }),
    at: ['/logprobs', '/logprobs'],
  },
  generate: {
    system: 'llama',
    path: '/api/generate',
    ask: { prompt: 'hello' },
    details: list,
    whole: (response, logprobs) => ({ model: 'm', response, logprobs, done: true }),
    event: (response, logprobs) => ({ model: 'm', response, logprobs, done: false }),
    at: ['/logprobs', '/logprobs'],
  },
};

const get = (body: unknown, pointer: string): unknown =>
  pointer
    .split('/')
    .slice(1)
    .reduce((at: unknown, name) => (at as Body)[name], body);

const withoutBytes = (value: unknown): string =>
  JSON.stringify(value, (key, own: unknown) => (key === 'bytes' ? undefined : own));

describe('log probabilities of an answer', () => {
  let server: TestServer;
  let fake: FakeSystem;
  const keys = new Map<string, string>();
  before(async () => {
    fake = await fakeSystem();
    server = await testServer({
      systems: { main: enforced(fake), llama: enforced(fake, { dialect: 'ollama' }) },
    });
    for (const name of ['main', 'llama']) keys.set(name, await server.key([name]));
  });
  after(async () => {
    await server.stop();
    await fake.close();
  });

  const ask = async ({ system, path, ask: own }: Form, stream: boolean): Promise<string> =>
    (await server.post(path, keys.get(system)!, { model: system, stream, ...own })).text();
  const wholeOf = (form: Form, body: Body): Promise<string> => {
    fake.answer = (_req, res) => sendJson(res, JSON.stringify(body));
    return ask(form, false);
  };
  const streamOf = async (form: Form, events: readonly Body[]): Promise<{ text: string; events: Body[] }> => {
    const lines = form.system === 'llama';
    const frames = events.map((event) =>
      lines ? `${JSON.stringify(event)}\n` : `data: ${JSON.stringify(event)}\n\n`,
    );
    fake.answer = (_req, res) =>
      sendEvents(res, [frames.join('')], lines ? 'application/x-ndjson' : 'text/event-stream');
    const text = await ask(form, true);
    return {
      text,
      events: text
        .split('\n')
        .map((line) => line.replace(/^data: /, ''))
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line) as Body),
    };
  };

  for (const [name, form] of Object.entries(FORMS)) {
    it(`${name}: that spell the answer pass as they are, alternatives and pieces of characters too`, async () => {
      const text = `${SAID} – 漢字 and 😀 at 1700000000 for 12.50 ${SAID}`;
      const tokens = tokensOf(text);
      const details = form.details(tokens, ['a', ' 7', '41', ' the', '\n', '11']);
      const body = form.whole(text, details);
      assert.deepEqual(JSON.parse(await wholeOf(form, body)), body);
      const events = tokens.map((token) => form.event(token, form.details([token], [' or'])));
      assert.deepEqual((await streamOf(form, events)).events, events);
      if (name === 'completions') return;
      // A character in two tokens: OpenAI writes its bytes as escapes, others as a mark.
      const [first, second] = [bytesOf('😀').slice(0, 2), bytesOf('😀').slice(2)];
      for (const [one, other] of [
        [' \\xf0\\x9f', '\\x98\\x80'],
        [' \ufffd', '\ufffd'],
      ]) {
        const odd = [
          { token: one, logprob: -1, bytes: [32, ...first], top_logprobs: [] },
          { token: other, logprob: -1, bytes: second, top_logprobs: [] },
        ];
        const emoji = form.whole(' 😀', name === 'chat' ? { content: odd } : odd);
        assert.deepEqual(JSON.parse(await wholeOf(form, emoji)), emoji);
      }
    });

    it(`${name}: a secret in tokens or in alternatives does not pass, whole or in a stream`, async () => {
      const hidden = tokensOf(`it is ${SECRET} so`);
      const plain = tokensOf('nothing to see here for anybody at all, sorry').slice(0, hidden.length);
      for (const details of [
        (n: number, end: number) => form.details(hidden.slice(n, end)),
        (n: number, end: number) => form.details(plain.slice(n, end), hidden.slice(n, end)),
      ]) {
        assert.match(await wholeOf(form, form.whole(SAID, details(0, 99))), /output-denied/);
        const events = hidden.map((_, n) => form.event(plain[n]!, details(n, n + 1)));
        const { text } = await streamOf(form, events);
        assert.match(text, /output-denied/);
        assert.doesNotMatch(text, /AKI|7RT/);
      }
    });

    it(`${name}: go where the text that they spell is masked, and only there`, async () => {
      const text = `her card is ${CARD} and ${SAID}`;
      const tokens = tokensOf(text);
      const [at, eventAt] = form.at;
      const whole = JSON.parse(await wholeOf(form, form.whole(text, form.details(tokens)))) as Body;
      assert.equal(get(whole, at), null);
      const left = withoutBytes(whole);
      assert.ok(left.includes('[CREDIT-CARD_1]') && !/4111|111/.test(left), left);
      if (name === 'chat') assert.notEqual(get(whole, '/choices/1/logprobs'), null);
      const { events } = await streamOf(
        form,
        tokens.map((token) => form.event(token, form.details([token]))),
      );
      const masked = withoutBytes(events);
      assert.ok(masked.includes('[CREDIT-CARD_1]') && !/411|111/.test(masked), masked);
      assert.ok(events.some((event) => get(event, eventAt) === null));
      assert.ok(events.some((event) => get(event, eventAt) !== null));
    });

    it(`${name}: a value that only they spell goes with them`, async () => {
      const hidden = tokensOf(`her card is ${CARD} then`);
      const [at, eventAt] = form.at;
      const whole = await wholeOf(form, form.whole(SAID, form.details(hidden)));
      assert.equal(get(JSON.parse(whole), at), null);
      const { text, events } = await streamOf(
        form,
        hidden.map((token) => form.event('ok ', form.details([token]))),
      );
      assert.ok(!/111/.test(text), text);
      assert.ok(events.some((event) => get(event, eventAt) === null));
    });

    if (name !== 'completions')
      it(`${name}: bytes that are not those of their token are dropped`, async () => {
        const odd = (text: string): Body[] =>
          tokensOf(text).map((token) => ({
            token: 'x',
            logprob: -1,
            bytes: bytesOf(token),
            top_logprobs: [],
          }));
        const details = (list: Body[]): unknown => (name === 'chat' ? { content: list } : list);
        const whole = await wholeOf(form, form.whole('x'.repeat(7), details(odd(SECRET))));
        assert.match(whole, /"bytes":null/);
        assert.doesNotMatch(whole, /\[65,75,73\]/);
        const { text } = await streamOf(
          form,
          odd(SECRET).map((one) => form.event('x', details([one]))),
        );
        assert.match(text, /"bytes":null/);
        assert.doesNotMatch(text, /\[65,75,73\]/);
      });
  }

  it('go from the end of a text that is masked, too', async () => {
    const text = `her card is ${CARD} and ${SAID}`;
    const event = (own: string, logprobs: unknown): Body => ({
      type: 'response.output_text.done',
      item_id: 'm',
      output_index: 0,
      content_index: 0,
      text: own,
      logprobs,
    });
    for (const own of [text, SAID]) {
      const got = await streamOf(FORMS['responses']!, [event(own, list(tokensOf(text)))]);
      assert.equal(got.events[0]!['logprobs'], null, got.text);
      assert.ok(!withoutBytes(got.events).includes('111'));
    }
  });

  it('that spell a text elsewhere in the answer are judged by themselves', async () => {
    const form = FORMS['chat']!;
    const said = `her card is ${CARD}`;
    const details = { content: [{ token: said }] };
    const message = { role: 'assistant', content: said };
    const other = { index: 1, message: { role: 'assistant', content: null }, logprobs: details };
    for (const choices of [
      [{ index: 0, message: { ...message, x: { logprobs: details } } }],
      [{ index: 0, message }, other],
      [other, { index: 0, message }],
      [{ index: 0, message: { ...message, content: 'ok', id: said } }, other],
    ]) {
      const whole = await wholeOf(form, { choices });
      assert.ok(whole.includes('"logprobs":null') && !whole.includes('4111'), whole);
      const deltas = choices.map(({ message: delta, ...choice }) => ({ ...choice, delta }));
      const { text } = await streamOf(form, [{ choices: deltas }]);
      assert.ok(text.includes('"logprobs":null') && !text.includes('4111'), text);
    }
  });

  it('input of a tool that is named like them stays as it is', async () => {
    const input = { logprobs: [{ token: 'x', bytes: [1, 2, 3] }], top_logprobs: [{ a: 1 }] };
    const call = { function: { name: 'f', arguments: input } };
    const body = { model: 'm', message: { role: 'assistant', content: '', tool_calls: [call] }, done: true };
    assert.deepEqual(JSON.parse(await wholeOf(FORMS['ollama']!, body)), body);
  });
});
