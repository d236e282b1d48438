import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LIMITS } from '@sallyport/core';
import { anthropic, type Dialect, openai } from './index.ts';

type Check = 'identities' | 'joins';
type EventOf = (n: number) => unknown;

/** Streams of which every event names another item, call or block. */
const ENDLESS: readonly (readonly [Dialect, operation: string, Check, what: string, EventOf])[] = [
  [
    openai,
    'responses',
    'joins',
    'items',
    (n) => ({ type: 'response.output_text.delta', item_id: `i${n}`, output_index: n, delta: 'x' }),
  ],
  [
    openai,
    'responses',
    'identities',
    'calls of tools',
    (n) => ({
      type: 'response.output_item.added',
      output_index: n,
      item: { id: `i${n}`, type: 'function_call', name: 'f', arguments: '' },
    }),
  ],
  [
    openai,
    'chat',
    'identities',
    'calls of tools',
    (n) => ({
      choices: [{ index: 0, delta: { tool_calls: [{ index: n, id: `c${n}`, function: { name: 'f' } }] } }],
    }),
  ],
  [
    anthropic,
    'messages',
    'joins',
    'blocks',
    (n) => ({ type: 'content_block_start', index: n, content_block: { type: 'text', text: '' } }),
  ],
];

const tooLarge = { code: 'upstream-too-large' };

describe('what a stream may name', () => {
  for (const [dialect, operation, check, what, eventOf] of ENDLESS)
    it(`is bounded: ${what} of ${dialect.name} ${operation} without end (${check})`, () => {
      const see = dialect[check](operation);
      for (let n = 0; n < 2_000; n++) see(eventOf(n));
      assert.throws(() => {
        for (let n = 2_000; n <= LIMITS.streamNamesMax; n++) see(eventOf(n));
      }, tooLarge);
    });

  it('is bounded in characters, too', () => {
    const see = openai.joins('responses');
    const id = 'i'.repeat(1024 * 1024);
    const event = { type: 'response.output_text.delta', delta: 'x' };
    assert.throws(() => {
      for (let n = 0; n < 8; n++) see({ ...event, item_id: `${id}${n}` });
    }, tooLarge);
  });

  it('is not bounded in how often one is named', () => {
    const see = openai.joins('responses');
    const event = { type: 'response.output_text.delta', item_id: 'i', output_index: 0, delta: 'x' };
    for (let n = 0; n <= 2 * LIMITS.streamNamesMax; n++) see(event);
  });
});
