import { createRequire } from 'node:module';
import { CodedError } from '@sallyport/core';

type Cedar = typeof import('@cedar-policy/cedar-wasm/nodejs');
const require = createRequire(import.meta.url);
const NAME = '@cedar-policy/cedar-wasm/nodejs';

/** Brackets within brackets that a policy may have. */
const DEPTH_MAX = 50;
/** Operators of one policy: the engine goes one call deeper for each, and dies of some 3,000. */
const OPERATORS_MAX = 600;
const CHARACTERS_MAX = 2_000_000;

let engine: Cedar | null = null;
let generation = 0;

/** Counts how often the engine was made anew: what was handed to the one before is gone with it. */
export const engineGeneration = (): number => generation;

/**
 * Lets the engine (https://github.com/cedar-policy/cedar, compiled to WebAssembly) do something. One that died is
 * replaced: a text that kills it must not take everybody's decisions with it.
 * @throws CodedError `policy-invalid` when it died of this
 */
export function withCedar<T>(work: (cedar: Cedar) => T): T {
  engine ??= require(NAME) as Cedar;
  try {
    return work(engine);
  } catch (cause) {
    const died = cause instanceof RangeError || (cause as Error)?.constructor?.name === 'RuntimeError';
    if (!died) throw cause;
    delete require.cache[require.resolve(NAME)];
    engine = null;
    generation++;
    throw new CodedError('policy-invalid', 'the policies are too deeply nested', { cause });
  }
}

/**
 * Refuses policies that would cost the engine its life, before it sees them: linear in the text.
 * @throws CodedError `policy-invalid`
 */
export function requireShallow(text: string): void {
  if (text.length > CHARACTERS_MAX) throw new CodedError('policy-invalid', 'the policies are too long');
  let depth = 0;
  let operators = 0;
  // Strings and comments first, so that nothing in them counts; one that never ends takes the rest, once.
  const tokens =
    /"(?:[^"\\]|\\[\s\S])*(?:"|$)|\/\/[^\n]*|[([{]|[)\]}]|;|&&|\|\||[!+\-*.]|\b(?:if|has|like|in|is)\b/g;
  for (const [token] of text.matchAll(tokens)) {
    if (token.startsWith('"') || token.startsWith('//')) continue;
    if ('([{'.includes(token)) depth++;
    else if (')]}'.includes(token)) depth--;
    else if (token === ';') operators = 0;
    else operators += token === 'if' ? 3 : 1;
    if (depth > DEPTH_MAX || operators > OPERATORS_MAX)
      throw new CodedError('policy-invalid', 'a policy is too deeply nested, or has too many operators');
  }
}
