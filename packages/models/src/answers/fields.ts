import type { Usage } from '../dialect.ts';

/** Token counts under the names that dialects use. */
export function readUsage(value: unknown, input: string, output: string): Usage | null {
  if (typeof value !== 'object' || value === null) return null;
  const record = value as Record<string, unknown>;
  const count = (key: string): number =>
    typeof record[key] === 'number' && record[key] >= 0 ? Math.floor(record[key]) : 0;
  if (record[input] === undefined && record[output] === undefined) return null;
  return { inputTokens: count(input), outputTokens: count(output) };
}

/** The key of a stream channel: the path, with array positions replaced by the element's own `index`. */
export function channelKey(root: unknown, path: readonly (string | number)[]): string {
  let key = '';
  let at: unknown = root;
  for (const part of path) {
    at = (at as Record<string | number, unknown>)[part];
    const own = typeof part === 'number' ? (at as { index?: unknown } | null)?.index : undefined;
    key += `/${typeof own === 'number' ? own : part}`;
  }
  return key;
}

/** The objects of a list, with their places; none where it is no list. */
export function objectsOf(list: unknown): (readonly [Record<string, unknown>, number])[] {
  if (!Array.isArray(list)) return [];
  return list.flatMap((one: unknown, n) =>
    typeof one === 'object' && one !== null ? [[one as Record<string, unknown>, n] as const] : [],
  );
}

/** A member that is an object, or an empty one. */
export function objectAt(holder: unknown, key: string): Record<string, unknown> {
  const value =
    typeof holder === 'object' && holder !== null ? (holder as Record<string, unknown>)[key] : null;
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

/** A name, where there is one. */
export const named = (name: unknown): { name?: string } => (typeof name === 'string' ? { name } : {});
