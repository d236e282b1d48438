/**
 * A table whose keys may be foreign text. A plain object answers `constructor` and `__proto__` with what it inherits; this
 * one has what it was given and nothing else.
 */
export function tableOf<T>(entries: Readonly<Record<string, T>>): Readonly<Record<string, T>> {
  return Object.freeze(Object.assign(Object.create(null) as Record<string, T>, entries));
}
