import type { Steps } from '@sallyport/core';
import type { AnswerReader, TextPart, ToolPiece } from '../dialect.ts';
import { channelKey, formOf, inOrder, named, nameOfEvent, objectAt, objectsOf } from './fields.ts';
import { CHAT_SHOWN, RESPONSE_EVENT_SHOWN, RESPONSE_SHOWN } from './shown.ts';
import { collectTexts } from './texts.ts';
import { readCounts } from './usage.ts';

/** A function as chat completions write it: whole in a message, in pieces in a delta. */
function functionPiece(call: string, own: Record<string, unknown>, delta: boolean): ToolPiece {
  const { name, arguments: text } = own;
  if (delta) return { call, ...named(name), ...(typeof text === 'string' && { text }) };
  return { call, ...named(name), whole: text ?? '' };
}

/** Calls of tools in a chat completion, or in one of its chunks. */
function chatToolPieces(body: unknown): ToolPiece[] {
  return objectsOf((body as { choices?: unknown } | null)?.choices).flatMap(([choice, at]) => {
    const place = placeOf(choice, at);
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

/** What a responses object repeats of its request. */
const OWN = new Set(['instructions', 'tools', 'metadata']);

/** Tells the choices of an answer apart, and their calls of tools. */
const placeOf = (own: Record<string, unknown>, n: unknown): unknown =>
  typeof own['index'] === 'number' ? own['index'] : n;

/** The call of a tool that a path leads into, in a chat completion. */
function chatCallAt(body: unknown, path: readonly (string | number)[]): string | undefined {
  if (path[0] !== 'choices') return undefined;
  const choice = objectAt(objectAt(body, 'choices'), path[1]);
  const place = placeOf(choice, path[1]);
  if (path[3] === 'function_call') return `${place}/function`;
  if (path[3] !== 'tool_calls') return undefined;
  const calls = objectAt(objectAt(choice, path[2]), 'tool_calls');
  return `${place}/${placeOf(objectAt(calls, path[4]), path[4])}`;
}

/** The call of a tool that a path leads into, in the output of a response. */
function itemCallAt(response: unknown, path: readonly (string | number)[]): string | undefined {
  if (path[0] !== 'output') return undefined;
  const item = objectAt(objectAt(response, 'output'), path[1]);
  return isToolItem(item['type']) ? String(item['id'] ?? path[1]) : undefined;
}

/** Where a chunk has what the model writes. */
const KNOWN = new RegExp(
  [
    '^choices/\\*/(?:text|(?:delta|message)/(?:',
    '(?:content|refusal|reasoning|reasoning_content|thinking)(?:/\\*){0,4}(?:/text)?|audio/transcript|',
    'tool_calls/\\*/(?:function/(?:name|arguments)|custom/(?:name|input))|function_call/(?:name|arguments)))$',
  ].join(''),
);
/** Events whose delta is what the model writes. */
const WRITTEN = new RegExp(
  [
    '^response\\.(?:output_text|refusal|reasoning_text|reasoning_summary_text|function_call_arguments|',
    'mcp_call_arguments|custom_tool_call_input|code_interpreter_call_code|audio_transcript|audio\\.transcript)\\.delta$',
  ].join(''),
);

/** Members of events that come whole. */
const WHOLE = new Set(
  'logprobs response item part text arguments input code refusal transcript annotation error message param name'.split(
    ' ',
  ),
);

/** Events of the arguments of a call. */
const ARGUMENTS = /^response\.(?:function_call_arguments|mcp_call_arguments)\./;
const CALL = /^response\.(?:function_call|mcp_call|custom_tool_call|code_interpreter_call)_/;

/** The part of a response that an event of a type is about. */
const partOf = (type: string, event: Record<string, unknown>): string =>
  [type, ...['item_id', 'output_index', 'content_index', 'summary_index'].map((key) => event[key])].join(' ');

/** Texts of one event of a response. */
function responseTexts(data: unknown): Steps<TextPart[]> {
  const event = objectAt({ data }, 'data');
  const type = String(event['type']);
  const item = objectAt(event, 'item');
  return collectTexts(data, RESPONSE_EVENT_SHOWN, (path) => {
    const echo = path[0] === 'response' && OWN.has(path[1] as string);
    let call = path[0] === 'response' ? itemCallAt(event['response'], path.slice(1)) : undefined;
    if (CALL.test(type)) call = String(event['item_id'] ?? event['output_index']);
    else if (path[0] === 'item' && isToolItem(item['type']))
      call = String(item['id'] ?? event['output_index']);
    const delta = path[0] === 'delta' || (path[0] === 'logprobs' && type.endsWith('.delta'));
    // What no protocol has may grow from event to event, too.
    const stream = delta || !WHOLE.has(String(path[0])) ? `${partOf(type, event)}/${path.join('/')}` : null;
    const known = path[0] === 'delta' && path.length === 1 && WRITTEN.test(type);
    return { stream, known, call, echo, json: delta && ARGUMENTS.test(type) };
  });
}

/** Reads answers in the OpenAI dialect. */
export const openaiAnswers: AnswerReader = {
  readResponse: (operation, body) =>
    collectTexts(body, operation === 'responses' ? RESPONSE_SHOWN : CHAT_SHOWN, (path) => {
      if (operation !== 'responses') return { stream: null, call: chatCallAt(body, path) };
      return { stream: null, call: itemCallAt(body, path), echo: OWN.has(path[0] as string) };
    }),

  // By the route, as the client reads: what an event says of itself may be a lie.
  readEvent: (operation, data) =>
    operation === 'responses'
      ? responseTexts(data)
      : collectTexts(data, CHAT_SHOWN, (path) => ({
          stream: channelKey(data, path),
          known: KNOWN.test(formOf(path)),
          call: chatCallAt(data, path),
        })),

  toolPieces: (operation, data) =>
    operation === 'responses' ? responseToolPieces(data) : chatToolPieces(data),

  order(operation, data) {
    const event = objectAt({ data }, 'data');
    if (operation === 'responses') {
      const type = String(event['type']);
      return type.endsWith('.done')
        ? inOrder(`${partOf(type.replace(/done$/, 'delta'), event)}/`)
        : inOrder();
    }
    const choices = objectsOf(event['choices']);
    const lanes = choices.map(([choice, n]) => String(placeOf(choice, n)));
    return { lanes, ends: [], last: choices.some(([choice]) => typeof choice['finish_reason'] === 'string') };
  },

  eventName: (name, data) => nameOfEvent(name, data, ['error']),

  counts(body) {
    const own = objectAt(body, 'usage');
    const usage = Object.keys(own).length > 0 ? own : objectAt(objectAt(body, 'response'), 'usage');
    const input = { ...objectAt(usage, 'prompt_tokens_details'), ...objectAt(usage, 'input_tokens_details') };
    const output = {
      ...objectAt(usage, 'completion_tokens_details'),
      ...objectAt(usage, 'output_tokens_details'),
    };
    return readCounts({
      input: usage['prompt_tokens'] ?? usage['input_tokens'],
      output: usage['completion_tokens'] ?? usage['output_tokens'],
      // Others that speak this dialect say it elsewhere.
      cacheRead: input['cached_tokens'] ?? usage['prompt_cache_hit_tokens'],
      cacheWrite: input['cache_write_tokens'] ?? input['cache_creation_tokens'],
      audioInput: input['audio_tokens'],
      reasoning: output['reasoning_tokens'],
      audioOutput: output['audio_tokens'],
    });
  },
};
