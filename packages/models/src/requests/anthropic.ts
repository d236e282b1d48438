import { CodedError } from '@sallyport/core';
import type { Attachment, RequestReading } from '../dialect.ts';
import { objectBody, optional, tokenBound } from './fields.ts';
import { collectTexts } from './texts.ts';

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
export function readAnthropicRequest(operation: string, raw: unknown): RequestReading {
  const body = objectBody(raw);
  if (!Array.isArray(body['messages']))
    throw new CodedError('body-invalid', '`messages` must be a list of messages');
  const attachments: Attachment[] = [];
  const parts = collectTexts(
    body,
    (path, parent) => {
      const tool = path.includes('content') && (parent as { type?: unknown }).type === 'tool_result';
      const inside = path[0] === 'messages' && toolResult(body, path);
      return { channel: tool || inside ? 'document' : 'user', system: path[0] === 'system', stream: null };
    },
    attachments,
  );
  return {
    model: optional(body, 'model', 'string'),
    stream: optional(body, 'stream', 'boolean') ?? false,
    parts,
    attachments,
    outputTokensMax: operation === 'messages.count' ? 0 : tokenBound(body, ['max_tokens']),
  };
}
