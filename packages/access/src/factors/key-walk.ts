/** Keys of a keyboard by row and column, as people see them: American, German, French, and the block of digits. */
const LAYOUTS: readonly (readonly string[])[] = [
  ['1234567890-=', 'qwertyuiop[]', "asdfghjkl;'", 'zxcvbnm,./'],
  ['1234567890ß´', 'qwertzuiopü+', 'asdfghjklöä#', 'yxcvbnm,.-'],
  ['1234567890)=', 'azertyuiop^$', 'qsdfghjklmù*', 'wxcvbn,;:!'],
  ['789', '456', '123', '0'],
];
/** What shift makes of keys on the keyboards that most people have, and those keys. */
const SHIFTED = '!@#$%^&*()_+{}:"<>?';
const UNSHIFTED = "1234567890-=[];',./";
/** Different steps of which a walk over the keys is made at most: columns to and fro take three. */
const STEPS_MAX = 4;

type Place = readonly [column: number, row: number];

const PLACES: readonly ReadonlyMap<string, Place>[] = LAYOUTS.map(
  (rows) =>
    new Map(rows.flatMap((keys, row) => [...keys].map((key, column) => [key, [column, row]] as const))),
);

/** Different steps from key to key on one keyboard; each one to or from what is no key there counts. */
function stepsOn(keys: readonly string[], places: ReadonlyMap<string, Place>): number {
  const seen = new Set<string>();
  let others = 0;
  for (let i = 1; i < keys.length; i++) {
    const from = places.get(keys[i - 1]!);
    const to = places.get(keys[i]!);
    if (from && to) seen.add(`${to[0] - from[0]} ${to[1] - from[1]}`);
    else others++;
  }
  return seen.size + others;
}

/** The keys that are pressed for a text, without shift. */
export const unshifted = (text: string): string =>
  [...text.toLowerCase()].map((sign) => UNSHIFTED[SHIFTED.indexOf(sign)] ?? sign).join('');

/**
 * Whether a password is a walk over a keyboard: rows, columns or slants, one way or to and fro, wherever it begins. Such a
 * walk repeats the same few steps; words and random signs take another with nearly every letter.
 * @param password of some length: a few signs are always few steps
 */
export function isKeyWalk(password: string): boolean {
  const own = password.normalize('NFKC');
  return [own.toLowerCase(), unshifted(own)].some((text) => {
    const keys = [...text];
    return PLACES.some((places) => stepsOn(keys, places) <= STEPS_MAX);
  });
}
