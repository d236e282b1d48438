import { CodedError } from '@sallyport/core';

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

/** A token bound out of a request: a whole number above zero. */
export function tokenBound(body: Record<string, unknown>, fields: readonly string[]): number {
  for (const field of fields) {
    const value = optional(body, field, 'number');
    if (value === null) continue;
    if (!Number.isInteger(value) || value < 1 || value > 100_000_000) {
      throw new CodedError('body-invalid', `\`${field}\` must be a whole number above zero`);
    }
    return value;
  }
  return OUTPUT_TOKENS_DEFAULT;
}
