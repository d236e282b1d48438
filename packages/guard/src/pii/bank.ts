import { createHash } from 'node:crypto';
import { tableOf } from '@sallyport/core';
import { luhn, weighted } from './check-digits.ts';
import type { PiiMatch } from './entity.ts';
import { isOfThing, lastLabel, lineStart, near, OTHER_NUMBER } from './labels.ts';

/** Lengths of IBANs by country (ISO 13616 registry). */
const IBAN_LENGTH: Readonly<Record<string, number>> = tableOf({
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
});

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

/** First figures and lengths of cards as they are given out today (ISO/IEC 7812 ranges as the networks publish them). */
function cardIssuer(digits: string): boolean {
  const n = digits.length;
  if (/^3[47]/.test(digits)) return n === 15;
  if (/^3(?:0[0-5]|[689])/.test(digits)) return n === 14 || n === 16;
  if (/^(?:1800|2131)/.test(digits)) return n === 15;
  return (
    n === 16 &&
    /^(?:4|5[1-5]|2(?:22[1-9]|2[3-9]|[3-6]|7[01]|720)|6(?:011|4[4-9]|5)|62|35(?:2[89]|[3-8]))/.test(digits)
  );
}

/** Those that are rare, or of lengths that article numbers and consignments have, too: to be said to be cards. */
function rareIssuer(digits: string): boolean {
  const n = digits.length;
  if (digits[0] === '4') return n === 13 || n === 19;
  if (/^3(?:0[0-5]|[689])/.test(digits)) return n === 19;
  if (/^(?:6(?:011|4[4-9]|5)|62|35(?:2[89]|[3-8]))/.test(digits)) return n > 16;
  if (/^(?:50(?:18|20|38)|5893|6304|67(?:59|6[1-3]))/.test(digits)) return n >= 12;
  return /^(?:5[0678]|6)/.test(digits) && n >= 13;
}

/** Figures in the parts in which cards have them: 4-4-4-4(-3), 4-6-5, 4-6-4. */
const EMBOSSED = /^\d{4}([ -])(?:\d{4}\1\d{4}\1\d{1,4}(?:\1\d{1,3})?|\d{6}\1\d{4,5})$/;
/** The same with other things between the parts, each as before, or with a line that ends there. */
const APART = new RegExp(
  [
    '\\d{4}(?=( - | {1,4}|[-./_]))(?:\\1|\\r?\\n)',
    '(?:\\d{4}(?:\\1|\\r?\\n)\\d{4}(?:\\1|\\r?\\n)\\d{4}|\\d{6}(?:\\1|\\r?\\n)\\d{5})(?![\\d-]|\\.\\d)',
  ].join(''),
  'y',
);
const CARD_WORDS = new RegExp(
  [
    'card|\\bcredit|\\bdebit|\\bvisa\\b|mastercard|maestro|amex|american express|diners|discover|\\bjcb\\b|unionpay',
    'karte|\\bcarte|tarjeta|\\bcarta\\b|cart[ãa]o|\\bkaart|\\bkart|карт|カード|卡|카드|\\bcc\\b|\\bpan\\b|\\bpa(?:id|y)',
  ].join('|'),
  'gi',
);
const CARD = /\d(?:[ -]?\d){11,18}(?![\d-]|\.\d)/y;
const IBAN = /[A-Z]{2}\d{2}(?:(?:[ .\-/_]{0,3}|\r?\n)[A-Z0-9]){11,30}/iy;
/** Characters between the words for an account and its number. */
const ACCOUNT_REACH = 24;
const ROUTING = /\d{9}(?!\w)/y;
const ACCOUNT = /\d(?:[ -]?\d){5,16}(?![\w-])/y;

/** Whether figures have Luhn's check digit, and are not one figure again and again. */
const checksOut = (digits: string): boolean => !/^(\d)\1+$/.test(digits) && luhn(digits);

/** A payment card at `at`: a length and a first part that a network gives out, and Luhn's check. */
export function cardAt(text: string, at: number): PiiMatch | null {
  return closeCardAt(text, at) ?? apartCardAt(text, at);
}

function apartCardAt(text: string, at: number): PiiMatch | null {
  APART.lastIndex = at;
  const match = APART.exec(text);
  if (!match) return null;
  const digits = match[0].replaceAll(/\D/g, '');
  if (!cardIssuer(digits) || !checksOut(digits)) return null;
  return { entity: 'credit-card', start: at, end: at + match[0].length, confidence: 0.97 };
}

function closeCardAt(text: string, at: number): PiiMatch | null {
  CARD.lastIndex = at;
  const match = CARD.exec(text);
  if (!match) return null;
  const digits = match[0].replaceAll(/[ -]/g, '');
  if (!checksOut(digits)) return null;
  const end = at + match[0].length;
  const usual = cardIssuer(digits);
  if (!usual && !rareIssuer(digits)) return null;
  // One number in ten passes Luhn's check, and orders and parcels have as many figures.
  const embossed = EMBOSSED.test(match[0]);
  const plain =
    match[0].length === digits.length && (/[\w-]/.test(text[at - 1] ?? ' ') || !isOfThing(text, at, end));
  if (!(usual && (embossed || plain)) && !near(text, at, end, CARD_WORDS)) return null;
  return { entity: 'credit-card', start: at, end, confidence: 0.97 };
}

/** An international bank account number at `at`, of its country's length and with its remainder. */
export function ibanAt(text: string, at: number): PiiMatch | null {
  const length = IBAN_LENGTH[text.slice(at, at + 2).toUpperCase()];
  if (length === undefined) return null;
  IBAN.lastIndex = at;
  const match = IBAN.exec(text);
  if (!match) return null;
  let end = 0;
  for (let seen = 0; seen < length && end < match[0].length; end++)
    if (/[A-Z0-9]/i.test(match[0][end]!)) seen++;
  const compact = match[0]
    .slice(0, end)
    .replaceAll(/[^A-Z0-9]/gi, '')
    .toUpperCase();
  if (!ibanValid(compact)) return null;
  return { entity: 'iban', start: at, end: at + end, confidence: 0.99, country: compact.slice(0, 2) };
}

/** Words for an account at a bank; an account with anybody else is none. */
const ACCOUNT_WORDS = new RegExp(
  [
    '(?:bank|checking|savings|deposit|current|beneficiary) (?:account|acct)',
    '(?<!(?:customer|user|client|service) )\\b(?:account|acct)\\.? (?:number|no|nr|#)',
    'kontonummer|konto-?nr|bankkonto|girokonto|num[eé]ro de compte|compte bancaire|numero di conto|conto corrente',
    'cuenta (?:bancaria|corriente)|n[uú]mero de cuenta|conta (?:corrente|banc[áa]ria)|rekeningnummer|numer konta',
    'banka hesab|hesap numara|номер сч[её]та|口座|账号|帳號|账户号',
  ].join('|'),
  'gi',
);
const ROUTING_WORDS = /routing|\baba\b/gi;

/** An account or routing number at `at`; only where words say that it is one. */
export function accountAt(text: string, at: number): PiiMatch | null {
  ROUTING.lastIndex = at;
  const routing = ROUTING.exec(text);
  if (routing && near(text, at, at + 9, ROUTING_WORDS)) {
    if (weighted(routing[0], [3, 7, 1, 3, 7, 1, 3, 7, 1]) % 10 === 0)
      return { entity: 'bank-account', start: at, end: at + 9, confidence: 0.9, country: 'US' };
  }
  ACCOUNT.lastIndex = at;
  const account = ACCOUNT.exec(text);
  if (!account || /^\d{4}-\d{2}-\d{2}/.test(account[0])) return null;
  const from = lineStart(text, at);
  const said = lastLabel(text, ACCOUNT_WORDS, from, at);
  if (said < 0 || at - said > ACCOUNT_REACH || said < lastLabel(text, OTHER_NUMBER, from, at)) return null;
  return { entity: 'bank-account', start: at, end: at + account[0].length, confidence: 0.7 };
}

const ALPHABET = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
const BASE58 = /[13LDXtrT2mn][1-9A-HJ-NP-Za-km-z]{24,34}(?!\w)/y;
const BECH32 = /(?:bc1|tb1|ltc1)[02-9ac-hj-np-z]{11,71}(?!\w)/iy;
const ETHEREUM = /0x[0-9a-f]{40}(?!\w)/iy;

const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest();

/** Base58Check: the last four bytes are of the double SHA-256 of the others. */
function base58Valid(text: string): boolean {
  let value = 0n;
  for (const c of text) value = value * 58n + BigInt(ALPHABET.indexOf(c));
  let hex = value.toString(16);
  if (hex.length % 2 === 1) hex = `0${hex}`;
  let zeros = 0;
  while (text[zeros] === '1') zeros++;
  const bytes = Buffer.concat([Buffer.alloc(zeros), Buffer.from(hex, 'hex')]);
  if (bytes.length !== 25) return false;
  return sha256(sha256(bytes.subarray(0, 21)))
    .subarray(0, 4)
    .equals(bytes.subarray(21));
}

/** Bech32 and bech32m checksums (BIP 173, BIP 350). */
function bech32Valid(address: string): boolean {
  if (address !== address.toLowerCase() && address !== address.toUpperCase()) return false;
  const text = address.toLowerCase();
  const one = text.lastIndexOf('1');
  const values: number[] = [];
  for (let i = 0; i < one; i++) values.push(text.charCodeAt(i) >> 5);
  values.push(0);
  for (let i = 0; i < one; i++) values.push(text.charCodeAt(i) & 31);
  for (let i = one + 1; i < text.length; i++)
    values.push('qpzry9x8gf2tvdw0s3jn54khce6mua7l'.indexOf(text[i]!));
  let check = 1;
  for (const value of values) {
    const top = check >>> 25;
    check = ((check & 0x1ffffff) << 5) ^ value;
    for (let i = 0; i < 5; i++)
      if ((top >>> i) & 1) check ^= [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3][i]!;
  }
  return check === 1 || check === 0x2bc830a3;
}

/** An address of a crypto currency at `at`, its checksum verified where it has one. */
export function walletAt(text: string, at: number): PiiMatch | null {
  const found = (end: number, confidence: number): PiiMatch => ({
    entity: 'crypto-wallet',
    start: at,
    end,
    confidence,
  });
  ETHEREUM.lastIndex = at;
  if (ETHEREUM.test(text)) return found(ETHEREUM.lastIndex, 0.9);
  BECH32.lastIndex = at;
  let match = BECH32.exec(text);
  if (match && bech32Valid(match[0])) return found(BECH32.lastIndex, 0.99);
  BASE58.lastIndex = at;
  match = BASE58.exec(text);
  return match && base58Valid(match[0]) ? found(BASE58.lastIndex, 0.99) : null;
}
