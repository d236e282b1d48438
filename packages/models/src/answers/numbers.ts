import { type Steps, toPointer } from '@sallyport/core';
import type { TextPart } from '../dialect.ts';
import { longNumbers } from '../requests/long-numbers.ts';
import { fields, NUMBERS, type PlaceTable, placeTree, under } from '../requests/places.ts';

/** Figures from which a number of an answer may be somebody's, or a canary. */
const FIGURES_MIN = 6;
/** Whole numbers in a list from which they may spell something, and lists that are read as characters. */
const CODES_MIN = 8;
const CODES_MAX = 64;
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
  const codes = yield* codesOf(body);
  return [...numbers, ...codes.map(({ pointer, text }): TextPart => ({ ...base, pointer, text }))];
}

/** Whether a number is a character that secrets are made of. */
const isCharacter = (code: unknown): boolean =>
  Number.isInteger(code) && (((code as number) >= 32 && (code as number) < 127) || code === 10);

/** Lists of whole numbers that can be read as characters. */
function* codesOf(body: unknown): Steps<{ pointer: string; text: string }[]> {
  let visited = 0;
  const found: { pointer: string; text: string }[] = [];
  const path: (string | number)[] = [];
  function* walk(value: unknown): Steps<void> {
    if (++visited % VISITED === 0) yield;
    if (typeof value !== 'object' || value === null || found.length >= CODES_MAX) return;
    if (Array.isArray(value)) {
      if (typeof value[0] === 'number') {
        if (value.length < CODES_MIN || !value.every(isCharacter)) return;
        found.push({ pointer: toPointer(path), text: Buffer.from(value).toString('latin1') });
        return;
      }
      for (let i = 0; i < value.length; i++) {
        if (typeof value[i] !== 'object') continue;
        path.push(i);
        yield* walk(value[i]);
        path.pop();
      }
      return;
    }
    for (const name in value) {
      const own = (value as Record<string, unknown>)[name];
      if (typeof own !== 'object') continue;
      path.push(name);
      yield* walk(own);
      path.pop();
    }
  }
  yield* walk(body);
  return found;
}
