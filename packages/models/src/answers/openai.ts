import type { AnswerReader, ToolPiece } from '../dialect.ts';
import { channelKey, named, nameOfEvent, objectAt, objectsOf, readUsage } from './fields.ts';
import { collectTexts } from './texts.ts';

/** A function as chat completions write it: whole in a message, in pieces in a delta. */
function functionPiece(call: string, own: Record<string, unknown>, delta: boolean): ToolPiece {
  const { name, arguments: text } = own;
  if (delta) return { call, ...named(name), ...(typeof text === 'string' && { text }) };
  return { call, ...named(name), whole: text ?? '' };
}

/** Calls of tools in a chat completion, or in one of its chunks. */
function chatToolPieces(body: unknown): ToolPiece[] {
  return objectsOf((body as { choices?: unknown } | null)?.choices).flatMap(([choice, at]) => {
    const place = typeof choice['index'] === 'number' ? choice['index'] : at;
    return (['message', 'delta'] as const).flatMap((key) => {
      const delta = key === 'delta';
      const message = objectAt(choice, key);
      const pieces = objectsOf(message['tool_calls']).map(([tool, n]) => {
        const index = typeof tool['index'] === 'number' ? tool['index'] : n;
        const own = tool['custom'] === undefined ? objectAt(tool, 'function') : objectAt(tool, 'custom');
        return functionPiece(
          `${place}/${index}`,
          { ...own, arguments: own['arguments'] ?? own['input'] },
          delta,
        );
      });
      if (message['function_call'] !== undefined)
        pieces.push(functionPiece(`${place}/function`, objectAt(message, 'function_call'), delta));
      return pieces;
    });
  });
}

const isToolItem = (type: unknown): boolean => typeof type === 'string' && type.endsWith('_call');

/** Calls of tools in a response, or in one of the events of its stream. */
function responseToolPieces(body: unknown): ToolPiece[] {
  const event = (body ?? {}) as Record<string, unknown>;
  const type = String(event['type'] ?? '');
  const item = (own: Record<string, unknown>, n: unknown, begun: boolean): ToolPiece[] => {
    if (!isToolItem(own['type'])) return [];
    const call = String(own['id'] ?? n);
    // Tools of the provider's own have names of their own types, and no arguments that go anywhere.
    const name = own['name'] ?? own['type'];
    const whole = own['arguments'] ?? own['input'] ?? own['action'] ?? '';
    return [{ call, ...named(name), ...(!begun || whole !== '' ? { whole } : {}) }];
  };
  if (type === 'response.output_item.added' || type === 'response.output_item.done')
    return item(objectAt(event, 'item'), event['output_index'], type.endsWith('added'));
  const call = String(event['item_id'] ?? event['output_index']);
  if (/^response\.(?:function_call_arguments|mcp_call_arguments|custom_tool_call_input)\.delta$/.test(type))
    return typeof event['delta'] === 'string' ? [{ call, text: event['delta'] }] : [];
  if (/^response\.(?:function_call_arguments|mcp_call_arguments|custom_tool_call_input)\.done$/.test(type))
    return [{ call, ...named(event['name']), whole: event['arguments'] ?? event['input'] ?? '' }];
  const output = event['output'] ?? objectAt(event, 'response')['output'];
  return objectsOf(output).flatMap(([own, n]) => item(own, n, false));
}

/** Reads answers in the OpenAI dialect. */
export const openaiAnswers: AnswerReader = {
  readResponse: (_operation, body) =>
    collectTexts(body, (path) =>
      // A responses object repeats the caller's own instructions, tools and metadata.
      path[0] === 'instructions' || path[0] === 'tools' || path[0] === 'metadata'
        ? null
        : { channel: 'output', system: false, stream: null },
    ),

  readEvent(_operation, data) {
    const type = typeof data === 'object' && data !== null ? (data as { type?: unknown }).type : undefined;
    if (typeof type === 'string' && type.startsWith('response.')) {
      const event = data as Record<string, unknown>;
      const place = [
        type,
        event['item_id'],
        event['output_index'],
        event['content_index'],
        event['summary_index'],
      ].join(' ');
      return collectTexts(data, (path) => {
        const own =
          path[0] === 'response' &&
          (path[1] === 'instructions' || path[1] === 'tools' || path[1] === 'metadata');
        if (own) return null;
        return {
          channel: 'output',
          system: false,
          stream: path[0] === 'delta' ? `${place}/${path.join('/')}` : null,
        };
      });
    }
    return collectTexts(data, (path) => ({
      channel: 'output',
      system: false,
      stream: channelKey(data, path),
    }));
  },

  toolPieces: (operation, data) =>
    operation === 'responses' ? responseToolPieces(data) : chatToolPieces(data),

  eventName: (name, data) => nameOfEvent(name, data, ['error']),

  usage(body) {
    const holder = body as { usage?: unknown; response?: { usage?: unknown } } | null;
    const usage = holder?.usage ?? holder?.response?.usage;
    return (
      readUsage(usage, 'prompt_tokens', 'completion_tokens') ??
      readUsage(usage, 'input_tokens', 'output_tokens')
    );
  },
};
