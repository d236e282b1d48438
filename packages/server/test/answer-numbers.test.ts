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

/* Numbers of an answer that are no text: in arguments of tools, in JSON that a model writes, in fields of any name. */
const CARD = 4_111_111_111_111_111;
const CANARY = '33919912';

type Body = Record<string, unknown>;
type System = 'main' | 'claude' | 'llama' | 'scorer' | 'strict';
const PATHS: Record<System, readonly [path: string, ask: Body]> = {
  main: ['/v1/chat/completions', { messages: [{ role: 'user', content: 'hello' }] }],
  strict: ['/v1/chat/completions', { messages: [{ role: 'user', content: 'hello' }] }],
  claude: ['/v1/messages', { max_tokens: 5, messages: [{ role: 'user', content: 'hello' }] }],
  llama: ['/api/chat', { messages: [{ role: 'user', content: 'hello' }] }],
  scorer: ['/v2/models/m/infer', { inputs: [{ name: 'x', shape: [1], datatype: 'FP32', data: [1] }] }],
};

const cut = (text: string, size: number): string[] => text.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? [];

describe('numbers of an answer', () => {
  let server: TestServer;
  let fake: FakeSystem;
  const keys = new Map<string, string>();
  before(async () => {
    fake = await fakeSystem();
    const canaries = [CANARY];
    server = await testServer({
      systems: {
        main: enforced(fake, { canaries }),
        strict: enforced(fake, { policy: { output: { pii: 'deny' } } }),
        claude: enforced(fake, { dialect: 'anthropic', canaries }),
        llama: enforced(fake, { dialect: 'ollama', canaries }),
        scorer: enforced(fake, { dialect: 'oip', canaries }),
      },
    });
    for (const name of Object.keys(PATHS)) keys.set(name, await server.key([name]));
  });
  after(async () => {
    await server.stop();
    await fake.close();
  });

  const ask = async (system: System, stream: boolean): Promise<string> => {
    const [path, own] = PATHS[system];
    return (await server.post(path, keys.get(system)!, { model: system, stream, ...own })).text();
  };
  /** @param body JSON text, or what becomes it */
  const wholeOf = (system: System, body: Body | string): Promise<string> => {
    fake.answer = (_req, res) => sendJson(res, typeof body === 'string' ? body : JSON.stringify(body));
    return ask(system, false);
  };
  const streamOf = (system: System, frames: readonly string[]): Promise<string> => {
    const type = system === 'llama' ? 'application/x-ndjson' : 'text/event-stream';
    fake.answer = (_req, res) => sendEvents(res, [frames.join('')], type);
    return ask(system, true);
  };
  const said = (text: string, field: string): string =>
    [...text.matchAll(/^data: (\{.*)$/gm)]
      .flatMap(([, json]) => {
        const found: string[] = [];
        JSON.parse(json!, (key, value: unknown) => {
          if (key === field && typeof value === 'string') found.push(value);
          return value;
        });
        return found;
      })
      .join('');

  it('in the input of a tool become a string where they are masked', async () => {
    const claude = await wholeOf('claude', {
      type: 'message',
      role: 'assistant',
      content: [
        { type: 'tool_use', id: 't', name: 'pay', input: { card: CARD, amount: 12.5, at: [1, CARD] } },
      ],
      usage: { input_tokens: 3, output_tokens: 5 },
    });
    const { content } = JSON.parse(claude) as { content: { input: Body }[] };
    assert.deepEqual(content[0]!.input, {
      card: '[CREDIT-CARD_1]',
      amount: 12.5,
      at: [1, '[CREDIT-CARD_1]'],
    });
    const call = {
      message: {
        role: 'assistant',
        content: '',
        tool_calls: [{ function: { name: 'pay', arguments: { card: CARD, n: 1 } } }],
      },
    };
    const own = { card: '[CREDIT-CARD_1]', n: 1 };
    for (const text of [
      await wholeOf('llama', { ...call, done: true }),
      await streamOf('llama', [`${JSON.stringify({ ...call, done: false })}\n`, '{"done":true}\n']),
    ]) {
      const { message } = JSON.parse(text.split('\n')[0]!) as typeof call;
      assert.deepEqual(message.tool_calls[0]!.function.arguments, own);
    }
  });

  const ARGUMENTS: Record<string, [text: string, masked: unknown]> = {
    'a member': [`{"card": ${CARD}, "n": 1}`, { card: '[CREDIT-CARD_1]', n: 1 }],
    'a member at the end': [`{"n":1,"card":${CARD}}`, { n: 1, card: '[CREDIT-CARD_1]' }],
    'a list': [`{"cards":[${CARD}, 5500005555555559]}`, { cards: ['[CREDIT-CARD_1]', '[CREDIT-CARD_2]'] }],
    'a string beside it': [
      `{"note":"card \\"${CARD}\\", yes","card":${CARD}}`,
      { note: 'card "[CREDIT-CARD_1]", yes', card: '[CREDIT-CARD_1]' },
    ],
    'a sign': [`{"card":-${CARD}}`, { card: '[CREDIT-CARD_1]' }],
    'an exponent': ['{"card":4.111111111111111e15}', { card: '[CREDIT-CARD_1]' }],
    'a social security number': ['{"ssn":536904399}', { ssn: '[US-SSN_1]' }],
    'a Dutch one': ['{"bsn":111222333}', { bsn: '[NATIONAL-ID_1]' }],
  };
  for (const [name, [text, masked]] of Object.entries(ARGUMENTS)) {
    it(`in arguments as text stay JSON: ${name}`, async () => {
      const calls = {
        tool_calls: [{ id: 'c', type: 'function', function: { name: 'pay', arguments: text } }],
      };
      const whole = JSON.parse(await wholeOf('main', completion(null, calls))) as {
        choices: { message: typeof calls }[];
      };
      assert.deepEqual(JSON.parse(whole.choices[0]!.message.tool_calls[0]!.function.arguments), masked);
      for (const size of [1, 4, 400]) {
        const got = await streamOf('main', [
          ...cut(text, size).map((piece) =>
            chunk({ tool_calls: [{ index: 0, function: { arguments: piece } }] }),
          ),
          'data: [DONE]\n\n',
        ]);
        assert.deepEqual(JSON.parse(said(got, 'arguments')), masked, got);
        const blocks = await streamOf('claude', [
          ...cut(text, size).map(
            (partial_json) =>
              `data: ${JSON.stringify({ type: 'content_block_delta', index: 0, delta: { type: 'input_json_delta', partial_json } })}\n\n`,
          ),
          'data: {"type":"content_block_stop","index":0}\n\n',
        ]);
        assert.deepEqual(JSON.parse(said(blocks, 'partial_json')), masked, blocks);
      }
    });
    if (/string|exponent/.test(name)) continue;
    it(`in an answer that is JSON stay JSON: ${name}`, async () => {
      const whole = JSON.parse(await wholeOf('main', completion(text))) as {
        choices: { message: { content: string } }[];
      };
      assert.deepEqual(JSON.parse(whole.choices[0]!.message.content), masked);
      for (const size of [1, 5]) {
        const got = await streamOf('main', [
          ...cut(text, size).map((content) => chunk({ content })),
          'data: [DONE]\n\n',
        ]);
        assert.deepEqual(JSON.parse(said(got, 'content')), masked);
      }
    });
  }

  it('in JSON within a text stay JSON, and in a sentence there are no quotes', async () => {
    const content = `Here it is:\n\n\`\`\`json\n{\n  "card": ${CARD},\n  "n": ${CARD}\n}\n\`\`\`\nThe card ${CARD}, or ${CARD}.`;
    const masked = content
      .replaceAll(String(CARD), '[CREDIT-CARD_1]')
      .replace(/: (\[CREDIT-CARD_1\])/g, ': "$1"');
    assert.equal(
      (JSON.parse(await wholeOf('main', completion(content))) as { choices: { message: Body }[] }).choices[0]!
        .message['content'],
      masked,
    );
    const got = await streamOf('main', [
      ...cut(content, 7).map((piece) => chunk({ content: piece })),
      'data: [DONE]\n\n',
    ]);
    assert.equal(said(got, 'content'), masked);
  });

  it('anywhere else become a string, too; a canary, or characters that spell a secret, deny the answer', async () => {
    const body = {
      ...(JSON.parse(completion('fine')) as Body),
      novel: { deep: [CARD], more: { card: CARD } },
    };
    assert.deepEqual((JSON.parse(await wholeOf('main', body)) as Body)['novel'], {
      deep: ['[CREDIT-CARD_1]'],
      more: { card: '[CREDIT-CARD_1]' },
    });
    assert.match(await wholeOf('main', completion(CARD)), /"content":"\[CREDIT-CARD_1\]"/);
    assert.match(await streamOf('main', [chunk({ content: CARD })]), /"content":"\[CREDIT-CARD_1\]"/);
    const exponent = completion('fine').replace('"created":1', '"created":1,"novel":4.111111111111111e15');
    assert.match(await wholeOf('main', exponent), /"novel":"\[CREDIT-CARD_1\]"/);
    const codes = [...Buffer.from('it is AKIAQ3EGZ7RT5LWPN2VH')];
    const lists = Array.from({ length: 70 }, (_, n) => [...Buffer.from(`list ${n} of many`)]);
    for (const more of [
      { novel: Number(CANARY) },
      { novel: codes },
      { novel: [0, ...codes] },
      { novel: ['codes:', ...codes, null] },
      { novel: [...lists, codes] },
    ]) {
      assert.match(
        await wholeOf('main', { ...(JSON.parse(completion('fine')) as Body), ...more }),
        /output-denied/,
      );
      assert.match(await streamOf('main', [chunk(more)]), /output-denied/);
      const block = { type: 'tool_use', id: 't', name: 'f', input: more };
      assert.match(await wholeOf('claude', { type: 'message', content: [block] }), /output-denied/);
    }
    assert.match(await wholeOf('strict', completion(CARD)), /output-denied/);
  });

  it('that are nobody’s pass as they are', async () => {
    const honest = {
      at: 1_700_000_000,
      at_ms: 1_700_000_000_123,
      at_ns: 1_700_000_000_000_000_000,
      price: 1299.99,
      cents: 129_999,
      total: 123_456_789.5,
      order_id: 4_929_123_456_781_237,
      customerId: 5_500_005_555_555_559,
      snowflake: 1_180_000_000_000_000_000,
      population: 8_045_311_447,
      distance_m: 149_597_870_700,
      hash: 3_735_928_559,
      zip: 90_210,
      shares: [0.1234567891, -0.9876543219, 1e-12, 6.02214076e23],
      counts: [104, 101, 108, 108, 111, 33, 44, 55, 66],
    };
    const usage = { prompt_tokens: 123_456, completion_tokens: 654_321, total_tokens: 777_777 };
    const chat = {
      ...(JSON.parse(
        completion(null, {
          tool_calls: [
            { id: 'c', type: 'function', function: { name: 'f', arguments: JSON.stringify(honest) } },
          ],
        }),
      ) as Body),
      created: 1_700_000_000,
      usage,
      novel: honest,
    };
    assert.deepEqual(JSON.parse(await wholeOf('main', chat)), chat);
    const written = chunk({ content: JSON.stringify(honest) }).replace(
      '"created":1,',
      '"created":1700000000,',
    );
    assert.equal(await streamOf('main', [written, 'data: [DONE]\n\n']), `${written}data: [DONE]\n\n`);
    const message = {
      type: 'message',
      role: 'assistant',
      content: [{ type: 'tool_use', id: 't', name: 'f', input: honest }],
      usage: { input_tokens: 1_234_567, output_tokens: 7_654_321 },
    };
    assert.deepEqual(JSON.parse(await wholeOf('claude', message)), message);
    const line = {
      model: 'm',
      message: {
        role: 'assistant',
        content: '',
        tool_calls: [{ function: { name: 'f', arguments: honest } }],
      },
      done: true,
      total_duration: 4_111_111_111_111_111,
      load_duration: 5_043_500_667,
      eval_count: 1_234_567,
      context: [128_006, 9_125, 128_007, 271, 33, 44, 55, 66, 77],
    };
    assert.deepEqual(JSON.parse(await wholeOf('llama', line)), line);
    const outputs = [{ name: 'y', shape: [3], datatype: 'INT64', data: [CARD, 5_500_005_555_555_559, 1] }];
    assert.deepEqual(JSON.parse(await wholeOf('scorer', { model_name: 'm', outputs })), {
      model_name: 'm',
      outputs,
    });
    fake.answer = (_req, res) => sendJson(res, JSON.stringify(vectors));
    const vectors = {
      object: 'list',
      model: 'm',
      data: [
        { object: 'embedding', index: 0, embedding: [0.41111111111111, -41.11111111, 4111111111111111] },
      ],
      usage,
    };
    const got = await server.post('/v1/embeddings', keys.get('main')!, { model: 'main', input: 'hello' });
    assert.deepEqual(JSON.parse(await got.text()), vectors);
  });
});
