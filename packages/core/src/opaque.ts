const LOWER = 1;
const UPPER = 2;
const DIGIT = 3;
const SIGN = 4;

/** Characters of base64 in either alphabet, by kind; others are 0. */
const KIND = new Uint8Array(128);
for (let c = 0; c < 128; c++) {
  if (c >= 97 && c <= 122) KIND[c] = LOWER;
  else if (c >= 65 && c <= 90) KIND[c] = UPPER;
  else if (c >= 48 && c <= 57) KIND[c] = DIGIT;
  else if (c === 43 || c === 47 || c === 45 || c === 95) KIND[c] = SIGN;
}

/** Kind of a character of base64; 0 for any other. */
export const base64Kind = (c: number): number => (c < 128 ? KIND[c]! : 0);

/** Characters that are looked at together: prose stays prose when random letters stand beside it. */
const BLOCK = 64;
/** Changes between small letters, capitals and figures in a block, out of some 41 that chance makes in base64 and 30 in hex. */
const CHANGES_MIN = 14;
const SHORT_RATE = 0.25;

/**
 * Whether a run of base64 or hexadecimal characters looks drawn by lot rather than written: kinds of characters change as
 * chance has it, and figures are among them, in every part of the run.
 */
export function looksRandom(text: string, start = 0, end = text.length): boolean {
  for (let from = start; from < end; from += BLOCK) {
    const last = end - from < BLOCK + BLOCK / 2;
    const to = last ? end : from + BLOCK;
    let changes = 0;
    let figures = 0;
    for (let i = from; i < to; i++) {
      const kind = base64Kind(text.charCodeAt(i));
      if (kind === 0) return false;
      if (kind === DIGIT) figures++;
      const before = i > from ? base64Kind(text.charCodeAt(i - 1)) : kind;
      // Signs part words, too.
      if (kind !== before && kind !== SIGN && before !== SIGN) changes++;
    }
    const least = to - from >= BLOCK ? CHANGES_MIN : Math.max(4, (to - from) * SHORT_RATE);
    if (figures === 0 || changes < least) return false;
    if (last) break;
  }
  return end > start;
}
