import { CodedError, JsonCursor, type PathPart, Pointers, type Steps } from '@sallyport/core';
import type { TextPart } from '../dialect.ts';
import { longNumbers } from '../requests/long-numbers.ts';
import { fields, NUMBERS, type PlaceTable, placeTree, under } from '../requests/places.ts';

/** Figures from which a number of an answer may be somebody's, or a canary. */
const FIGURES_MIN = 6;
/** Whole numbers behind each other in a list from which they may spell something, and lists that are read as characters. */
const CODES_MIN = 8;
const CODES_MAX = 4_096;
/** Values that are visited from one step to the next. */
const VISITED = 1_024;

const RESPONSE: PlaceTable = fields(
  NUMBERS,
  ...['created', 'created_at', 'completed_at', 'expires_at', 'modified_at', 'usage', 'size', 'index'],
  ...['max_output_tokens', 'max_tokens', 'context_length', 'seed'],
);

/**
 * Numbers of the protocols, in whatever answer or event they stand: moments, durations, counts, vectors, tensors. Source: API
 * references of OpenAI, Anthropic and Ollama; Open Inference Protocol v2.
 */
const PLACES = placeTree({
  ...RESPONSE,
  ...under('response', RESPONSE),
  ...under('message', RESPONSE),
  ...under('data/*', { ...RESPONSE, embedding: NUMBERS }),
  ...under('models/*', RESPONSE),
  ...fields(NUMBERS, 'sequence_number', 'output_index', 'content_index', 'summary_index', 'logprobs'),
  ...fields(NUMBERS, 'total_duration', 'load_duration', 'prompt_eval_count', 'prompt_eval_duration'),
  ...fields(NUMBERS, 'eval_count', 'eval_duration', 'context', 'embedding', 'embeddings', 'input_tokens'),
  'model_info/+': NUMBERS,
  ...under('choices/*', fields(NUMBERS, 'index', 'logprobs')),
  'part/logprobs': NUMBERS,
  ...under('item/content/*', fields(NUMBERS, 'logprobs')),
  ...under('output/*/content/*', fields(NUMBERS, 'logprobs')),
  ...under('response/output/*/content/*', fields(NUMBERS, 'logprobs')),
  ...under('outputs/*', fields(NUMBERS, 'shape', 'data')),
});

/**
 * Numbers of an answer, or of an event of one, that no protocol has there, and lists of numbers that may be characters. In
 * steps.
 * @param source JSON text of `body`, in which numbers stand as they were written
 * @throws CodedError `body-invalid` where there are too many
 */
export function* answerNumbers(body: unknown, source: string): Steps<TextPart[]> {
  const base = {
    channel: 'output',
    system: false,
    kind: 'text',
    stream: null,
    made: 'number',
    only: 'values',
  } as const;
  const numbers = (yield* longNumbers(source, PLACES, FIGURES_MIN)).map(
    ({ pointer, key, text }): TextPart => ({ ...base, pointer, text, name: key }),
  );
  const codes = yield* codesOf(body, source);
  return [...numbers, ...codes.map(({ pointer, text }): TextPart => ({ ...base, pointer, text }))];
}

/** Whether a number is a character that secrets are made of. */
const isCharacter = (code: unknown): boolean =>
  Number.isInteger(code) && (((code as number) >= 32 && (code as number) < 127) || code === 10);

/** Numbers that follow each other. */
const MAYBE_CODES = /\d\s*,\s*\d/;

/** Characters of a list in which so many follow each other; what is none parts them. Null for other lists. */
function charactersOf(list: readonly unknown[]): string | null {
  let run = 0;
  let most = 0;
  for (const one of list) {
    run = isCharacter(one) ? run + 1 : 0;
    if (run > most) most = run;
  }
  if (most < CODES_MIN) return null;
  return Buffer.from(list.map((one) => (isCharacter(one) ? (one as number) : 0))).toString('latin1');
}

/** Lists that hold whole numbers which can be read as characters. @throws CodedError `body-invalid` for too many */
function* codesOf(body: unknown, source: string): Steps<{ pointer: string; text: string }[]> {
  const found: { pointer: string; text: string }[] = [];
  if (typeof body !== 'object' || body === null || !MAYBE_CODES.test(source)) return found;
  const pointers = new Pointers();
  const read = (value: object, path: readonly PathPart[]): void => {
    const text = Array.isArray(value) ? charactersOf(value) : null;
    if (text === null) return;
    if (found.length >= CODES_MAX)
      throw new CodedError(
        'body-invalid',
        `it holds over ${CODES_MAX} lists of numbers that may be characters`,
      );
    found.push({ pointer: pointers.of(path), text });
  };
  read(body, []);
  let visited = 0;
  const cursor = new JsonCursor(body);
  while (cursor.next()) {
    if (++visited % VISITED === 0) yield;
    const { value, path } = cursor;
    if (typeof value !== 'object' || value === null) continue;
    read(value, path);
    if (!isNumeric(value)) cursor.enter();
  }
  return found;
}

/** Whether a list holds numbers only, such as a vector. */
const isNumeric = (value: object): boolean =>
  Array.isArray(value) && value.every((one) => typeof one === 'number');
