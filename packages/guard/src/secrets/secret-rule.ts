import type { Severity } from '@sallyport/core';

/** How one kind of secret looks. */
export interface SecretRule {
  /** Named as gitleaks v8 names it, where it has it, so that lists can be compared. */
  readonly id: string;
  /** Lower-case literals, one of which must occur before the pattern is tried. */
  readonly keywords: readonly string[];
  /** What is tried {@link before} characters ahead of a keyword. Group 1 is the secret where it is not the whole; repetitions are bounded. */
  readonly source: string;
  /** Characters of a match that stand before its keyword. */
  readonly before: number;
  /** Whether letters count in any case. */
  readonly anyCase: boolean;
  /** Shannon entropy, bits a character, that the secret must reach; keeps out placeholders such as `xxxx`. */
  readonly entropyMin: number;
  readonly severity: Severity;
  /** Whether the secret must not look like a word, a path or a variable: of rules that know no format. */
  readonly careful: boolean;
  /** Whether the name of what it is given to says whether it opens something: of a rule that knows nothing else. */
  readonly named: boolean;
  /** Whether nothing else begins like it: it is known behind other letters, in parts and from its end, too. */
  readonly distinct: boolean;
}

const plain = {
  before: 0,
  anyCase: false,
  entropyMin: 2.5,
  severity: 'critical',
  careful: false,
  named: false,
  distinct: false,
} as const;

/** Nothing that could go on with the secret follows. */
const CLOSED = '(?![A-Za-z0-9_])';

/** First characters that are those of no word: `ghp_`, `xoxb-`, `AKIA`, and the middle of a key by which its maker is known. */
const DISTINCT = /^(?:\w{3,40}_|[\w.-]{4,40}-|[A-Z]{4})$/;
const MARK = 'T3BlbkFJ';
/** Letters before them that may be glued to them; more are those of base64, in which they come by chance. */
const GLUED = '(?<![A-Za-z0-9+/_-]{16}[A-Za-z0-9])';

/** What may stand right before and behind a secret: of capitals other letters than theirs. */
function around(prefix: string, distinct: boolean): readonly [string, string] {
  if (!distinct) return ['(?<![A-Za-z0-9])', CLOSED];
  return /^[A-Z]+$/.test(prefix) ? [`(?<![A-Z0-9])${GLUED}`, '(?![A-Z0-9_])'] : [GLUED, CLOSED];
}

/**
 * A secret that says by its first characters what it is.
 * @param prefix one or several, of which each is a keyword, written as it must be
 * @param body pattern of what follows
 */
export function prefixed(
  id: string,
  prefix: string | readonly string[],
  body: string,
  more: Partial<SecretRule> = {},
): SecretRule {
  const prefixes = typeof prefix === 'string' ? [prefix] : prefix;
  const distinct = DISTINCT.test(prefixes[0]!) || body.includes(MARK);
  const [before, behind] = around(prefixes[0]!, distinct);
  const spelt = prefixes.map((one) => one.replaceAll(/[.+*?^${}()|[\]\\]/g, '\\$&'));
  return {
    ...plain,
    id,
    keywords: prefixes.map((one) => one.toLowerCase()),
    source: `${before}(?:${spelt.join('|')})${body}${behind}`,
    distinct,
    ...more,
  };
}

/** What may stand between a name and its value: the rest of the name, closing marks, an operator or a verb, opening marks. */
const ASSIGNS =
  '[\\w.\\t -]{0,32}?["\'`\\]]{0,2}[\\t ]{0,4}(?::{1,3}=?|=>|={1,3}|\\|\\|:?|\\?=|>|,|\\(| is | was )[\\t ]{0,4}["\'`(\\[]{0,3}[\\t ]{0,2}';

/**
 * A value without a shape of its own, given to something named after its provider: `ADAFRUIT_IO_KEY = "…"`.
 * @param names lower-case keywords that the name contains
 * @param value pattern of the value
 * @param what words the name must contain besides, after the keyword
 */
export function assigned(
  id: string,
  names: string | readonly string[],
  value: string,
  more: Partial<SecretRule> & { readonly what?: string } = {},
): SecretRule {
  const keywords = typeof names === 'string' ? [names] : names;
  const { what, ...rest } = more;
  return {
    ...plain,
    id,
    keywords,
    source: `(?:${keywords.join('|')})${what ? `[\\w.\\t -]{0,24}?(?:${what})` : ''}${ASSIGNS}(${value})(?![\\w+/=-])`,
    anyCase: true,
    ...rest,
  };
}

/**
 * A secret known by a pattern of its own.
 * @param keywords lower-case, each standing `before` characters behind the begin of a match
 */
export function shaped(
  id: string,
  keywords: string | readonly string[],
  source: string,
  more: Partial<SecretRule> = {},
): SecretRule {
  return { ...plain, id, keywords: typeof keywords === 'string' ? [keywords] : keywords, source, ...more };
}

/** Hexadecimal groups of a UUID. */
export const UUID = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
/** Letters and digits, `n` of them or a range such as `20,40`. */
export const word = (n: number | string): string => `[A-Za-z0-9]{${n}}`;
/** Hexadecimal digits. */
export const hex = (n: number | string): string => `[0-9a-fA-F]{${n}}`;
/** Letters, digits, `_` and `-`. */
export const token = (n: number | string): string => `[A-Za-z0-9_-]{${n}}`;
