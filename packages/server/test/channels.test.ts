import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
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
const SECRET = 'AKIAQ3EGZ7RT5LWPN2VH';
const CANARY = 'MAGNOLIA-3391';
const WORDS = 'the quarterly report describes the work of the northern offices in some detail, and ';

/** Writes a piece of the text of a channel. */
type Write = (channel: number, text: string) => string;

/** Ways of having channels next to each other. */
const WAYS: Record<string, { system: string; path: string; most: number; write: Write; done: string }> = {
  choices: {
    system: 'main',
    path: '/v1/chat/completions',
    most: 64,
    write: (n, content) => chunk({ content }, n),
    done: DONE,
  },
  'reasoning, content and refusal of one choice': {
    system: 'main',
    path: '/v1/chat/completions',
    most: 3,
    write: (n, text) => chunk({ [['reasoning_content', 'content', 'refusal'][n]!]: text }),
    done: DONE,
  },
  'calls of tools': {
    system: 'main',
    path: '/v1/chat/completions',
    most: 64,
    write: (index, text) =>
      chunk({ tool_calls: [{ index, function: { name: index ? 'f' : 'g', arguments: text } }] }),
    done: DONE,
  },
  completions: {
    system: 'main',
    path: '/v1/completions',
    most: 64,
    write: (index, text) => `data: ${JSON.stringify({ id: 'c', choices: [{ index, text }] })}\n\n`,
    done: DONE,
  },
  'items of a response': {
    system: 'main',
    path: '/v1/responses',
    most: 64,
    write: (n, delta) =>
      `data: ${JSON.stringify({ type: 'response.output_text.delta', item_id: `i${n}`, output_index: n, content_index: 0, delta })}\n\n`,
    done: '',
  },
  blocks: {
    system: 'claude',
    path: '/v1/messages',
    most: 64,
    write: (index, text) =>
      `data: ${JSON.stringify({ type: 'content_block_delta', index, delta: { type: 'text_delta', text } })}\n\n`,
    done: '',
  },
  'thinking and content': {
    system: 'llama',
    path: '/api/chat',
    most: 2,
    write: (n, text) =>
      `${JSON.stringify({ model: 'm', message: { role: 'assistant', [n ? 'content' : 'thinking']: text }, done: false })}\n`,
    done: '{"done":true}\n',
  },
};

describe('channels of a stream, interleaved', () => {
  let server: TestServer;
  let fake: FakeSystem;
  const keys = new Map<string, string>();
  before(async () => {
    fake = await fakeSystem();
    const canaries = [CANARY];
    server = await testServer({
      systems: {
        main: enforced(fake, { canaries }),
        claude: enforced(fake, { dialect: 'anthropic', canaries }),
        llama: enforced(fake, { dialect: 'ollama', canaries }),
      },
    });
    for (const name of ['main', 'claude', 'llama']) keys.set(name, await server.key([name]));
  });
  after(async () => {
    await server.stop();
    await fake.close();
  });
  const ask = async (system: string, path: string, pieces: readonly string[]): Promise<string> => {
    const type = system === 'llama' ? 'application/x-ndjson' : 'text/event-stream';
    fake.answer = (_req, res) => sendEvents(res, [pieces.join('')], type);
    const messages = [{ role: 'user', content: 'hello' }];
    const body = {
      model: system,
      stream: true,
      max_tokens: 5,
      messages,
      input: 'hello',
      prompt: 'hello',
      n: 64,
    };
    return (await server.post(path, keys.get(system)!, body)).text();
  };

  for (const [way, { system, path, most, write, done }] of Object.entries(WAYS)) {
    const counts = [1, 2, 3, 8, 32, 33, 40, 64].filter((count) => count <= most);

    it(`${way}: a secret that is cut anywhere, with much else between, leaves no part`, async () => {
      for (const count of counts) {
        for (const hidden of [SECRET, CANARY]) {
          for (let cut = 1; cut < hidden.length; cut += count > 8 ? 4 : 1) {
            const others = Array.from({ length: Math.max(count - 1, 1) }, (_, n) =>
              write(n + 1 < count ? n + 1 : count - 1, WORDS.repeat(Math.ceil(8 / count))),
            ).filter(() => count > 1);
            const text = await ask(system, path, [
              write(0, `${WORDS.repeat(5)}it is ${hidden.slice(0, cut)}`),
              ...others,
              write(0, hidden.slice(cut)),
              ...others,
              write(0, ` so there. ${WORDS.repeat(5)}`),
              done,
            ]);
            assert.match(text, /output-denied/, `${count} ${cut}`);
            assert.ok(
              !text.includes(hidden.slice(0, Math.min(cut, 5))) || cut < 3,
              `${count} ${cut}: ${text}`,
            );
          }
        }
      }
    });

    it(`${way}: a secret in pieces of a few characters in every channel at once leaves no part`, async () => {
      for (const count of counts) {
        for (const size of [1, 3, 7]) {
          const texts = `${WORDS}${WORDS}it is ${SECRET} so there. ${WORDS.repeat(5)}`;
          const rounds = texts.match(new RegExp(`.{1,${size}}`, 'g'))!;
          const text = await ask(system, path, [
            ...rounds.flatMap((piece) => Array.from({ length: count }, (_, n) => write(n, piece))),
            done,
          ]);
          assert.match(text, /output-denied/);
          const said = [
            ...text.matchAll(/"(?:content|text|delta|arguments|thinking|reasoning_content)":"([^"]*)"/g),
          ];
          assert.ok(!/AK|GZ7/.test(said.map(([, one]) => one).join('')), `${count} ${size}`);
        }
      }
    });

    it(`${way}: what is harmless arrives whole, in the order of each channel`, async () => {
      for (const count of counts) {
        const rounds = Array.from({ length: 40 }, (_, i) => `word${i} `);
        const text = await ask(system, path, [
          ...rounds.flatMap((piece) => Array.from({ length: count }, (_, n) => write(n, piece))),
          done,
        ]);
        const wanted = rounds.flatMap((piece) => Array.from({ length: count }, (_, n) => write(n, piece)));
        assert.deepEqual(
          text
            .split('\n')
            .filter((line) => /word\d/.test(line))
            .sort(),
          wanted.map((one) => one.trim()).sort(),
        );
        for (let n = 0; n < count; n++) {
          const own = rounds.map((piece) => text.indexOf(write(n, piece).trim()));
          assert.deepEqual(
            own,
            [...own].sort((a, b) => a - b),
          );
        }
      }
    });
  }

  it('reasoning that ends with a sentence is over when content goes on; the content does not wait for the end', async () => {
    let ended = false;
    fake.answer = async (_req, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      res.write(chunk({ reasoning_content: `${WORDS.repeat(3)}that is what I think.` }));
      for (let i = 0; i < 12; i++) res.write(chunk({ content: WORDS }));
      await new Promise((tick) => setTimeout(tick, 800));
      ended = true;
      res.end(`${chunk({}, 0, 'stop')}${DONE}`);
    };
    const response = await server.chat(keys.get('main')!, 'hello', { stream: true });
    let early = '';
    let text = '';
    for await (const piece of response.body!) {
      text += Buffer.from(piece as Uint8Array).toString();
      if (!ended) early = text;
    }
    assert.match(early, /that is what I think\./);
    assert.match(early, /"content"/);
    assert.ok(text.indexOf('what I think') < text.indexOf('"content"'));
  });

  it('a text that goes on after its end was announced is refused', async () => {
    const block = WAYS['blocks']!.write(0, WORDS);
    const text = await ask('claude', '/v1/messages', [
      block,
      'data: {"type":"content_block_stop","index":0}\n\n',
      block,
    ]);
    assert.match(text, /upstream-invalid/);
  });

  it('a choice that falls silent holds up no other', async () => {
    let ended = false;
    fake.answer = async (_req, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      res.write(chunk({ content: 'it stops within' }, 0));
      for (let i = 0; i < 12; i++) res.write(chunk({ content: WORDS }, 1));
      await new Promise((tick) => setTimeout(tick, 500));
      ended = true;
      res.end(`${chunk({}, 0, 'stop')}${chunk({}, 1, 'stop')}${DONE}`);
    };
    const response = await server.chat(keys.get('main')!, 'hello', { stream: true, n: 2 });
    let early = '';
    let text = '';
    for await (const piece of response.body!) {
      text += Buffer.from(piece as Uint8Array).toString();
      if (!ended) early = text;
    }
    assert.ok(early.includes('"index":1') && !early.includes('it stops'), early);
    assert.match(text, /it stops within/);
    assert.ok(text.endsWith(DONE));
  });
});
