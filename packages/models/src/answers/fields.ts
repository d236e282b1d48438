import { toPointer } from '@sallyport/core';
import type { EventOrder } from '../dialect.ts';

/** The key of a stream channel: the path, with array positions replaced by the element's own `index`. */
export function channelKey(root: unknown, path: readonly (string | number)[]): string {
  let key = '';
  let at: unknown = root;
  for (const part of path) {
    at = (at as Record<string | number, unknown>)[part];
    const own = typeof part === 'number' ? (at as { index?: unknown } | null)?.index : undefined;
    key += toPointer([typeof own === 'number' ? own : part]);
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
export function objectAt(holder: unknown, key: string | number | undefined): Record<string, unknown> {
  const value =
    typeof holder === 'object' && holder !== null && key !== undefined
      ? (holder as Record<string | number, unknown>)[key]
      : null;
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

/** Where one of several stands, such as a choice: its own index, or its place where it says none. */
export const placeOf = (own: Record<string, unknown>, n: unknown): unknown =>
  typeof own['index'] === 'number' ? own['index'] : n;

/** A name, where there is one. */
export const named = (name: unknown): { name?: string } => (typeof name === 'string' ? { name } : {});

/**
 * The name of an event whose data says of itself what it is: clients may go by either, so both say the same, or the name goes.
 * @param own names of events whose data need not say so
 */
export function nameOfEvent(name: string, data: unknown, own: readonly string[]): string {
  if (name === '') return '';
  const type = typeof data === 'object' && data !== null ? (data as { type?: unknown }).type : undefined;
  return type === name || (type === undefined && own.includes(name)) ? name : '';
}

/** Everything in the order in which it comes. @param ends beginnings of the keys of channels that are over */
export const inOrder = (...ends: readonly string[]): EventOrder => ({ lanes: [''], ends, last: false });

/** A path as a form: names as they are, `*` for places in lists. */
export const formOf = (path: readonly (string | number)[]): string =>
  path.map((part) => (typeof part === 'number' ? '*' : part)).join('/');
