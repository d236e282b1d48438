import type { AnswerReader } from '../dialect.ts';
import { named, objectAt, objectsOf, readUsage } from './fields.ts';
import { collectTexts } from './texts.ts';

/** Reads answers in the Ollama dialect. */
export const ollamaAnswers: AnswerReader = {
  readResponse: (_operation, body) =>
    collectTexts(body, () => ({ channel: 'output', system: false, stream: null })),

  readEvent: (_operation, data) =>
    collectTexts(data, (path) => ({
      channel: 'output',
      system: false,
      // Text grows over `response`, `message.content` and `message.thinking`; calls of tools come whole.
      stream: path.includes('tool_calls') ? null : path.join('/'),
    })),

  eventName: () => '',

  toolPieces: (_operation, data) =>
    objectsOf(objectAt(data, 'message')['tool_calls']).map(([tool, n]) => {
      const own = objectAt(tool, 'function');
      return { call: String(own['index'] ?? n), ...named(own['name']), whole: own['arguments'] ?? {} };
    }),

  usage(body) {
    return readUsage(body, 'prompt_eval_count', 'eval_count');
  },
};
