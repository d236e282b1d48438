import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import {
  completion,
  enforced,
  type FakeSystem,
  fakeSystem,
  sendJson,
  type TestServer,
  testServer,
} from './harness.ts';

const CANARY = 'MAGNOLIA-3391';
const PNG = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex');
const base64 = (...bytes: readonly (Buffer | string)[]): string =>
  Buffer.concat(bytes.map((one) => Buffer.from(one as string))).toString('base64');
/** Bytes of a picture, without a run of characters that says something. */
const picture = (bytes: number): string => base64(PNG, randomBytes(bytes));
const used = (input: object): string =>
  JSON.stringify({
    ...{ id: 'msg_1', type: 'message', role: 'assistant', model: 'm', stop_reason: 'tool_use' },
    content: [{ type: 'tool_use', id: 't', name: 'f', input }],
  });
const shown = (url: string): string =>
  completion('hi', { images: [{ type: 'image_url', image_url: { url } }] });
const word = `the word is ${CANARY} and no other, as you know`;

describe('pictures in an answer', () => {
  let server: TestServer;
  let fake: FakeSystem;
  let key: string;
  before(async () => {
    fake = await fakeSystem();
    const more = { canaries: [CANARY] };
    server = await testServer({
      systems: { main: enforced(fake, more), claude: enforced(fake, { dialect: 'anthropic', ...more }) },
    });
    key = await server.key(['main', 'claude']);
  });
  after(async () => {
    await server.stop();
    await fake.close();
  });
  const ask = async (system: string, answer: string): Promise<string> => {
    fake.answer = (_req, res) => sendJson(res, answer);
    const path = system === 'claude' ? '/v1/messages' : '/v1/chat/completions';
    const body = { model: system, max_tokens: 5, messages: [{ role: 'user', content: 'hello' }] };
    return (await server.post(path, key, body)).text();
  };

  const lies: Record<string, () => [system: string, answer: string]> = {
    'an argument of a tool that begins like a picture': () => ['claude', used({ image: base64(PNG, word) })],
    'a longer one': () => ['claude', used({ data: base64(PNG, word.repeat(200)) })],
    'plain characters behind the beginning of a picture': () => [
      'claude',
      used({ url: `/9j/${'abcd'.repeat(8)}/4111111111111111/end` }),
    ],
    'a data URL in an argument': () => ['claude', used({ url: `data:image/png;base64,${base64(word)}` })],
    'a data URL that only says that it is a picture': () => [
      'main',
      shown(`data:image/png;base64,${base64(word)}`),
    ],
    'a data URL of another kind than it says': () => [
      'main',
      shown(`data:audio/wav;base64,${base64(PNG, word.repeat(3))}`),
    ],
    'a drawing, which is text': () => [
      'main',
      shown(`data:image/svg+xml;base64,${base64(`<svg><text>${word}</text></svg>`)}`),
    ],
  };
  for (const [name, make] of Object.entries(lies))
    it(`${name} is read`, async () => {
      const [system, answer] = make();
      const said = await ask(system, answer);
      if (name.startsWith('plain')) assert.ok(!said.includes('4111111111111111'), said);
      else assert.match(said, /output-denied/);
    });

  it('what is a picture goes on as it came', async () => {
    for (const bytes of [40, 3_000, 200_000])
      for (const [system, answer] of [
        ['main', shown(`data:image/png;base64,${picture(bytes)}`)],
        ['main', JSON.stringify({ created: 1, data: [{ b64_json: picture(bytes) }] })],
        ['claude', used({ image: picture(bytes), note: 'a picture' })],
        ['claude', used({ url: `data:image/png;base64,${picture(bytes)}` })],
      ] as const)
        assert.equal(await ask(system, answer), answer);
  });
});
