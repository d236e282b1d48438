import { formOf } from './fields.ts';

type Path = readonly (string | number)[];

/** Types that each object on the way to a place may say it has, from the whole answer on; null where that does not matter. */
type Types = readonly (ReadonlySet<string> | null)[];

/** Places of text that people read, by path: `*` for the elements of a list. */
export type ShownTable = ReadonlyMap<string, readonly Types[]>;

/**
 * A table of places. Behind a part of a path stands of what types the object there may be, before it those of the whole:
 * `[message]/content/*[text]/text`. What is in no table, such as a tool that is new, is not shown.
 */
export function shownTable(...paths: readonly string[]): ShownTable {
  const table = new Map<string, Types[]>();
  for (const path of paths) {
    const steps = (path.startsWith('[') ? path : `/${path}`).split('/').map((step) => {
      const [name = '', types] = step.split('[');
      return { name, types: types === undefined ? null : new Set(types.slice(0, -1).split(',')) };
    });
    const form = steps
      .slice(1)
      .map(({ name }) => name)
      .join('/');
    table.set(form, [...(table.get(form) ?? []), steps.map(({ types }) => types)]);
  }
  return table;
}

/** Prefixes paths. */
export const below = (prefix: string, ...paths: readonly string[]): string[] =>
  paths.map((path) => `${prefix}/${path}`);

/** The types that objects on the way to a place have, where a row of the table asks for some; null where they are others. */
function typesAt(body: unknown, path: Path, types: Types): string | null {
  let at = body;
  const found: string[] = [];
  for (let n = 0; n <= path.length; n++) {
    const own = types[n];
    if (own) {
      const type = String((at as { type?: unknown } | null)?.type);
      if (!own.has(type)) return null;
      found.push(type);
    }
    at = (at as Record<string | number, unknown>)[path[n]!];
  }
  return found.join(' ');
}

/**
 * Whether a place in an answer, or in an event of one, is one of text that people read.
 * @returns the types that make it one, of which clients may take one and leave the others; null where it is none
 */
export function shownAs(table: ShownTable, body: unknown, path: Path): string | null {
  for (const types of table.get(formOf(path)) ?? []) {
    const found = typesAt(body, path, types);
    if (found !== null) return found;
  }
  return null;
}

/** A message of chat completions, or what a chunk adds to it. */
const CHAT_MESSAGE = [
  ...['content', 'content/*[text,output_text]/text', 'content/*[refusal]/refusal', 'refusal'],
  ...['content/*[thinking]/thinking', 'content/*[thinking]/thinking/*[text]/text', 'audio/transcript'],
  ...['reasoning', 'reasoning_content', 'thinking'],
  ...['reasoning_details/*[reasoning.text]/text', 'reasoning_details/*[reasoning.summary]/summary'],
];
const ERROR = ['error', 'error/message'];

/** Chat completions and completions, whole and in chunks. */
export const CHAT_SHOWN = shownTable(
  ...ERROR,
  'choices/*/text',
  ...below('choices/*/message', ...CHAT_MESSAGE),
  ...below('choices/*/delta', ...CHAT_MESSAGE),
);

const PARTS = ['*[output_text,text]/text', '*[refusal]/refusal'];
/** An item of the output of a response. @param at where it is */
const itemAt = (at: string): string[] => [
  `${at}[message]/content`,
  ...below(`${at}[message]/content`, ...PARTS),
  ...below(`${at}[reasoning]/content`, '*[reasoning_text,text]/text'),
  ...below(`${at}[reasoning]/summary`, '*[summary_text]/text'),
];

/** A response. */
export const RESPONSE_SHOWN = shownTable(...ERROR, ...itemAt('output/*'));

/** Events of text: their delta, and the member that has all of it in the end. */
const TEXT_EVENTS: readonly (readonly [event: string, whole: string])[] = [
  ['response.output_text', 'text'],
  ['response.refusal', 'refusal'],
  ['response.reasoning_text', 'text'],
  ['response.reasoning_summary_text', 'text'],
  ['response.audio.transcript', 'transcript'],
  ['response.audio_transcript', 'transcript'],
  ['response.output_audio_transcript', 'transcript'],
];

/** Events of a response that comes as a stream. */
export const RESPONSE_EVENT_SHOWN = shownTable(
  ...TEXT_EVENTS.flatMap(([event, whole]) => [`[${event}.delta]/delta`, `[${event}.done]/${whole}`]),
  ...below(
    '[response.content_part.added,response.content_part.done]',
    'part[output_text,text,reasoning_text]/text',
    'part[refusal]/refusal',
  ),
  ...below(
    '[response.reasoning_summary_part.added,response.reasoning_summary_part.done]',
    'part[summary_text]/text',
  ),
  ...below('[response.output_item.added,response.output_item.done]', ...itemAt('item')),
  ...below('response', 'error/message', ...itemAt('output/*')),
  ...['[error]/message', ...ERROR],
);

const BLOCK = ['[text]/text', '[thinking]/thinking'];
const blocksAt = (at: string): string[] => BLOCK.map((block) => at + block);

/** Messages of Anthropic, whole and their events. */
export const MESSAGES_SHOWN = shownTable(
  ...['error/message', 'completion'],
  ...blocksAt('content/*'),
  ...blocksAt('message/content/*'),
  ...below('[content_block_start]', ...blocksAt('content_block')),
  ...below('[content_block_delta]', 'delta[text_delta]/text', 'delta[thinking_delta]/thinking'),
);

/** Answers of Ollama, whole and their lines. */
export const OLLAMA_SHOWN = shownTable(
  ...['response', 'thinking', 'error'],
  ...['message/content', 'message/thinking'],
);

/** Answers of the Open Inference Protocol: their tensors are no text for people. */
export const OPEN_INFERENCE_SHOWN = shownTable('error');
