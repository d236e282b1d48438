/** Suffixes in their order; no suffix stands at 0. */
const BEFORE = ['alpha', 'beta', 'pre', 'rc'];
const AFTER = ['cvs', 'svn', 'git', 'hg', 'p'];
const FORM = /^(\d+(?:\.\d+)*)([a-z]?)((?:_[a-z]+\d*)*)(?:~[0-9a-f]+)?(?:-r(\d+))?$/;

/** Whether a text has the form of a version (apk-package(5)). */
export const isAlpineVersion = (text: string): boolean => FORM.test(text);

interface AlpineVersion {
  readonly numbers: readonly string[];
  readonly letter: string;
  readonly suffixes: readonly { readonly rank: number; readonly number: string }[];
  readonly revision: string;
}

function parse(text: string): AlpineVersion {
  const [, numbers = '', letter = '', suffixes = '', revision = ''] = FORM.exec(text) ?? [];
  return {
    numbers: numbers.split('.'),
    letter,
    suffixes: [...suffixes.matchAll(/_([a-z]+)(\d*)/g)].map(([, name, number]) => ({
      rank: BEFORE.includes(name!) ? BEFORE.indexOf(name!) - BEFORE.length : AFTER.indexOf(name!) + 1,
      number: number!,
    })),
    revision,
  };
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function compareNumber(a: string, b: string): number {
  const [left, right] = [a.replace(/^0+(?=\d)/, ''), b.replace(/^0+(?=\d)/, '')];
  return left.length - right.length || compareText(left, right);
}

/** Orders two versions as apk does. @returns below, at or above 0 */
export function compareAlpine(a: string, b: string): number {
  const [left, right] = [parse(a), parse(b)];
  for (let at = 0; at < Math.max(left.numbers.length, right.numbers.length); at++) {
    const [x, y] = [left.numbers[at], right.numbers[at]];
    if (x === undefined || y === undefined) return x === undefined ? -1 : 1;
    // After the first, numbers with a zero ahead are read like those behind a decimal point.
    const order =
      at > 0 && (x.startsWith('0') || y.startsWith('0')) ? compareText(x, y) : compareNumber(x, y);
    if (order !== 0) return order;
  }
  const letters = compareText(left.letter, right.letter);
  if (letters !== 0) return letters;
  for (let at = 0; at < Math.max(left.suffixes.length, right.suffixes.length); at++) {
    const [x, y] = [left.suffixes[at], right.suffixes[at]];
    const order = (x?.rank ?? 0) - (y?.rank ?? 0) || compareNumber(x?.number ?? '', y?.number ?? '');
    if (order !== 0) return order;
  }
  return compareNumber(left.revision, right.revision);
}
