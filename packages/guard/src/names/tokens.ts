import { mix, OFFSET, PRIME } from '../model/words.ts';

/** A word, a number, a sign or a line break, and where it stands. */
export interface Token {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

const TOKEN = /\p{L}[\p{L}\p{M}'’]{0,39}|\d{1,20}|\n|[^\s\p{L}\d]/gu;

/** Tokens that are read in one go. */
export const TOKENS_MAX = 50_000;

/** Words, numbers, signs and line breaks of a text as written, as many as are read in one go. Linear. @param from where to begin */
export function tokensOf(text: string, from = 0): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = from;
  for (let match = TOKEN.exec(text); match; match = TOKEN.exec(text)) {
    tokens.push({ text: match[0], start: match.index, end: match.index + match[0].length });
    if (tokens.length === TOKENS_MAX) break;
  }
  return tokens;
}

function hashOf(text: string, salt: number): number {
  let hash = OFFSET ^ salt;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), PRIME);
  return mix(hash);
}

/** How a token is written: `Xx`, `XX`, `X`, `x`, digits by number, the sign itself. */
function shapeOf(text: string): string {
  const first = text[0]!;
  if (/\d/.test(first)) return text.length > 5 ? 'd6' : `d${text.length}`;
  if (!/\p{L}/u.test(first)) return first;
  const lower = text.toLowerCase();
  if (text === lower) return text === text.toUpperCase() ? 'u' : 'x';
  if (text === text.toUpperCase()) return text.length === 1 ? 'X' : 'XX';
  return text.slice(1) === lower.slice(1) ? 'Xx' : 'Xm';
}

interface Read {
  readonly lower: string;
  readonly shape: string;
}

const OUTSIDE: Read = { lower: '', shape: '^' };

/** Features of a token that do not hang on the tags of others. */
export const FEATURES = 19;

/**
 * Features of every token, {@link FEATURES} hashes each, in a row.
 * @param hidden tokens whose words are not to be seen, in training; so that what stands around them counts
 */
export function featuresOf(tokens: readonly Token[], hidden?: (token: number) => boolean): Uint32Array {
  const read: Read[] = tokens.map(({ text }, n) => ({
    lower: hidden?.(n) ? '' : text.toLowerCase(),
    shape: shapeOf(text),
  }));
  const at = (n: number): Read => read[n] ?? OUTSIDE;
  const out = new Uint32Array(tokens.length * FEATURES);
  for (let n = 0; n < tokens.length; n++) {
    const { lower, shape } = read[n]!;
    const [before, after] = [at(n - 1), at(n + 1)];
    const [second, third] = [at(n - 2), at(n + 2)];
    const row = [
      lower,
      before.lower,
      after.lower,
      second.lower,
      third.lower,
      shape,
      `${before.shape} ${shape}`,
      `${shape} ${after.shape}`,
      `${before.shape} ${shape} ${after.shape}`,
      lower.slice(-3),
      lower.slice(-2),
      lower.slice(0, 3),
      lower.slice(0, 4),
      `${before.lower} ${lower}`,
      `${lower} ${after.lower}`,
      `${before.lower} ${shape}`,
      `${shape} ${after.lower}`,
      `${second.lower} ${before.lower} ${shape}`,
      `${second.shape} ${before.shape} ${shape} ${after.shape} ${third.shape}`,
    ];
    // What is hidden has no ending either.
    for (let k = 0; k < FEATURES; k++) out[n * FEATURES + k] = hashOf(row[k]!, k * 0x9e37);
  }
  return out;
}
