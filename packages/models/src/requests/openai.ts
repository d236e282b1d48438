import { CodedError, NUMBER_LIMITS, type Steps } from '@sallyport/core';
import type { RequestReading } from '../dialect.ts';
import { objectBody, optional, tokenBound, wholeField } from './fields.ts';
import { roleRuns } from './groups.ts';
import { OPENAI_PLACES } from './openai-places.ts';
import { collectRequest } from './texts.ts';

const SYSTEM_ROLES = new Set(['system', 'developer']);
const TOOL_ROLES = new Set(['tool', 'function']);
/** Members of a request that define tools and the shape of answers. */
const DEFINITIONS = new Set(['instructions', 'tools', 'functions', 'tool_choice', 'response_format', 'text']);
/** Items of responses that a model makes, besides its messages. */
const MODEL_ITEMS = /^(?:reasoning|(?:function|custom_tool|local_shell|shell|apply_patch|computer)_call)$/;
/** Members of an item that hold what a tool said, even in a model's turn. */
const RESULTS = new Set(['output', 'outputs', 'results', 'result', 'error']);
/** Members of a message whose texts follow each other where the system reads them. */
const SAID = new Set(['content', 'output', 'refusal', 'summary']);

/** Members of a request for a response of which one must be there: what it is about. */
const SAYING = ['input', 'previous_response_id', 'prompt', 'conversation', 'instructions'];

function at(
  body: Record<string, unknown>,
  list: string,
  index: string | number | undefined,
): Record<string, unknown> {
  const items = body[list];
  const item = Array.isArray(items) && typeof index === 'number' ? (items[index] as unknown) : null;
  return typeof item === 'object' && item !== null ? (item as Record<string, unknown>) : {};
}

function validate(operation: string, body: Record<string, unknown>): void {
  if (operation === 'chat.completions') {
    const messages = body['messages'];
    if (!Array.isArray(messages) || messages.length === 0)
      throw new CodedError('body-invalid', '`messages` must be a list of messages');
    messages.forEach((message: unknown, i) => {
      if (
        typeof message !== 'object' ||
        message === null ||
        typeof (message as { role?: unknown }).role !== 'string'
      ) {
        throw new CodedError('body-invalid', `\`messages.${i}\` must be an object with a \`role\``);
      }
    });
  }
  const needed = { completions: 'prompt', embeddings: 'input' }[operation];
  if (needed && body[needed] === undefined) throw new CodedError('body-invalid', `\`${needed}\` is missing`);
  if (operation === 'responses' && !SAYING.some((field) => body[field] !== undefined))
    throw new CodedError('body-invalid', '`input` is missing');
}

/** A word of the protocol; empty for what is none. */
const wordOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** Models besides the first that a request may name. */
const MODELS_MAX = 16;

/** Models to which a router turns where the first does not answer. @throws CodedError `body-invalid` */
function otherModels({ models }: Record<string, unknown>): string[] {
  if (!Array.isArray(models)) return [];
  const names = models.filter((name) => typeof name === 'string');
  if (names.length > MODELS_MAX)
    throw new CodedError('body-invalid', `\`models\` must be at most ${MODELS_MAX} names`);
  return names;
}

/** How many texts a request wants completed: one, or a list of texts, or of lists of tokens. */
const promptsOf = ({ prompt }: Record<string, unknown>): number =>
  Array.isArray(prompt) && !prompt.every((one) => typeof one === 'number') ? prompt.length : 1;

/** Reads a request in the OpenAI dialect. */
export function* readOpenaiRequest(operation: string, raw: unknown, source = ''): Steps<RequestReading> {
  const body = objectBody(raw);
  validate(operation, body);
  const { choicesMax } = NUMBER_LIMITS;
  const choices = Math.max(
    wholeField(body, 'n', choicesMax) ?? 1,
    wholeField(body, 'best_of', choicesMax) ?? 1,
  );
  // Each of several prompts is answered by itself.
  const prompts = operation === 'completions' ? promptsOf(body) : 1;
  const said = operation === 'chat.completions' ? 'messages' : 'input';
  const runs = roleRuns(body[said]);
  const texts = yield* collectRequest(body, source, OPENAI_PLACES[operation]!, (path) => {
    // Who says something else than messages does not hang on where in a list it stands.
    const message = path[0] === said ? at(body, said, path[1]) : {};
    const role = wordOf(message['role']);
    const type = wordOf(message['type']);
    const tool = TOOL_ROLES.has(role) || type.endsWith('_output');
    const system = SYSTEM_ROLES.has(role) || path[0] === 'instructions';
    const operator = system || DEFINITIONS.has(path[0] as string);
    const model = role === 'assistant' || (role === '' && MODEL_ITEMS.test(type));
    const alone = path.length === 2 && typeof path[1] === 'number';
    const grouped = path[0] === said && (alone || SAID.has(path[2] as string));
    const list = alone ? `list ${path[0]}` : runs(path[1]);
    return {
      channel: tool
        ? 'document'
        : operator
          ? 'operator'
          : model && !RESULTS.has(path[2] as string)
            ? 'assistant'
            : 'user',
      system,
      ...(grouped && { group: list }),
      ...(path[0] === 'prompt' && alone && { group: 'list prompt' }),
    };
  });
  const bounds = ['max_completion_tokens', 'max_tokens', 'max_output_tokens'];
  const { outputTokensMax, outputOpen } = tokenBound(body, bounds);
  return {
    model: optional(body, 'model', 'string'),
    otherModels: otherModels(body),
    stream: optional(body, 'stream', 'boolean') ?? false,
    ...texts,
    choices: choices * prompts,
    later: operation === 'responses' && body['background'] === true,
    outputTokensMax: operation === 'embeddings' ? 0 : choices * prompts * outputTokensMax,
    outputOpen,
  };
}
