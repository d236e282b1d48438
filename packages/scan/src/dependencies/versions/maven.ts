/** One token of a version, with what stood before it. */
interface Token {
  readonly prefix: '.' | '-';
  readonly value: string;
}

const QUALIFIERS = ['alpha', 'beta', 'milestone', 'rc', 'snapshot', '', 'sp'];
const isNumber = (value: string): boolean => /^\d+$/.test(value);
const isNull = (value: string): boolean => /^(?:0*|final|ga|release)$/.test(value);

/** Short and equal names of qualifiers. @param beforeNumber whether a number follows without a separator */
function qualifier(value: string, beforeNumber: boolean): string {
  if (beforeNumber) {
    const long = { a: 'alpha', b: 'beta', m: 'milestone' }[value];
    if (long) return long;
  }
  if (value === 'cr') return 'rc';
  return value === 'final' || value === 'ga' || value === 'release' ? '' : value;
}

function tokensOf(version: string): Token[] {
  const tokens: { prefix: '.' | '-'; value: string }[] = [];
  const parts = version.toLowerCase().split(/([.\-_])/);
  for (let i = 0; i < parts.length; i += 2) {
    let prefix: '.' | '-' = i === 0 ? '-' : parts[i - 1] === '.' ? '.' : '-';
    const runs = parts[i]!.match(/\d+|\D+/g) ?? ['0'];
    for (const [at, run] of runs.entries()) {
      const beforeNumber = at + 1 < runs.length && isNumber(runs[at + 1]!);
      tokens.push({
        prefix,
        value: isNumber(run) ? run.replace(/^0+(?=\d)/, '') : qualifier(run, beforeNumber),
      });
      prefix = '-';
    }
  }
  // What means nothing is left out at the end, and before each hyphen.
  for (let at = tokens.length - 1; at > 0; at--) {
    if (!(at === tokens.length - 1 || tokens[at + 1]!.prefix === '-')) continue;
    let from = at;
    while (from > 0 && isNull(tokens[from]!.value)) from--;
    if (from < at) {
      tokens.splice(from + 1, at - from);
      at = from + 1;
    }
  }
  return tokens;
}

/** `.qualifier` and `-qualifier` are before `-number`, which is before `.number`. */
const kind = ({ prefix, value }: Token): number => (isNumber(value) ? (prefix === '-' ? 1 : 2) : 0);

function compareTokens(a: Token, b: Token): number {
  if (isNumber(a.value) && isNumber(b.value) && a.prefix === b.prefix) {
    if (a.value.length !== b.value.length) return a.value.length - b.value.length;
    return a.value < b.value ? -1 : a.value > b.value ? 1 : 0;
  }
  if (kind(a) !== kind(b)) return kind(a) - kind(b);
  const [x, y] = [QUALIFIERS.indexOf(a.value), QUALIFIERS.indexOf(b.value)];
  const [left, right] = [x < 0 ? QUALIFIERS.length : x, y < 0 ? QUALIFIERS.length : y];
  if (left !== right) return left - right;
  return x < 0 ? (a.value < b.value ? -1 : a.value > b.value ? 1 : 0) : 0;
}

/** Orders two versions as Maven does (POM Reference, "Version Order Specification"). @returns below, at or above 0 */
export function compareMaven(a: string, b: string): number {
  const [left, right] = [tokensOf(a), tokensOf(b)];
  for (let at = 0; at < Math.max(left.length, right.length); at++) {
    const [x, y] = [left[at], right[at]];
    // What is missing is as nothing at that place: 0 after a dot or before a number, no qualifier after a hyphen.
    const missing = (other: Token): Token => ({
      prefix: other.prefix,
      value: other.prefix === '.' && isNumber(other.value) ? '0' : isNumber(other.value) ? '0' : '',
    });
    const order = compareTokens(x ?? missing(y!), y ?? missing(x!));
    if (order !== 0) return order;
  }
  return 0;
}
