import { CodedError, isWholeIn, NUMBER_LIMITS } from '@sallyport/core';

/** Tokens reserved for an answer whose request sets no bound. */
const OUTPUT_TOKENS_DEFAULT = 1024;

/** A JSON object, or `body-invalid`. */
export function objectBody(body: unknown): Record<string, unknown> {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new CodedError('body-invalid', 'the body must be a JSON object');
  }
  return body as Record<string, unknown>;
}

/** A field that, when there, has this type. */
export function optional<T extends 'string' | 'number' | 'boolean'>(
  body: Record<string, unknown>,
  field: string,
  type: T,
): (T extends 'string' ? string : T extends 'number' ? number : boolean) | null {
  const value = body[field];
  if (value === undefined || value === null) return null;
  if (typeof value !== type) throw new CodedError('body-invalid', `\`${field}\` must be a ${type}`);
  return value as never;
}

/** A field that, when there, is a whole number from 1 to `most`. @throws CodedError `body-invalid` */
export function wholeField(body: Record<string, unknown>, field: string, most: number): number | null {
  const value = body[field];
  if (value === undefined || value === null) return null;
  if (!isWholeIn(value, 1, most))
    throw new CodedError('body-invalid', `\`${field}\` must be a whole number from 1 to ${most}`);
  return value;
}

/** What some systems take for no bound. */
const BOUNDLESS: readonly unknown[] = [-1, -2];

/** How long an answer may get. */
export interface TokenBound {
  readonly outputTokensMax: number;
  /** Whether the request sets no bound. */
  readonly outputOpen: boolean;
}

/**
 * A token bound out of a request: a whole number. Of several the largest, as each system takes another of them for its own.
 * @param zeroIsOpen whether 0 is no bound, too
 * @throws CodedError `body-invalid`
 */
export function tokenBound(
  body: Record<string, unknown>,
  fields: readonly string[],
  zeroIsOpen = false,
): TokenBound {
  let bound = -1;
  let outputOpen = false;
  for (const field of fields) {
    const value = body[field];
    if (value === undefined || value === null) continue;
    if (BOUNDLESS.includes(value) || (zeroIsOpen && value === 0)) outputOpen = true;
    else if (isWholeIn(value, 0, NUMBER_LIMITS.tokensMax)) bound = Math.max(bound, value);
    else {
      const most = NUMBER_LIMITS.tokensMax;
      throw new CodedError(
        'body-invalid',
        `\`${field}\` must be a whole number from 0 to ${most}, or -1 for no bound`,
      );
    }
  }
  outputOpen ||= bound < 0;
  return { outputTokensMax: outputOpen ? Math.max(bound, OUTPUT_TOKENS_DEFAULT) : bound, outputOpen };
}
