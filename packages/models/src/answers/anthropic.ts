import type { AnswerReader, ToolPiece } from '../dialect.ts';
import { channelKey, named, nameOfEvent, objectAt, objectsOf, readUsage } from './fields.ts';
import { collectTexts } from './texts.ts';

const isToolBlock = (type: unknown): boolean => typeof type === 'string' && type.endsWith('tool_use');

/** A block that calls a tool. @param begun whether its arguments are still to come */
function blockPieces(block: Record<string, unknown>, at: unknown, begun: boolean): ToolPiece[] {
  if (!isToolBlock(block['type'])) return [];
  const input = block['input'] ?? {};
  const whole = !begun || Object.keys(input).length > 0;
  return [{ call: String(at), ...named(block['name']), ...(whole && { whole: input }) }];
}

/** Reads answers in the Anthropic dialect. */
export const anthropicAnswers: AnswerReader = {
  readResponse: (_operation, body) =>
    collectTexts(body, () => ({ channel: 'output', system: false, stream: null })),

  readEvent(_operation, data) {
    const event = data as { type?: unknown; index?: unknown } | null;
    const place = `${String(event?.type)} ${String(event?.index)}`;
    return collectTexts(data, (path) => ({
      channel: 'output',
      system: false,
      stream: `${place}${channelKey(data, path)}`,
    }));
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

  eventName: (name, data) => nameOfEvent(name, data, ['error', 'ping']),

  usage(body) {
    const holder = body as { usage?: unknown; message?: { usage?: unknown } } | null;
    return readUsage(holder?.usage ?? holder?.message?.usage, 'input_tokens', 'output_tokens');
  },
};
