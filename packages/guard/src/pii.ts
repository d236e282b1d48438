import { isIPv6 } from 'node:net';

/** Personal data found, with offsets into the text. */
export interface PiiMatch {
  readonly entity: 'email' | 'phone' | 'credit-card' | 'iban' | 'us-ssn' | 'ip-address';
  readonly start: number;
  readonly end: number;
  readonly confidence: number;
}

const EMAIL =
  /[A-Za-z0-9](?:[A-Za-z0-9._%+'-]{0,62}[A-Za-z0-9_+-])?@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,8}[A-Za-z]{2,24}/g;
const CARD = /(?<![\d.-])\d(?:[ -]?\d){12,18}(?![\d-]|\.\d)/g;
const IBAN = /\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}\b/g;
const SSN = /(?<![\d-])(?!000|666|9\d\d)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\d-])/g;
const PHONE =
  /(?<![\w+.-])(?:\+\d{1,3}[ .-]?(?:\(\d{1,4}\)[ .-]?)?\d(?:[ .-]?\d){5,12}|(?:1[ .-])?\(\d{3}\) ?\d{3}[ .-]\d{4}|(?:1[ .-])?\d{3}[.-]\d{3}[.-]\d{4}|(?:00|0)[1-9]\d{0,4}[ /-]\d{2,4}(?:[ -]?\d{2,4}){1,3})(?![\w-]|\.\d)/g;
const IPV4 =
  /(?<![\d.])(?<![vV])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\d]|\.\d)/g;
const IPV6 = /(?<![\w:.])(?:[0-9a-fA-F]{0,4}:){2,7}[0-9a-fA-F]{0,4}(?![\w:])/g;

/** Lengths of IBANs by country (ISO 13616 registry). */
const IBAN_LENGTH: Readonly<Record<string, number>> = {
  AD: 24,
  AE: 23,
  AL: 28,
  AT: 20,
  AZ: 28,
  BA: 20,
  BE: 16,
  BG: 22,
  BH: 22,
  BR: 29,
  BY: 28,
  CH: 21,
  CR: 22,
  CY: 28,
  CZ: 24,
  DE: 22,
  DK: 18,
  DO: 28,
  EE: 20,
  EG: 29,
  ES: 24,
  FI: 18,
  FO: 18,
  FR: 27,
  GB: 22,
  GE: 22,
  GI: 23,
  GL: 18,
  GR: 27,
  GT: 28,
  HR: 21,
  HU: 28,
  IE: 22,
  IL: 23,
  IQ: 23,
  IS: 26,
  IT: 27,
  JO: 30,
  KW: 30,
  KZ: 20,
  LB: 28,
  LC: 32,
  LI: 21,
  LT: 20,
  LU: 20,
  LV: 21,
  LY: 25,
  MC: 27,
  MD: 24,
  ME: 22,
  MK: 19,
  MR: 27,
  MT: 31,
  MU: 30,
  NL: 18,
  NO: 15,
  PK: 24,
  PL: 28,
  PS: 29,
  PT: 25,
  QA: 29,
  RO: 24,
  RS: 22,
  SA: 24,
  SC: 31,
  SE: 24,
  SI: 19,
  SK: 24,
  SM: 27,
  ST: 25,
  SV: 28,
  TL: 23,
  TN: 24,
  TR: 26,
  UA: 29,
  VA: 22,
  VG: 24,
  XK: 20,
};

/** Check digit of card numbers (ISO/IEC 7812-1 annex B). */
export function luhn(digits: string): boolean {
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    let d = digits.charCodeAt(digits.length - 1 - i) - 48;
    if (i % 2 === 1) {
      d *= 2;
      if (d > 9) d -= 9;
    }
    sum += d;
  }
  return sum % 10 === 0;
}

/** Remainder test of IBANs (ISO 7064 mod 97-10). @param compact without spaces, upper case */
export function ibanValid(compact: string): boolean {
  if (IBAN_LENGTH[compact.slice(0, 2)] !== compact.length) return false;
  let rest = 0;
  for (const c of compact.slice(4) + compact.slice(0, 4)) {
    const value = c >= 'A' ? c.charCodeAt(0) - 55 : c.charCodeAt(0) - 48;
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
  }
  return rest === 1;
}

/** Issuer prefixes with the lengths they use (ISO/IEC 7812 ranges as the networks publish them). */
function cardIssuer(digits: string): boolean {
  const n = digits.length;
  if (digits[0] === '4') return n === 13 || n === 16 || n === 19;
  if (/^(?:5[1-5]|2(?:22[1-9]|2[3-9]|[3-6]|7[01]|720))/.test(digits)) return n === 16;
  if (/^3[47]/.test(digits)) return n === 15;
  if (/^3(?:0[0-5]|[689])/.test(digits)) return n === 14 || n === 16 || n === 19;
  if (/^(?:6(?:011|4[4-9]|5)|62)/.test(digits)) return n >= 16;
  if (/^35(?:2[89]|[3-8])/.test(digits)) return n >= 16;
  return /^(?:5[0678]|6)/.test(digits) && n >= 13;
}

function* ibans(text: string): Generator<PiiMatch> {
  for (const match of text.matchAll(IBAN)) {
    const length = IBAN_LENGTH[match[0].slice(0, 2)];
    if (length === undefined) continue;
    let end = 0;
    for (let seen = 0; seen < length && end < match[0].length; end++) if (match[0][end] !== ' ') seen++;
    if (ibanValid(match[0].slice(0, end).replaceAll(' ', ''))) {
      yield { entity: 'iban', start: match.index, end: match.index + end, confidence: 0.99 };
    }
  }
}

function* numbers(text: string): Generator<PiiMatch> {
  for (const match of text.matchAll(CARD)) {
    const digits = match[0].replaceAll(/[ -]/g, '');
    if (/^(\d)\1+$/.test(digits) || !cardIssuer(digits) || !luhn(digits)) continue;
    yield { entity: 'credit-card', start: match.index, end: match.index + match[0].length, confidence: 0.97 };
  }
  for (const match of text.matchAll(SSN)) {
    yield { entity: 'us-ssn', start: match.index, end: match.index + match[0].length, confidence: 0.85 };
  }
  for (const match of text.matchAll(IPV4)) {
    yield { entity: 'ip-address', start: match.index, end: match.index + match[0].length, confidence: 0.9 };
  }
  for (const match of text.matchAll(PHONE)) {
    const digits = match[0].replaceAll(/\D/g, '');
    if (digits.length < 8 || digits.length > 15 || /^(\d)\1+$/.test(digits)) continue;
    if (/^\d{3}[.-]\d{3}[.-]\d{4}$/.test(match[0]) && !/^[2-9]\d{2}[.-][2-9]/.test(match[0])) continue;
    yield {
      entity: 'phone',
      start: match.index,
      end: match.index + match[0].length,
      confidence: match[0][0] === '+' ? 0.9 : 0.75,
    };
  }
}

/** Structured personal data in a text, checksums verified; overlaps resolved to the more certain. */
export function findPii(text: string): PiiMatch[] {
  const found: PiiMatch[] = [];
  if (text.includes('@')) {
    for (const match of text.matchAll(EMAIL)) {
      found.push({
        entity: 'email',
        start: match.index,
        end: match.index + match[0].length,
        confidence: 0.95,
      });
    }
  }
  if (/\d.{0,3}\d.{0,3}\d.{0,3}\d/.test(text)) found.push(...numbers(text), ...ibans(text));
  if (text.includes(':')) {
    for (const match of text.matchAll(IPV6)) {
      if (match[0].length < 5 || !/\d/.test(match[0]) || !isIPv6(match[0])) continue;
      found.push({
        entity: 'ip-address',
        start: match.index,
        end: match.index + match[0].length,
        confidence: 0.9,
      });
    }
  }
  if (found.length < 2) return found;
  found.sort((a, b) => b.confidence - a.confidence || a.start - b.start);
  const kept: PiiMatch[] = [];
  for (const match of found) {
    if (!kept.some((other) => match.start < other.end && other.start < match.end)) kept.push(match);
  }
  return kept.sort((a, b) => a.start - b.start);
}
