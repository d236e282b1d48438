import { accountAt, cardAt, ibanAt, walletAt } from './bank.ts';
import { ipv4At, signed } from './contact.ts';
import type { Countries, PiiMatch } from './entity.ts';
import { isOfThing, near } from './labels.ts';
import { NATIONAL_IDS } from './national-ids.ts';
import { told } from './personal.ts';
import { phoneAt } from './phone.ts';
import { writtenPlainly } from './written-plainly.ts';

/** Letters that may stand before the first figure of a number. */
const LETTERS_AHEAD = 6;
/** Figures a stretch of text must have to be a number of somebody. */
const DIGITS_MIN = 6;
const DIGITS_AFTER_LETTERS = 4;
const APART = /(?:^|[^\w])[A-Za-z]{2} $/;
/** Characters in a row from which an address of a crypto currency may have few figures. */
const LONG = /\w{26}/y;
const REACH = 24;
const SSN = /(?!000|666|9\d\d)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\d-])/y;
const SSN_WORDS = /\bssn\b|social security/gi;
const SSN_TOLD = /(?!000|666|9\d\d)\d{3}[ ]?(?!00)\d{2}[ ]?(?!0000)\d{4}(?![\d-])/y;
const NATIONAL_DIGIT = NATIONAL_IDS.filter(({ pattern }) => !/^\[[A-Z]/.test(pattern.source));
const NATIONAL_LETTER = NATIONAL_IDS.filter(({ pattern }) => /^\[[A-Z]/.test(pattern.source));

function ssnAt(text: string, at: number, countries: Countries): PiiMatch | null {
  if (countries && !countries.has('US')) return null;
  SSN.lastIndex = at;
  if (SSN.test(text) && !isOfThing(text, at, at + 11))
    return { entity: 'us-ssn', start: at, end: at + 11, confidence: 0.9, country: 'US' };
  SSN_TOLD.lastIndex = at;
  if (!SSN_TOLD.test(text) || !near(text, at, SSN_TOLD.lastIndex, SSN_WORDS)) return null;
  return { entity: 'us-ssn', start: at, end: SSN_TOLD.lastIndex, confidence: 0.85, country: 'US' };
}

function nationalAt(text: string, at: number, letter: boolean, countries: Countries): PiiMatch | null {
  for (const { country, pattern, valid, words } of letter ? NATIONAL_LETTER : NATIONAL_DIGIT) {
    if (countries && !countries.has(country)) continue;
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (!match) continue;
    const compact = match[0].replaceAll(/[^\p{L}\d]/gu, '').toUpperCase();
    if (/^(\d)\1+$/.test(compact) || !valid(compact)) continue;
    const end = at + match[0].length;
    if (words ? !near(text, at, end, words) : isOfThing(text, at, end)) continue;
    return { entity: 'national-id', start: at, end, confidence: words ? 0.85 : 0.9, country };
  }
  return null;
}

/** Figures in what follows an anchor, up to where a sentence or a line would end. */
function digitsAhead(text: string, at: number): number {
  let digits = 0;
  for (let i = at; i < Math.min(text.length, at + REACH); i++) {
    const c = text.charCodeAt(i);
    if (isDigit(c)) digits++;
    else if (c === 10 || c === 44 || c === 59) break;
  }
  return digits;
}

const isDigit = (c: number): boolean => c >= 48 && c <= 57;
const isLetter = (c: number): boolean => (c | 32) >= 97 && (c | 32) <= 122;

/** Where a number that has its first figure at `digit` begins: with up to six letters, `+`, `(` or nothing before it; -1 where it is part of a word. */
function anchorOf(text: string, digit: number): number {
  let at = digit;
  while (at > 0 && digit - at <= LETTERS_AHEAD && isLetter(text.charCodeAt(at - 1))) at--;
  if (at < digit) return digit - at > LETTERS_AHEAD ? -1 : at;
  const before = at > 0 ? text.charCodeAt(at - 1) : 0;
  return before === 43 || before === 40 ? at - 1 : at;
}

function isLong(text: string, at: number): boolean {
  LONG.lastIndex = at;
  return LONG.test(text);
}

/** Figures in a row from which those behind a point are a fraction, and characters before it that are looked at. */
const FRACTION_MIN = 9;
const WHOLE_MAX = 24;
const WHOLE = /(?<![\w.])\d{1,20}\.$/;

/** Whether figures are the fraction of a number, which is a measurement. @param end behind them */
const isFraction = (text: string, start: number, end: number): boolean =>
  end - start >= FRACTION_MIN &&
  text[start - 1] === '.' &&
  !/^\.\d/.test(text.slice(end, end + 2)) &&
  WHOLE.test(text.slice(Math.max(0, start - WHOLE_MAX), start));

function* numbered(text: string, countries: Countries): Generator<PiiMatch> {
  let past = 0;
  for (let i = 0; i < text.length; i++) {
    if (!isDigit(text.charCodeAt(i))) continue;
    const digit = i;
    while (i + 1 < text.length && isDigit(text.charCodeAt(i + 1))) i++;
    const at = anchorOf(text, digit);
    if (at < past || isFraction(text, digit, i + 1)) continue;
    const letter = isLetter(text.charCodeAt(at));
    if (digitsAhead(text, at) < (letter ? DIGITS_AFTER_LETTERS : DIGITS_MIN) && !isLong(text, at)) continue;
    // British numbers have a space after their letters.
    const spaced = at === digit && APART.test(text.slice(Math.max(0, at - 4), at));
    const apart = spaced ? nationalAt(text, at - 3, true, countries) : null;
    if (apart) {
      past = apart.end;
      yield apart;
      continue;
    }
    const found = letter
      ? (ibanAt(text, at) ?? walletAt(text, at) ?? nationalAt(text, at, true, countries))
      : at < digit
        ? (phoneAt(text, at, countries) ?? withSign(text, at, unsigned(text, digit, countries)))
        : unsigned(text, digit, countries);
    if (!found) continue;
    past = found.end;
    yield found;
  }
}

/** A telephone number with the `+` before it, which is part of it. */
const withSign = (text: string, at: number, found: PiiMatch | null): PiiMatch | null =>
  found?.entity === 'phone' && text[at] === '+' ? { ...found, start: at } : found;

/** A number that begins with a figure. */
const unsigned = (text: string, at: number, countries: Countries): PiiMatch | null =>
  walletAt(text, at) ??
  cardAt(text, at) ??
  ssnAt(text, at, countries) ??
  ipv4At(text, at) ??
  nationalAt(text, at, false, countries) ??
  accountAt(text, at) ??
  phoneAt(text, at, countries);

/**
 * Personal data with a structure, checksums verified; overlaps resolved to the more certain.
 * @param countries whose national numbers, and national ways to write telephone numbers, are looked for; all when null
 */
export function findPii(written: string, countries: Countries = null): PiiMatch[] {
  const text = writtenPlainly(written);
  if (!/[\d@]/.test(text)) return [];
  const found: PiiMatch[] = [...signed(text)];
  found.push(...numbered(text, countries), ...told(text));
  return withoutOverlaps(found);
}

/** Of matches that overlap the more certain stays, of equals the longer. */
export function withoutOverlaps(found: readonly PiiMatch[]): PiiMatch[] {
  if (found.length < 2) return [...found];
  const order = [...found].sort(
    (a, b) => b.confidence - a.confidence || b.end - b.start - (a.end - a.start) || a.start - b.start,
  );
  // Kept matches never overlap, so that their neighbours by place are enough to compare with.
  const kept: PiiMatch[] = [];
  for (const match of order) {
    let low = 0;
    let high = kept.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (kept[middle]!.start < match.start) low = middle + 1;
      else high = middle;
    }
    if ((kept[low - 1]?.end ?? 0) > match.start || (kept[low]?.start ?? Number.POSITIVE_INFINITY) < match.end)
      continue;
    kept.splice(low, 0, match);
  }
  return kept;
}
