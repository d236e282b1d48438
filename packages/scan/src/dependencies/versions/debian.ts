import { compareDigits } from './digits.ts';

/** `epoch:upstream-revision`. */
interface DebianVersion {
  readonly epoch: string;
  readonly upstream: string;
  readonly revision: string;
}

/** Whether a text has the form of a version (deb-version(7)). */
export const isDebianVersion = (text: string): boolean => /^(?:\d+:)?\d[\w.+~:-]*$/.test(text);

function parse(text: string): DebianVersion {
  const colon = text.indexOf(':');
  const rest = text.slice(colon + 1);
  const dash = rest.lastIndexOf('-');
  return {
    epoch: colon < 0 ? '0' : text.slice(0, colon),
    upstream: dash < 0 ? rest : rest.slice(0, dash),
    revision: dash < 0 ? '' : rest.slice(dash + 1),
  };
}

/** A tilde is before the end, the end before letters, letters before everything else. */
const weight = (character: string | undefined): number => {
  if (character === '~') return -1;
  if (character === undefined || /\d/.test(character)) return 0;
  const code = character.charCodeAt(0);
  return /[A-Za-z]/.test(character) ? code : code + 256;
};

/** Letters and numbers in turn, as dpkg reads them. */
function comparePart(a: string, b: string): number {
  let [x, y] = [0, 0];
  while (x < a.length || y < b.length) {
    while ((x < a.length && !/\d/.test(a[x]!)) || (y < b.length && !/\d/.test(b[y]!))) {
      const order = weight(a[x]) - weight(b[y]);
      if (order !== 0) return order;
      x++;
      y++;
    }
    const [left, right] = [/^\d*/.exec(a.slice(x))![0], /^\d*/.exec(b.slice(y))![0]];
    const order = compareDigits(left, right);
    if (order !== 0) return order;
    x += left.length;
    y += right.length;
  }
  return 0;
}

/** Orders two versions as dpkg does (deb-version(7)). @returns below, at or above 0 */
export function compareDebian(a: string, b: string): number {
  const [left, right] = [parse(a), parse(b)];
  return (
    compareDigits(left.epoch, right.epoch) ||
    comparePart(left.upstream, right.upstream) ||
    comparePart(left.revision, right.revision)
  );
}
