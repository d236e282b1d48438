import { CodedError, type Steps } from '@sallyport/core';
import type { RequestPart, RequestReading } from '../dialect.ts';
import { ANTHROPIC_PLACES } from './anthropic-places.ts';
import { objectBody, optional, tokenBound } from './fields.ts';
import { roleRuns } from './groups.ts';
import { collectRequest } from './texts.ts';

/** Members of a request that define tools and the shape of answers. */
const DEFINITIONS = new Set(['system', 'tools', 'tool_choice', 'output_config', 'output_format']);
/** Blocks of an answer whose words are the model's own; all others hold what it read. */
const SPOKEN = new Set([
  'text',
  'thinking',
  'redacted_thinking',
  'tool_use',
  'server_tool_use',
  'mcp_tool_use',
]);

/** Types of the blocks that a path leads through. */
function blocksOn(body: Record<string, unknown>, path: readonly (string | number)[]): string[] {
  const types: string[] = [];
  let value: unknown = body;
  for (const part of path) {
    // What a tool is called with is data, whatever its members are named.
    if (part === 'input') break;
    value = (value as Record<string | number, unknown>)[part];
    const type = (value as { type?: unknown } | null | undefined)?.type;
    if (typeof value === 'object' && typeof type === 'string') types.push(type);
  }
  return types;
}

/** Who says what stands in a message. */
function speaker(role: unknown, types: readonly string[]): RequestPart['channel'] {
  if (role === 'system') return 'operator';
  return role === 'assistant' && types.every((type) => SPOKEN.has(type)) ? 'assistant' : 'user';
}

/** Reads a request in the Anthropic dialect. */
export function* readAnthropicRequest(operation: string, raw: unknown, source = ''): Steps<RequestReading> {
  const body = objectBody(raw);
  if (!Array.isArray(body['messages']))
    throw new CodedError('body-invalid', '`messages` must be a list of messages');
  const messages = body['messages'] as readonly ({ role?: unknown } | null)[];
  const runs = roleRuns(messages);
  const texts = yield* collectRequest(body, source, ANTHROPIC_PLACES, (path, parent) => {
    const tool = path.includes('content') && (parent as { type?: unknown }).type === 'tool_result';
    const message = path[0] === 'messages' ? messages[path[1] as number] : null;
    const types = message ? blocksOn(body, path) : [];
    const said = path[0] === 'messages' && path[2] === 'content' && !path.includes('input');
    return {
      channel:
        tool || types.includes('tool_result')
          ? 'document'
          : DEFINITIONS.has(path[0] as string)
            ? 'operator'
            : speaker(message?.role, types),
      system: path[0] === 'system' || message?.role === 'system',
      ...(said && { group: runs(path[1]) }),
      ...(path[0] === 'system' && { group: 'system' }),
    };
  });
  return {
    model: optional(body, 'model', 'string'),
    stream: optional(body, 'stream', 'boolean') ?? false,
    ...texts,
    ...(operation === 'messages.count' ? { outputTokensMax: 0 } : tokenBound(body, ['max_tokens'])),
  };
}
