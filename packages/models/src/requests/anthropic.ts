import { CodedError } from '@sallyport/core';
import type { RequestReading } from '../dialect.ts';
import { ANTHROPIC_PLACES } from './anthropic-places.ts';
import { objectBody, optional, tokenBound } from './fields.ts';
import { roleRuns } from './groups.ts';
import { collectRequest } from './texts.ts';

/** Whether a path leads into a tool result of a message. */
function toolResult(body: Record<string, unknown>, path: readonly (string | number)[]): boolean {
  let value: unknown = body;
  for (const part of path) {
    value = (value as Record<string | number, unknown>)[part];
    if (typeof value === 'object' && value !== null && (value as { type?: unknown }).type === 'tool_result')
      return true;
  }
  return false;
}

/** Reads a request in the Anthropic dialect. */
export function readAnthropicRequest(operation: string, raw: unknown, source = ''): RequestReading {
  const body = objectBody(raw);
  if (!Array.isArray(body['messages']))
    throw new CodedError('body-invalid', '`messages` must be a list of messages');
  const runs = roleRuns(body['messages']);
  const texts = collectRequest(body, source, ANTHROPIC_PLACES, (path, parent) => {
    const tool = path.includes('content') && (parent as { type?: unknown }).type === 'tool_result';
    const inside = path[0] === 'messages' && toolResult(body, path);
    const said = path[0] === 'messages' && path[2] === 'content' && !path.includes('input');
    return {
      channel: tool || inside ? 'document' : 'user',
      system: path[0] === 'system',
      ...(said && { group: runs(path[1]) }),
      ...(path[0] === 'system' && { group: 'system' }),
    };
  });
  return {
    model: optional(body, 'model', 'string'),
    stream: optional(body, 'stream', 'boolean') ?? false,
    ...texts,
    outputTokensMax: operation === 'messages.count' ? 0 : tokenBound(body, ['max_tokens']),
  };
}
