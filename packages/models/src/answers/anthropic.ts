import { CodedError, tableOf } from '@sallyport/core';
import type { AnswerReader, ToolPiece } from '../dialect.ts';
import { channelKey, formOf, inOrder, named, nameOfEvent, objectAt, objectsOf } from './fields.ts';
import { MESSAGES_SHOWN } from './shown.ts';
import { StreamNames } from './stream-names.ts';
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

/** Calls of tools in a message. */
const messagePieces = (message: Record<string, unknown>): ToolPiece[] =>
  objectsOf(message['content']).flatMap(([block, n]) => blockPieces(block, `content/${n}`, false));

/** Calls of tools in one event of a stream. */
function eventPieces(event: Record<string, unknown>): ToolPiece[] {
  const call = String(event['index']);
  const text = objectAt(event, 'delta')['partial_json'];
  return [
    ...messagePieces(event),
    ...messagePieces(objectAt(event, 'message')),
    ...blockPieces(objectAt(event, 'content_block'), call, true),
    ...(typeof text === 'string' ? [{ call, text }] : []),
    ...(event['type'] === 'content_block_stop' ? [{ call, ended: true }] : []),
  ];
}

/** The call of a tool that a path within a message leads into. */
function callAt(message: unknown, path: readonly (string | number)[]): string | undefined {
  if (path[0] !== 'content') return undefined;
  const block = objectAt(objectAt(message, 'content'), path[1]);
  return isToolBlock(block['type']) ? `content/${path[1]}` : undefined;
}

/**
 * A check of the events of one stream: blocks begin one behind the other and have their number, and what a tool is called with
 * comes under its own type. Clients go by either.
 */
function blockIdentities(): (data: unknown) => void {
  let begun = 0;
  return (data) => {
    const { type, index, delta } = objectAt({ data }, 'data');
    const refuse = (what: string): never => {
      throw new CodedError(
        'upstream-invalid',
        `the stream ${what}: clients that go by either read another call`,
      );
    };
    if (type === 'content_block_start' && index !== begun++)
      refuse('begins a block with an `index` that is not its place');
    const { type: of, partial_json: text } = objectAt({ delta }, 'delta');
    if (text !== undefined && (type !== 'content_block_delta' || of !== 'input_json_delta'))
      refuse('has `partial_json` under another type than `input_json_delta`');
  };
}

/** What a delta writes, by its type, and what the block is that clients take it into: into others they take none of it. */
const INTO: Readonly<Record<string, (type: unknown) => boolean>> = tableOf({
  text_delta: (type) => type === 'text',
  thinking_delta: (type) => type === 'thinking',
  input_json_delta: isToolBlock,
});

/**
 * A check of the events of one stream. Some clients count a number below zero from the last block; and some leave out what is
 * written into a block of another type, so that what stands on both sides of it is one text to them.
 */
function blockJoins(): (data: unknown) => void {
  const types = new StreamNames<string>();
  const taken = new Set<unknown>();
  const leftOut = new Set<unknown>();
  const refuse = (what: string): never => {
    throw new CodedError('upstream-invalid', `the stream has ${what}`);
  };
  return (data) => {
    const { type, index, delta, content_block: block } = objectAt({ data }, 'data');
    if (!String(type).startsWith('content_block_')) return;
    const place = index ?? 0;
    if (Number(place) < 0) refuse('an event of a block whose number is below zero');
    if (type === 'content_block_start') {
      const of = objectAt({ block }, 'block')['type'];
      const known = ['text', 'thinking'].find((one) => one === of) ?? (isToolBlock(of) ? 'tool_use' : '');
      types.set(place, known);
    }
    const written = objectAt({ delta }, 'delta')['type'];
    const fits = typeof written === 'string' ? INTO[written] : undefined;
    if (!fits || !types.has(place)) return;
    (fits(types.get(place)) ? taken : leftOut).add(written);
    if (taken.has(written) && leftOut.has(written))
      refuse('text for a block of another type beside such as clients read: not all of them leave it out');
  };
}

/** The block of an event: without a number clients take it for the first. */
const blockOf = ({ index }: Record<string, unknown>): string => `block ${String(index ?? 0)}`;

const messageCallAt = (event: unknown, path: readonly (string | number)[]): string | undefined =>
  path[0] === 'message' ? callAt(objectAt(event, 'message'), path.slice(1)) : undefined;

/**
 * What the model writes of a block, in its start and its deltas: clients put it together by the member, not all of them by the
 * type that is said beside it. Behind each member stands the type that the protocol has there.
 */
const FIELDS: Readonly<Record<string, readonly [field: string, type: string]>> = tableOf({
  'content_block/text': ['text', 'text'],
  'delta/text': ['text', 'text_delta'],
  'content_block/thinking': ['thinking', 'thinking'],
  'delta/thinking': ['thinking', 'thinking_delta'],
  'delta/partial_json': ['partial_json', 'input_json_delta'],
});
const NAMED = /^content_block\/(?:name|input\/.*)$/;

/** Reads answers in the Anthropic dialect. */
export const anthropicAnswers: AnswerReader = {
  readResponse: (_operation, body) =>
    collectTexts(body, MESSAGES_SHOWN, (path) => ({ stream: null, call: callAt(body, path) })),

  readEvent(_operation, data) {
    const event = (data ?? {}) as Record<string, unknown>;
    const place = `${String(event['type'])} ${String(event['index'])}`;
    const at = [Number(event['index'] ?? 0)];
    const begun = isToolBlock(objectAt(event, 'content_block')['type']);
    return collectTexts(data, MESSAGES_SHOWN, (path) => {
      const delta = path[0] === 'delta' && path[1] === 'partial_json';
      const call =
        delta || (begun && path[0] === 'content_block')
          ? String(event['index'])
          : (callAt(event, path) ?? messageCallAt(event, path));
      const form = formOf(path);
      const [field, type] = FIELDS[form] ?? [];
      if (field !== undefined) {
        const known = objectAt(event, path[0])['type'] === type;
        return { stream: `${blockOf(event)}/${field}`, known, call, at };
      }
      return { stream: `${place}${channelKey(data, path)}`, known: NAMED.test(form), call, at };
    });
  },

  toolsInResponse: (_operation, body) => messagePieces(objectAt({ body }, 'body')),
  toolsInEvent: (_operation, data) => eventPieces(objectAt({ data }, 'data')),
  identities: () => blockIdentities(),
  joins: () => blockJoins(),

  order(_operation, data) {
    const { type, index } = (data ?? {}) as Record<string, unknown>;
    if (type === 'ping' && Object.keys(data as object).length === 1) return { ...inOrder(), empty: true };
    if (type !== 'content_block_stop') return { ...inOrder(), opens: type !== 'content_block_delta' };
    const fields = ['content_block_start', 'content_block_delta'].map(
      (start) => `${start} ${String(index)}/`,
    );
    return { ...inOrder(`${blockOf({ index })}/`, ...fields), opens: true };
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
