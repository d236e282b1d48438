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

/** A token bound out of a request: a whole number above zero. */
export function tokenBound(body: Record<string, unknown>, fields: readonly string[]): number {
  for (const field of fields) {
    const value = wholeField(body, field, NUMBER_LIMITS.tokensMax);
    if (value !== null) return value;
  }
  return OUTPUT_TOKENS_DEFAULT;
}
