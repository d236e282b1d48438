import { toPointer } from '@sallyport/core';
import type { AnswerReader, ToolPiece } from '../dialect.ts';
import { formOf, inOrder, named, objectAt, objectsOf } from './fields.ts';
import { OLLAMA_SHOWN } from './shown.ts';
import { collectTexts } from './texts.ts';
import { readCounts } from './usage.ts';

/** Tells calls apart. */
const callOf = (tool: Record<string, unknown>, n: unknown): string =>
  String(objectAt(tool, 'function')['index'] ?? n);

function callAt(body: unknown, path: readonly (string | number)[]): string | undefined {
  if (path[0] !== 'message' || path[1] !== 'tool_calls') return undefined;
  return callOf(objectAt(objectAt(objectAt(body, 'message'), 'tool_calls'), path[2]), path[2]);
}

/** Calls of tools in an answer, or in one line of it. */
const toolPieces = (data: unknown): ToolPiece[] =>
  objectsOf(objectAt(data, 'message')['tool_calls']).map(([tool, n]) => {
    const own = objectAt(tool, 'function');
    return { call: callOf(tool, n), ...named(own['name']), whole: own['arguments'] ?? {} };
  });

/** Where a line has what the model writes. */
const KNOWN = /^(?:response|thinking|message\/(?:content|thinking)(?:\/\*){0,4}(?:\/text)?)$/;

/** Reads answers in the Ollama dialect. */
export const ollamaAnswers: AnswerReader = {
  readResponse: (_operation, body) =>
    collectTexts(body, OLLAMA_SHOWN, (path) => ({ stream: null, call: callAt(body, path) })),

  readEvent: (_operation, data) =>
    collectTexts(data, OLLAMA_SHOWN, (path) => ({
      // Text grows over `response`, `message.content` and `message.thinking`; calls of tools come whole.
      stream: path.includes('tool_calls') ? null : toPointer(path).slice(1),
      known: KNOWN.test(formOf(path)),
      call: callAt(data, path),
    })),

  order: (_operation, data) => ({
    ...inOrder(),
    opens: objectAt(objectAt({ data }, 'data'), 'message')['tool_calls'] !== undefined,
  }),
  eventName: () => '',

  toolsInResponse: (_operation, body) => toolPieces(body),
  toolsInEvent: (_operation, data) => toolPieces(data),
  // Calls come whole.
  identities: () => () => {},
  joins: () => () => {},

  counts(body) {
    const own = objectAt({ body }, 'body');
    return readCounts({ input: own['prompt_eval_count'], output: own['eval_count'] });
  },
};
