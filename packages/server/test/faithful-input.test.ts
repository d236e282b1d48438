import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { enforced, type FakeSystem, fakeSystem, type TestServer, testServer } from './harness.ts';

/*
 * What means nothing goes through as it came: base64 of random bytes, UUIDs, hashes, ids, dates and numbers, in any field
 * of any operation, byte for byte and without a word of personal data, secrets or attacks.
 */
const SEEDS = Number(process.env['FAITHFUL_SEEDS'] ?? 40);
const HEX = '0123456789abcdef';
const WORD = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

const from = (alphabet: string, min: number, max = min) =>
  fc.array(fc.constantFrom(...alphabet), { minLength: min, maxLength: max }).map((list) => list.join(''));
/** From six on, since fewer may spell a word. */
const bytes = (max: number) =>
  fc.uint8Array({ minLength: 6, maxLength: max }).map((array) => Buffer.from(array));

const value = fc.oneof(
  bytes(2000).map((random) => random.toString('base64')),
  bytes(2000).map((random) => random.toString('base64url')),
  bytes(64).map((random) => random.toString('base64')),
  bytes(64).map((random) => random.toString('base64url')),
  fc.uuid(),
  fc.uuid().map((id) => id.toUpperCase()),
  fc.uuid().map((id) => id.replaceAll('-', '')),
  ...[32, 40, 64, 96, 128].map((digits) => from(HEX, digits)),
  from(HEX, 7, 12),
  from(HEX, 64).map((hash) => `sha256:${hash}`),
  bytes(64).map((random) => `sha384-${random.toString('base64')}`),
  ...['call_', 'chatcmpl-', 'msg_01', 'toolu_01', 'resp_', 'file-', 'run_', 'evt_', 'usr-', 'ses_'].map(
    (prefix) => from(WORD, 12, 28).map((id) => prefix + id),
  ),
  from('0123456789ABCDEFGHJKMNPQRSTVWXYZ', 26),
  fc
    .date({ noInvalidDate: true, min: new Date(0), max: new Date('2100-01-01') })
    .map((date) => date.toISOString()),
  fc.constantFrom(
    'gpt-4.1-mini-2025-04-14',
    'claude-sonnet-4-5-20250929',
    'llama3.2:3b',
    'a',
    '',
    'true',
    '1.2.3',
  ),
);
const number = fc.oneof(
  fc.integer(),
  // A whole number this long may be somebody's.
  fc
    .double({ noNaN: true, noDefaultInfinity: true })
    .filter((one) => !Number.isInteger(one) || Math.abs(one) < 1e9),
  fc.integer({ min: 1_500_000_000, max: 2_000_000_000 }),
  fc.integer({ min: 1_500_000_000_000, max: 2_000_000_000_000 }),
);
const name = fc.constantFrom(
  'id',
  'type',
  'name',
  'data',
  'text',
  'status',
  'note',
  'payload',
  'vector',
  'ref',
  'trace_id',
);
const free: fc.Arbitrary<unknown> = fc.dictionary(
  name,
  fc.oneof(value, number, fc.boolean(), fc.array(value, { maxLength: 3 })),
  {
    maxKeys: 4,
  },
);

/**
 * Found by chance, and refused or changed then: numbers whose figures before or behind the point are those of a card; base64 with
 * a word such as `key` in it, whose padding looked as if it gave the next text a name.
 */
const FOUND: [string[], unknown][] = [
  [
    [
      'AAAAkEYAAA==',
      '000J0000000000000000000000',
      'evt_AAAAAAAAAAAA',
      'file-AAAAALB9H9lN',
      'resp_PIlKARQxHVMI',
    ],
    {},
  ],
  [
    [
      'ses_AAAAAAkEYAAA',
      'sha256:0005f1c8e2a94b7d6035e8c1f2a7b9d4e6c3f0a1b8d7e5c2f9a4b6d3e1c05f6a',
      'msg_01AP8zylWAmn2xEqdtvUATAer',
      'd',
      'e',
    ],
    {},
  ],
  [
    [
      '00000000000000PWD000000000',
      'sha256:0005f1c8e2a94b7d6035e8c1f2a7b9d4e6c3f0a1b8d7e5c2f9a4b6d3e1c05f6a',
      'run_AAKG8PjXLziBAMwVAA',
      'd',
      'e',
    ],
    {},
  ],
  [['a', 'b', 'c', 'd', 'e'], { trace_id: 2_451_802_100_442_812.5, note: 8.39467767996149e-174 }],
];

const user = (content: unknown) => ({ role: 'user', content });
const text = (one: string) => ({ type: 'text', text: one });
const call = (id: string, args: unknown) => ({
  id,
  type: 'function',
  function: { name: 'f', arguments: JSON.stringify(args) },
});
/** Bodies of each operation, with values in every place that takes any. */
type Body = (v: readonly string[], data: unknown) => object;
const OPERATIONS: readonly (readonly [path: string, body: Body])[] = [
  [
    '/s/gpt/v1/chat/completions',
    ([a, b, c, d, e], data) => ({
      model: 'm',
      user: a,
      prompt_cache_key: b,
      metadata: { ...(data as object) },
      messages: [
        { role: 'system', content: c },
        user([text(d!), text(e!), { type: 'novel', data }]),
        { role: 'assistant', content: null, tool_calls: [call(a!, data)] },
        { role: 'tool', tool_call_id: a, content: b },
        { role: 'user', name: c, content: JSON.stringify(data) },
      ],
      tools: [
        {
          type: 'function',
          function: { name: 'f', parameters: { type: 'object', default: data, enum: [a, b] } },
        },
      ],
      novel: data,
    }),
  ],
  ['/s/gpt/v1/completions', ([a, b, c], data) => ({ model: 'm', prompt: [a, b], suffix: c, novel: data })],
  ['/s/gpt/v1/embeddings', (input) => ({ model: 'm', input: input.filter((one) => one !== ''), user: 'a' })],
  [
    '/s/gpt/v1/responses',
    ([a, b, c, d], data) => ({
      model: 'm',
      instructions: a,
      metadata: data,
      previous_response_id: b,
      prompt: { id: c, variables: data },
      input: [
        user([{ type: 'input_text', text: d }]),
        { type: 'reasoning', id: a, summary: [], encrypted_content: b },
        { type: 'function_call', id: b, call_id: c, name: 'f', arguments: JSON.stringify(data) },
        { type: 'function_call_output', call_id: c, output: d },
        { type: 'compaction', encrypted_content: d },
      ],
    }),
  ],
  ...['messages', 'messages/count_tokens'].map((path): readonly [string, Body] => [
    `/s/claude/v1/${path}`,
    ([a, b, c, d, e], data) => ({
      model: 'm',
      max_tokens: 5,
      system: [text(a!)],
      metadata: { user_id: b },
      messages: [
        user([text(c!), text(d!)]),
        {
          role: 'assistant',
          content: [
            { type: 'thinking', thinking: e, signature: a },
            { type: 'redacted_thinking', data: b },
            { type: 'tool_use', id: c, name: 'f', input: data },
          ],
        },
        user([{ type: 'tool_result', tool_use_id: c, content: [text(d!)] }]),
      ],
    }),
  ]),
  [
    '/s/llama/api/chat',
    ([a, b, c, d], data) => ({
      model: 'm',
      stream: false,
      messages: [
        { role: 'system', content: a },
        { role: 'user', content: b, images: [Buffer.from(c!).toString('base64')] },
        { role: 'assistant', content: d, tool_calls: [{ function: { name: 'f', arguments: data } }] },
        { role: 'tool', tool_name: 'f', content: c },
      ],
    }),
  ],
  [
    '/s/llama/api/generate',
    ([a, b, c]) => ({
      model: 'm',
      stream: false,
      prompt: a,
      system: b,
      suffix: c,
      context: [1, 2, 3],
      options: { seed: 4 },
    }),
  ],
  ['/s/llama/api/embed', (input) => ({ model: 'm', input: [...input] })],
  ['/s/llama/api/embeddings', ([prompt]) => ({ model: 'm', prompt })],
  [
    '/s/scorer/v2/models/m/infer',
    ([a, b, c], data) => ({
      id: a,
      parameters: data,
      inputs: [{ name: 'x', shape: [2], datatype: 'BYTES', data: [b, c] }],
    }),
  ],
];

describe('what means nothing passes as it came', () => {
  let server: TestServer;
  let fake: FakeSystem;
  let key: string;
  before(async () => {
    fake = await fakeSystem();
    fake.answer = (_req, res) => {
      res.writeHead(200, { 'content-type': 'application/json' });
      res.end('{}');
    };
    const systems: Record<string, unknown> = {};
    for (const [system, dialect] of [
      ['gpt', 'openai'],
      ['claude', 'anthropic'],
      ['llama', 'ollama'],
      ['scorer', 'oip'],
    ] as const)
      systems[system] = enforced(fake, { dialect });
    server = await testServer({ systems });
    key = await server.key(Object.keys(systems));
  });
  after(async () => {
    await server.stop();
    await fake.close();
  });

  for (const [path, body] of OPERATIONS)
    it(`${path}: ${SEEDS} bodies`, async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(value, { minLength: 5, maxLength: 5 }), free, async (values, data) => {
          const sent = JSON.stringify(body(values, data));
          const before = fake.requests.length;
          const seen = await server.post(path, key, sent);
          assert.equal(
            seen.status,
            200,
            `${await seen.text()} ${(await server.control.exchanges({ limit: 1 }))[0]!.detections}`,
          );
          assert.equal(fake.requests[before]!.body.toString(), sent);
          const [row] = await server.control.exchanges({ limit: 1 });
          const found = (JSON.parse(row!.detections) as { detector: string }[]).filter(
            ({ detector }) => detector !== 'attachment',
          );
          assert.deepEqual(found, []);
        }),
        { numRuns: SEEDS, examples: FOUND },
      );
    });
});
