import { compareDigits } from './digits.ts';

/** Whether a text is `epoch:version-release`, the first and last of which may be missing. */
export const isRpmVersion = (text: string): boolean => /^(?:\d{1,10}:)?[\w.+~^]+(?:-[\w.+~^]+)?$/.test(text);

interface RpmVersion {
  readonly epoch: number;
  readonly version: string;
  readonly release: string | undefined;
}

function parse(text: string): RpmVersion {
  const [, epoch = '0', version = text, release] = /^(?:(\d+):)?([^-]*)(?:-(.*))?$/.exec(text) ?? [];
  return { epoch: Number(epoch), version, release };
}

/** The order of a sign that stands for itself, `null` where neither has it: `~` is before the end, `^` after it and before all else. */
function compareSigns(left: string | undefined, right: string | undefined): number | null {
  if (left === '~' || right === '~') return left === right ? 0 : left === '~' ? -1 : 1;
  if (left !== '^' && right !== '^') return null;
  if (left === right) return 0;
  return left === undefined ? -1 : right === undefined ? 1 : left === '^' ? -1 : 1;
}

/** Signs and runs of digits and of letters; all else keeps them apart and counts for nothing. */
const partsOf = (text: string): readonly string[] => text.match(/[~^]|\d+|[A-Za-z]+/g) ?? [];

/** Digits and letters in turn, as rpm reads them (`rpmvercmp`). @returns below, at or above 0 */
function comparePart(a: string, b: string): number {
  const [left, right] = [partsOf(a), partsOf(b)];
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const [x, y] = [left[i], right[i]];
    const sign = compareSigns(x, y);
    if (sign === 0) continue;
    if (sign !== null) return sign;
    if (x === undefined || y === undefined) return x === undefined ? -1 : 1;
    const [isNumber, other] = [/\d/.test(x), /\d/.test(y)];
    // A number is newer than letters.
    if (isNumber !== other) return isNumber ? 1 : -1;
    const order = isNumber ? compareDigits(x, y) : x < y ? -1 : x > y ? 1 : 0;
    if (order !== 0) return order;
  }
  return 0;
}

/** Orders two versions as rpm does; a release counts where both have one. @returns below, at or above 0 */
export function compareRpm(a: string, b: string): number {
  const [left, right] = [parse(a), parse(b)];
  return (
    left.epoch - right.epoch ||
    comparePart(left.version, right.version) ||
    (left.release === undefined || right.release === undefined ? 0 : comparePart(left.release, right.release))
  );
}
