import { tableOf } from '@sallyport/core';

/**
 * Letters that look like Latin ones, by the Latin letter they pass for. Drawn up by hand from what common fonts
 * show alike; compatibility forms (full width, mathematical, circled) need no row: NFKC folds them.
 */
const LOOKALIKES: Readonly<Record<string, string>> = tableOf({
  a: 'аαɑᴀ',
  b: 'ьЬβв',
  c: 'сϲᴄ',
  d: 'ԁɗ',
  e: 'еєεҽᴇ',
  f: 'ƒғ',
  g: 'ɡցɢ',
  h: 'һнհʜ',
  i: 'іιıɪӏ',
  j: 'јʝ',
  k: 'кκᴋ',
  l: 'ⅼʟ',
  m: 'мᴍ',
  n: 'пոηɴ',
  o: 'оοσօᴏ',
  p: 'рρᴘ',
  q: 'ԛգ',
  r: 'гʀ',
  s: 'ѕꜱ',
  t: 'тτᴛ',
  u: 'υսᴜ',
  v: 'νѵᴠ',
  w: 'ԝωшᴡ',
  x: 'хχ',
  y: 'уүγʏ',
  z: 'ᴢ',
});

/** Code unit of a look-alike → Latin letter. */
export const CONFUSABLES: ReadonlyMap<number, string> = new Map(
  Object.entries(LOOKALIKES).flatMap(([latin, others]) =>
    [...others].map((c) => [c.charCodeAt(0), latin] as const),
  ),
);
