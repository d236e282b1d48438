import { CodedError, type Steps, tableOf } from '@sallyport/core';
import type { RequestPart, RequestReading } from '../dialect.ts';
import { objectBody, optional, tokenBound } from './fields.ts';
import { roleRuns } from './groups.ts';
import { OLLAMA_PLACES } from './other-places.ts';
import { collectRequest } from './texts.ts';

/** Members of a request that tell the system what to do and what tools and answers look like. */
const DEFINITIONS = new Set(['system', 'template', 'tools', 'format']);
const ROLES: Readonly<Record<string, RequestPart['channel']>> = tableOf({
  system: 'operator',
  assistant: 'assistant',
  tool: 'document',
});

function validate(operation: string, body: Record<string, unknown>): void {
  if (operation === 'chat') {
    const messages = body['messages'];
    if (!Array.isArray(messages))
      throw new CodedError('body-invalid', '`messages` must be a list of messages');
    messages.forEach((message: unknown, i) => {
      const role =
        typeof message === 'object' && message !== null ? (message as { role?: unknown }).role : null;
      if (typeof role !== 'string')
        throw new CodedError('body-invalid', `\`messages.${i}\` must be an object with a \`role\``);
    });
  } else if (operation === 'generate') optional(body, 'prompt', 'string');
}

const isEmbedding = (operation: string): boolean => operation === 'embed' || operation === 'embeddings';

/** Reads a request in the Ollama dialect. */
export function* readOllamaRequest(operation: string, raw: unknown, source = ''): Steps<RequestReading> {
  const body = objectBody(raw);
  validate(operation, body);
  const messages = Array.isArray(body['messages']) ? body['messages'] : [];
  const runs = roleRuns(messages);
  const texts = yield* collectRequest(body, source, OLLAMA_PLACES, (path) => {
    const message =
      path[0] === 'messages' ? (messages[path[1] as number] as { role?: unknown } | null) : null;
    return {
      channel: ROLES[String(message?.role)] ?? (DEFINITIONS.has(path[0] as string) ? 'operator' : 'user'),
      system: message?.role === 'system' || path[0] === 'system' || path[0] === 'template',
      ...(path[2] === 'content' && { group: runs(path[1]) }),
      ...(path[0] === 'input' && path.length === 2 && { group: 'list input' }),
    };
  });
  const options = body['options'];
  // 0, -1 and -2 are no bound of the caller's own.
  const bound = (options as { num_predict?: unknown } | undefined)?.num_predict;
  return {
    // What is empty is not there: the system goes by the other one.
    model: optional(body, 'model', 'string') || optional(body, 'name', 'string'),
    // A stream is what Ollama answers with unless told otherwise.
    stream:
      operation === 'chat' || operation === 'generate'
        ? (optional(body, 'stream', 'boolean') ?? true)
        : false,
    ...texts,
    ...(isEmbedding(operation) || operation === 'show'
      ? { outputTokensMax: 0 }
      : tokenBound({ num_predict: bound }, ['num_predict'], true)),
  };
}
