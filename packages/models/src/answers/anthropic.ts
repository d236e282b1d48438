import { tableOf } from '@sallyport/core';
import type { AnswerReader, ToolPiece } from '../dialect.ts';
import { channelKey, formOf, inOrder, named, nameOfEvent, objectAt, objectsOf } from './fields.ts';
import { MESSAGES_SHOWN } from './shown.ts';
import { collectTexts } from './texts.ts';
import { readCounts } from './usage.ts';

const isToolBlock = (type: unknown): boolean => typeof type === 'string' && type.endsWith('tool_use');

/** A block that calls a tool. @param begun whether its arguments are still to come */
function blockPieces(block: Record<string, unknown>, at: unknown, begun: boolean): ToolPiece[] {
  if (!isToolBlock(block['type'])) return [];
  const input = block['input'] ?? {};
  const whole = !begun || Object.keys(input).length > 0;
  return [{ call: String(at), ...named(block['name']), ...(whole && { whole: input }) }];
}

/** The call of a tool that a path within a list of blocks leads into. */
function callAt(content: unknown, path: readonly (string | number)[]): string | undefined {
  const block = Array.isArray(content) ? objectAt(content, path[0]) : {};
  return isToolBlock(block['type']) ? String(path[0]) : undefined;
}

/** Where an event has what the model writes: the start of a block, which its deltas go on with; by the type of either. */
const KNOWN: Readonly<Record<string, string>> = tableOf({
  'text content_block/text': 'text',
  'text_delta delta/text': 'text',
  'thinking content_block/thinking': 'thinking',
  'thinking_delta delta/thinking': 'thinking',
  'input_json_delta delta/partial_json': 'partial_json',
});
const NAMED = /^content_block\/(?:name|input\/.*)$/;

/** Reads answers in the Anthropic dialect. */
export const anthropicAnswers: AnswerReader = {
  readResponse: (_operation, body) =>
    collectTexts(body, MESSAGES_SHOWN, (path) => ({
      stream: null,
      call: callAt(objectAt(body, path[0]), path.slice(1)),
    })),

  readEvent(_operation, data) {
    const event = (data ?? {}) as Record<string, unknown>;
    const place = `${String(event['type'])} ${String(event['index'])}`;
    const begun = isToolBlock(objectAt(event, 'content_block')['type']);
    return collectTexts(data, MESSAGES_SHOWN, (path) => {
      const delta = path[0] === 'delta' && path[1] === 'partial_json';
      const call =
        delta || (begun && path[0] === 'content_block')
          ? String(event['index'])
          : callAt(objectAt(objectAt(event, 'message'), path[1]), path.slice(2));
      const form = formOf(path);
      const field = KNOWN[`${String(objectAt(event, path[0])['type'])} ${form}`];
      if (field) return { stream: `block ${String(event['index'])}/${field}`, known: true, call };
      return { stream: `${place}${channelKey(data, path)}`, known: NAMED.test(form), call };
    });
  },

  toolPieces(_operation, data) {
    const event = (data ?? {}) as Record<string, unknown>;
    const call = String(event['index']);
    if (event['type'] === 'content_block_start')
      return blockPieces(objectAt(event, 'content_block'), call, true);
    if (event['type'] === 'content_block_stop') return [{ call, ended: true }];
    if (event['type'] === 'content_block_delta') {
      const text = objectAt(event, 'delta')['partial_json'];
      return typeof text === 'string' ? [{ call, text }] : [];
    }
    const content = event['content'] ?? objectAt(event, 'message')['content'];
    return objectsOf(content).flatMap(([block, n]) => blockPieces(block, n, false));
  },

  order(_operation, data) {
    const { type, index } = (data ?? {}) as Record<string, unknown>;
    if (type === 'ping' && Object.keys(data as object).length === 1) return { ...inOrder(), empty: true };
    if (type !== 'content_block_stop') return inOrder();
    return inOrder(
      ...['block', 'content_block_start', 'content_block_delta'].map((start) => `${start} ${String(index)}/`),
    );
  },

  eventName: (name, data) => nameOfEvent(name, data, ['error', 'ping']),

  counts(body) {
    const message = objectAt(body, 'message');
    const usage = objectAt(body, 'usage');
    const own = Object.keys(usage).length > 0 ? usage : objectAt(message, 'usage');
    return readCounts({
      fresh: own['input_tokens'],
      output: own['output_tokens'],
      cacheRead: own['cache_read_input_tokens'],
      cacheWrite: own['cache_creation_input_tokens'],
      cacheWriteHour: objectAt(own, 'cache_creation')['ephemeral_1h_input_tokens'],
    });
  },
};
