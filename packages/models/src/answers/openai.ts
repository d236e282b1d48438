import { CodedError, type Steps, toPointer } from '@sallyport/core';
import type { AnswerReader, TextPart } from '../dialect.ts';
import { chatCallAt, chatIdentities, chatToolPieces, opensCall } from './chat-tools.ts';
import { channelKey, formOf, inOrder, nameOfEvent, objectAt, objectsOf, placeOf } from './fields.ts';
import { responseJoins } from './response-items.ts';
import {
  isToolItem,
  outputCall,
  responseCallOf,
  responseEventPieces,
  responseIdentities,
  responseToolPieces,
} from './response-tools.ts';
import { CHAT_SHOWN, RESPONSE_EVENT_SHOWN, RESPONSE_SHOWN } from './shown.ts';
import { collectTexts } from './texts.ts';
import { readCounts } from './usage.ts';

/** What a responses object repeats of its request. */
const OWN = new Set(['instructions', 'tools', 'metadata', 'text', 'prompt']);

/** The call of a tool that a path leads into, in the output of a response. */
function itemCallAt(response: unknown, path: readonly (string | number)[]): string | undefined {
  if (path[0] !== 'output') return undefined;
  const item = objectAt(objectAt(response, 'output'), path[1]);
  return isToolItem(item['type']) ? outputCall(path[1]) : undefined;
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

/** Where the item of an event stands, and the part of it. */
const placesIn = (event: Record<string, unknown>): number[] =>
  ['output_index', 'content_index', 'summary_index'].map((key) => Number(event[key] ?? 0));

/** Texts of one event of a response. */
function responseTexts(data: unknown): Steps<TextPart[]> {
  const event = objectAt({ data }, 'data');
  const type = String(event['type']);
  const item = objectAt(event, 'item');
  const at = placesIn(event);
  return collectTexts(data, RESPONSE_EVENT_SHOWN, (path) => {
    const echo = path[0] === 'response' && OWN.has(path[1] as string);
    let call = path[0] === 'response' ? itemCallAt(event['response'], path.slice(1)) : undefined;
    if (CALL.test(type)) call = responseCallOf(event);
    else if (path[0] === 'item' && isToolItem(item['type'])) call = responseCallOf(event, item);
    const delta = path[0] === 'delta' || (path[0] === 'logprobs' && type.endsWith('.delta'));
    // What no protocol has may grow from event to event, too.
    const stream = delta || !WHOLE.has(String(path[0])) ? `${partOf(type, event)}${toPointer(path)}` : null;
    const known = path[0] === 'delta' && path.length === 1 && WRITTEN.test(type);
    return { stream, known, call, echo, at, json: delta && ARGUMENTS.test(type) };
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
      : collectTexts(data, CHAT_SHOWN, (path) => {
          const known = KNOWN.test(formOf(path));
          return { stream: channelKey(data, path), known, call: chatCallAt(data, path) };
        }),

  toolsInResponse: (operation, body) =>
    operation === 'responses' ? responseToolPieces(body) : chatToolPieces(body),
  toolsInEvent: (operation, data) =>
    operation === 'responses' ? responseEventPieces(data) : chatToolPieces(data),
  identities: (operation) => (operation === 'responses' ? responseIdentities() : chatIdentities()),

  joins: (operation) =>
    operation === 'responses' ? responseJoins((type) => WRITTEN.test(type), partOf) : () => {},

  order(operation, data) {
    const event = objectAt({ data }, 'data');
    if (operation === 'responses') {
      const type = String(event['type']);
      const ends = type.endsWith('.done') ? [`${partOf(type.replace(/done$/, 'delta'), event)}/`] : [];
      return { ...inOrder(...ends), opens: !type.endsWith('.delta') };
    }
    const choices = objectsOf(event['choices']);
    const lanes = choices.map(([choice, n]) => String(placeOf(choice, n)));
    if (new Set(lanes).size < lanes.length)
      throw new CodedError('upstream-invalid', 'an event of the stream has one choice twice');
    const last = choices.some(([choice]) => typeof choice['finish_reason'] === 'string');
    return { lanes, ends: [], last, opens: choices.some(([choice]) => opensCall(choice)) };
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
