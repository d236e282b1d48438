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

/*
 * Clients put the pieces of a stream together each in its own way: by the first choice of a chunk, by the type of an event, by an
 * id or a place. What any of them reads as one text is judged as one.
 */
const SECRET = 'AKIAQ3EGZ7RT5LWPN2VH';
const OTHER = 'the offices in the north report ';
const LONG = `${OTHER.repeat(12)}\n`;

type Body = Record<string, unknown>;
type Event = Body & { type?: string };

/** What a client reads of the events of an answer. */
type Read = (events: readonly Event[]) => string;

interface Way {
  readonly path: string;
  /** A stream that hides pieces among other texts. */
  readonly hides: (pieces: readonly string[], other: string) => Event[];
  readonly read: Read;
  readonly ask?: Body;
}

const listOf = (own: unknown): Body[] => (Array.isArray(own) ? (own as Body[]) : []);
const at = (own: unknown, ...path: string[]): unknown =>
  path.reduce<unknown>((value, key) => (value as Body | undefined)?.[key], own);
const textsAt =
  (...path: string[]): Read =>
  (events) =>
    events.map((event) => at(event, ...path) ?? '').join('');

const chunk = (...choices: Body[]): Event => ({ id: 'c', object: 'chat.completion.chunk', choices });
const firstChoice =
  (...path: string[]): Read =>
  (events) =>
    events.map(({ choices }) => at(listOf(choices)[0], ...path) ?? '').join('');

const delta = (own: Body): Event => ({ type: 'response.output_text.delta', content_index: 0, ...own });
const reasoned = (n: number, text: string): Event => ({
  type: 'response.reasoning_summary_text.delta',
  ...{ item_id: `i${n}`, output_index: n, summary_index: 0, delta: text },
});
/** All text of a response whose events say something. */
const written =
  (key: string, value: unknown): Read =>
  (events) =>
    events
      .filter((event) => event.type === 'response.output_text.delta' && event[key] === value)
      .map(({ delta: text }) => text)
      .join('');

const blockEvents = (index: number, start: Body, grows: Body): Event[] => [
  { type: 'content_block_start', index, content_block: start },
  { type: 'content_block_delta', index, delta: grows },
  { type: 'content_block_stop', index },
];
const textBlock = (index: number, text: string): Event[] =>
  blockEvents(index, { type: 'text', text: '' }, { type: 'text_delta', text });
const thinkingBlock = (index: number, thinking: string): Event[] =>
  blockEvents(index, { type: 'thinking', thinking: '', signature: '' }, { type: 'thinking_delta', thinking });
const toolBlock = (index: number, value: string): Event[] =>
  blockEvents(
    index,
    { type: 'tool_use', id: `t${index}`, name: 'look', input: {} },
    { type: 'input_json_delta', partial_json: JSON.stringify({ value }) },
  );
const message = (text: string, other?: string): Body => ({
  ...{ type: 'message', role: 'assistant' },
  content: [
    { type: 'output_text', text, annotations: [] },
    ...(other === undefined ? [] : [{ type: 'novel', text: other }]),
  ],
});
const reasoning = (text: string): Body => ({
  ...{ type: 'reasoning', summary: [] },
  content: [{ type: 'reasoning_text', text }],
});
/** What a client shows of the output of a response. */
const saidIn = (output: unknown): string =>
  listOf(output)
    .filter(({ type }) => type === 'message')
    .flatMap(({ content }) => listOf(content))
    .filter(({ type }) => type === 'output_text')
    .map(({ text }) => text)
    .join('');
const CHAT = '/s/main/v1/chat/completions';
const RESPONSES = '/s/main/v1/responses';
const MESSAGES = '/s/claude/v1/messages';

const WAYS: Readonly<Record<string, Way>> = {
  'the first choice of each chunk, whichever it is': {
    path: CHAT,
    hides: (pieces, other) =>
      pieces.map((content, n) =>
        chunk({ index: 2 * n, delta: { content } }, { index: 2 * n + 1, delta: { content: other } }),
      ),
    read: firstChoice('delta', 'content'),
  },
  'the first of two choices that are one': {
    path: CHAT,
    hides: (pieces, other) =>
      pieces.map((content) =>
        chunk({ index: 0, delta: { content } }, { index: 0, delta: { content: other } }),
      ),
    read: firstChoice('delta', 'content'),
  },
  'the first choice of a completion': {
    path: '/s/main/v1/completions',
    hides: (pieces, other) =>
      pieces.map((text, n) => chunk({ index: n, text }, { index: n + 100, text: other })),
    read: firstChoice('text'),
  },
  'text between thinking': {
    path: MESSAGES,
    hides: (pieces, other) =>
      pieces.flatMap((text, n) => [...textBlock(2 * n, text), ...thinkingBlock(2 * n + 1, other)]),
    read: textsAt('delta', 'text'),
  },
  'text between calls of tools': {
    path: MESSAGES,
    hides: (pieces, other) =>
      pieces.flatMap((text, n) => [...textBlock(2 * n, text), ...toolBlock(2 * n + 1, other)]),
    read: textsAt('delta', 'text'),
  },
  'the text of a delta, whatever it calls itself': {
    path: MESSAGES,
    hides: (pieces, other) => [
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
      { type: 'content_block_start', index: 1, content_block: { type: 'thinking', thinking: '' } },
      ...pieces.flatMap((text, n): Event[] => [
        {
          type: 'content_block_delta',
          index: 0,
          delta: { type: n % 2 ? 'thinking_delta' : 'text_delta', text },
        },
        { type: 'content_block_delta', index: 1, delta: { type: 'thinking_delta', thinking: other } },
      ]),
    ],
    read: textsAt('delta', 'text'),
  },
  'the first block, by no number': {
    path: MESSAGES,
    hides: (pieces, other) => [
      ...textBlock(0, '').slice(0, 1),
      ...textBlock(1, other).slice(0, 1),
      ...pieces.flatMap((text, n): Event[] => [
        {
          type: 'content_block_delta',
          index: [0, undefined, null][n % 3],
          delta: { type: 'text_delta', text },
        },
        { type: 'content_block_delta', index: 1, delta: { type: 'text_delta', text: other } },
      ]),
    ],
    read: (events) => textsAt('delta', 'text')(events.filter(({ index }) => index !== 1)),
  },
  'the last block, by a number below zero': {
    path: MESSAGES,
    hides: (pieces, other) => [
      ...textBlock(0, other).slice(0, 1),
      ...textBlock(1, '').slice(0, 1),
      ...pieces.flatMap((text, n): Event[] => [
        { type: 'content_block_delta', index: n % 2 ? -1 : 1, delta: { type: 'text_delta', text } },
        { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: other } },
      ]),
    ],
    read: (events) => textsAt('delta', 'text')(events.filter(({ index }) => index !== 0)),
  },
  'text of a response between reasoning': {
    path: RESPONSES,
    hides: (pieces, other) =>
      pieces.flatMap((text, n) => [
        delta({ item_id: `i${2 * n}`, output_index: 2 * n, delta: text }),
        reasoned(2 * n + 1, other),
      ]),
    read: (events) => textsAt('delta')(events.filter(({ type }) => type === 'response.output_text.delta')),
  },
  'text of one item, by its id': {
    path: RESPONSES,
    hides: (pieces, other) =>
      pieces.flatMap((text, n) => [
        delta({ item_id: 'a', output_index: n + 2, delta: text }),
        delta({ item_id: 'b', output_index: 1, delta: other }),
      ]),
    read: written('item_id', 'a'),
  },
  'text of one item, by its place': {
    path: RESPONSES,
    hides: (pieces, other) =>
      pieces.flatMap((text, n) => [
        delta({ item_id: `a${n}`, output_index: 0, delta: text }),
        delta({ item_id: 'b', output_index: 1, delta: other }),
      ]),
    read: written('output_index', 0),
  },
  'text of one item, whatever part of it': {
    path: RESPONSES,
    hides: (pieces, other) => [
      ...pieces.map((_, n) => delta({ item_id: 'a', output_index: 0, content_index: n, delta: ' ' })),
      ...pieces.flatMap((text, n) => [
        delta({ item_id: 'a', output_index: 0, content_index: n, summary_index: 1, delta: text }),
        delta({ item_id: 'b', output_index: 1, delta: other }),
      ]),
    ],
    read: written('item_id', 'a'),
  },
  'the last item, by a place below zero': {
    path: RESPONSES,
    hides: (pieces, other) =>
      pieces.flatMap((text, n) => [
        delta({ output_index: n % 2 ? -1 : 1, delta: text }),
        delta({ output_index: 0, delta: other }),
      ]),
    read: (events) => textsAt('delta')(events.filter(({ output_index: place }) => place !== 0)),
  },
  'text of blocks of text, beside such of other blocks': {
    path: MESSAGES,
    hides: (pieces, other) =>
      pieces.flatMap((text, n) => [
        ...textBlock(2 * n, text),
        ...blockEvents(2 * n + 1, { type: 'novel', text: '' }, { type: 'text_delta', text: other }),
      ]),
    read: (events) => {
      const own = new Set(
        events.filter((event) => at(event, 'content_block', 'type') === 'text').map(({ index }) => index),
      );
      return textsAt('delta', 'text')(events.filter(({ index }) => own.has(index)));
    },
  },
  'messages among the items of a response that are done': {
    path: RESPONSES,
    hides: (pieces, other) =>
      pieces.flatMap((text): Event[] => [
        { type: 'response.output_item.done', item: message(text) },
        { type: 'response.output_item.done', item: reasoning(other) },
      ]),
    read: (events) => saidIn(events.flatMap(({ item }) => item ?? [])),
  },
  'texts of a response that are done': {
    path: RESPONSES,
    hides: (pieces, other) =>
      pieces.flatMap((text): Event[] => [
        { type: 'response.output_text.done', text },
        { type: 'response.reasoning_text.done', text: other },
      ]),
    read: (events) => textsAt('text')(events.filter(({ type }) => type === 'response.output_text.done')),
  },
};

describe('a secret in pieces that clients put together', () => {
  let server: TestServer;
  let fake: FakeSystem;
  let key: string;
  before(async () => {
    fake = await fakeSystem();
    server = await testServer({
      systems: { main: enforced(fake), claude: enforced(fake, { dialect: 'anthropic' }) },
    });
    key = await server.key(['main', 'claude']);
  });
  after(async () => {
    await server.stop();
    await fake.close();
  });

  const streamed = async (path: string, events: readonly Event[], more: Body = {}): Promise<string> => {
    const frames = events.map((event) => `data: ${JSON.stringify(event)}\n\n`);
    fake.answer = (_req, res) => sendEvents(res, [frames.join('')]);
    const messages = [{ role: 'user', content: 'hello' }];
    const body = {
      model: 'm',
      stream: true,
      max_tokens: 9,
      messages,
      input: 'hello',
      prompt: 'hello',
      ...more,
    };
    return (await server.post(path, key, body)).text();
  };
  const eventsIn = (text: string): Event[] =>
    text
      .split('\n')
      .flatMap((line) => (line.startsWith('data: {') ? [JSON.parse(line.slice(6)) as Event] : []));

  for (const [way, { path, hides, read }] of Object.entries(WAYS))
    it(`${way}: does not leave`, async () => {
      for (const size of [2, 3, 5])
        for (const other of [OTHER, LONG]) {
          const pieces = SECRET.match(new RegExp(`.{1,${size}}`, 'g'))!;
          const events = hides(pieces, other);
          assert.ok(read(events).replaceAll(' ', '').includes(SECRET), 'that is what a client would read');
          const text = await streamed(path, events);
          assert.match(text, /output-denied|upstream-invalid|upstream-too-large/);
          const got = read(eventsIn(text)).trim();
          assert.ok(got.length <= size, `${size}: ${got}`);
        }
    });

  /** Whole answers, of which clients show texts of one type. */
  const answers: Readonly<Record<string, [string, (pieces: readonly string[], other: string) => Body]>> = {
    'messages of a response among reasoning': [
      RESPONSES,
      (pieces, other) => ({ output: pieces.flatMap((text) => [message(text), reasoning(other)]) }),
    ],
    'texts of messages among other parts': [
      RESPONSES,
      (pieces, other) => ({ output: pieces.map((text) => message(text, other)) }),
    ],
    'text among other blocks': [
      MESSAGES,
      (pieces, other) => ({
        ...{ type: 'message', role: 'assistant' },
        content: pieces.flatMap((text) => [
          { type: 'text', text },
          { type: 'novel', text: other },
        ]),
      }),
    ],
  };
  for (const [way, [path, of]] of Object.entries(answers))
    it(`${way}: does not leave in a whole answer, and harmless ones pass`, async () => {
      const ask = async (pieces: readonly string[], other: string): Promise<[string, string]> => {
        const answer = JSON.stringify({ id: 'a', object: 'response', ...of(pieces, other) });
        fake.answer = (_req, res) => sendJson(res, answer);
        const messages = [{ role: 'user', content: 'hello' }];
        const body = { model: 'm', max_tokens: 9, messages, input: 'hello' };
        return [await (await server.post(path, key, body)).text(), answer];
      };
      for (const size of [2, 5])
        for (const other of [OTHER, LONG]) {
          const [text] = await ask(SECRET.match(new RegExp(`.{1,${size}}`, 'g'))!, other);
          assert.match(text, /output-denied/);
        }
      const [text, answer] = await ask(['Let me look', 'at the second', 'and the last file.'], OTHER);
      assert.equal(text, answer);
    });

  it('harmless text between thinking and calls of tools comes whole, in its order, while the stream goes on', async () => {
    const texts = ['Let me look at the first file', 'Now the second', 'Done', ' and that is all of it'];
    const events = texts.flatMap((text, n) => [
      ...textBlock(3 * n, text),
      ...thinkingBlock(3 * n + 1, OTHER),
      ...toolBlock(3 * n + 2, `/src/${n}.ts`),
    ]);
    const got = eventsIn(await streamed(MESSAGES, [...events, { type: 'message_stop' }]));
    assert.deepEqual(got, [...events, { type: 'message_stop' }]);
  });

  it('several choices pass where they were asked for, and a response whose ids change with each event', async () => {
    const both = [0, 1].flatMap((index) => [chunk({ index, delta: { content: `choice ${index}` } })]);
    for (const [path, more] of [
      [CHAT, { n: 2 }],
      ['/s/main/v1/completions', { best_of: 2 }],
      ['/s/main/v1/completions', { prompt: ['one', 'two'] }],
    ] as const)
      assert.equal(eventsIn(await streamed(path, both, more)).length, 2, JSON.stringify(more));
    const changing = ['all', ' is', ' well'].map((text, n) =>
      delta({ item_id: `x${n}`, output_index: 0, delta: text }),
    );
    assert.deepEqual(eventsIn(await streamed(RESPONSES, changing)), changing);
  });

  it('parts of one item, one after the other, and items side by side pass', async () => {
    const parts = [0, 1, 0, 1].map((n, i) =>
      delta({ item_id: `i${n}`, output_index: n, delta: `item ${n} says ${i} ` }),
    );
    const summary = [0, 1].map((n) => ({ ...reasoned(5, `part ${n} `), summary_index: n }));
    assert.deepEqual(eventsIn(await streamed(RESPONSES, [...parts, ...summary])), [...parts, ...summary]);
  });
});
