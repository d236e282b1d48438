import { atLeast, LIMITS, SEVERITIES, type Severity } from '@sallyport/core';
import { KeywordIndex } from '../keyword-index.ts';
import { type SecretPlace, secretApart } from './apart.ts';
import { GENERAL_SECRETS } from './general.ts';
import {
  isCodeName,
  NAME_CHARACTER,
  NAME_MAX,
  namesIdentifier,
  namesNoSecret,
  ofOneParameter,
  standsInId,
} from './names.ts';
import { PLATFORM_SECRETS } from './platforms.ts';
import type { SecretRule } from './secret-rule.ts';
import { SERVICE_SECRETS } from './services.ts';
import { standsIn } from './stand-ins.ts';

/** All rules: those that know a provider come before those that know none. */
export const SECRET_RULES: readonly SecretRule[] = [
  ...PLATFORM_SECRETS,
  ...SERVICE_SECRETS,
  ...GENERAL_SECRETS,
];

/** A secret in a text: its own span, without the name it was given to. */
export interface SecretMatch {
  readonly id: string;
  readonly severity: Severity;
  readonly start: number;
  readonly end: number;
}

/** Names of those who give out secrets, as their rules begin. */
const PROVIDERS = new Set(
  [...PLATFORM_SECRETS, ...SERVICE_SECRETS]
    .map(({ id }) => id.split('-')[0]!)
    .filter((word) => word.length > 1),
);
const isProvider = (word: string): boolean => PROVIDERS.has(word);
/** Rules that know a secret by its name alone. */
const BY_NAME = new Set(SECRET_RULES.filter(({ named }) => named).map(({ id }) => id));

/** Whether a rule knows a secret by its name alone. */
export const isByName = (id: string): boolean => BY_NAME.has(id);

const KEYWORDS = new KeywordIndex(SECRET_RULES.map(({ keywords }) => keywords));
const exact = SECRET_RULES.map((rule) => new RegExp(rule.source, rule.anyCase ? 'iy' : 'y'));
interface Found extends SecretMatch {
  /** Of the rule. */
  readonly number: number;
}

/** Characters behind a secret that are read for its host. */
const HOST_MAX = 64;
/** Secrets kept of one text. */
const MATCHES_MAX = 4 * LIMITS.detectionsPerTextMax;
const NO_SEAMS: readonly number[] = [];
/** Built when a text comes whose letters have lost their case. */
let folded: readonly RegExp[] | null = null;

/** Shannon entropy of a text in bits a character. */
export function entropy(text: string): number {
  const counts = new Map<number, number>();
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    counts.set(c, (counts.get(c) ?? 0) + 1);
  }
  let bits = 0;
  for (const n of counts.values()) bits -= (n / text.length) * Math.log2(n / text.length);
  return bits;
}

const PLACEHOLDER = new RegExp(
  [
    'example|placeholder|your[_-]|[_-]here|changeme|redacted|dummy|insert|replace|xxxx|\\*\\*\\*|^\\$|^%|<|\\.{3}',
    '^(?:true|false|null|none|undefined)$|^(.)\\1+$|^(?:1234|abcd|0000)',
  ].join('|'),
  'i',
);

/** Changes from lower to upper case from which letters are taken to be drawn by lot. */
const RISES_MIN = 2;

/** Whether a value may be a secret at all: figures beside letters or cases mixed, and no word, path, call or name of a variable. */
function plausible(value: string): boolean {
  if (PLACEHOLDER.test(value) || !/[A-Za-z]/.test(value)) return false;
  const mixed = (value.match(/[a-z][A-Z]/g)?.length ?? 0) >= RISES_MIN && /[A-Z]{2}/.test(value);
  if (!/\d/.test(value) && !(mixed && !/[^A-Za-z0-9]/.test(value))) return false;
  // `process.env.API_KEY`, `config/keys.json`, `get_token_v2`: words joined by signs.
  const words = value.split(/[^A-Za-z0-9]+/);
  if (words.length > 1 && words.every((one) => /^(?:[A-Za-z]{0,24}\d{0,3}|\d{1,4})$/.test(one))) return false;
  return !/^[A-Za-z]+\d{0,2}$/.test(value) || value.length >= 20 || mixed;
}

/** Characters behind the beginning of a secret in which it may end where values meet, and such places that are tried. */
const SEAM_REACH = 512;
const SEAM_ENDS = 4;

/** Number of the first seam from a place on. */
export function seamFrom(seams: readonly number[], at: number): number {
  let low = 0;
  let high = seams.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (seams[middle]! < at) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Characters of base64 that are looked at before a place. */
const PADDED_MAX = 256;
const BASE64 = /[A-Za-z0-9+/]/;

/**
 * Whether what assigns a value is the padding of base64 that ends where the next value begins: `…kEYAAA==` names nothing.
 * @param from where the name would begin
 * @param at where the value begins
 */
function isPadding(text: string, from: number, at: number, seams: readonly number[]): boolean {
  if (seams[seamFrom(seams, at)] !== at) return false;
  let begin = at;
  while (begin > at - 2 && text[begin - 1] === '=') begin--;
  if (begin === at) return false;
  while (begin > 0 && begin > at - PADDED_MAX && BASE64.test(text[begin - 1]!)) begin--;
  return (at - begin) % 4 === 0 && begin < from;
}

/**
 * Whether a value without a shape of its own opens nothing: the name that it is given to says so, or it is a name itself.
 * @param from where the keyword in the name stands @param at where the value stands
 */
function opensNothing(text: string, from: number, at: number, value: string): boolean {
  let begin = from;
  while (begin > 0 && from - begin < NAME_MAX && NAME_CHARACTER.test(text[begin - 1]!)) begin--;
  const [name] = /^[\w.-]*/.exec(text.slice(begin, at))!;
  if (namesNoSecret(name) || namesIdentifier(name, value, isProvider)) return true;
  if (standsInId(name, from - begin)) return true;
  return !/secret|pass|pwd/i.test(name) && isCodeName(value);
}

/** What may stand between a name and its value. */
const GIVEN = /([\w.-]{1,60})["'`\]]{0,2}\s{0,4}[:=>|?]{1,3}\s{0,4}["'`([]{0,3}$/;

/**
 * Whether a value opens nothing by the name that it is given to as written, whichever other way of reading shows that as
 * several words: `next page token`.
 */
export function isGivenToNothing(text: string, start: number, end: number): boolean {
  const name = GIVEN.exec(text.slice(Math.max(0, start - 2 * NAME_MAX), start))?.[1];
  if (name === undefined) return false;
  return namesNoSecret(name) || namesIdentifier(name, text.slice(start, end), isProvider);
}

/** What a pattern finds at a place: as the text stands, else as if it began or ended where values meet. */
function matchAt(
  pattern: RegExp,
  text: string,
  from: number,
  seams: readonly number[],
): RegExpExecArray | null {
  pattern.lastIndex = from;
  const plain = pattern.exec(text);
  if (plain || seams.length === 0) return plain;
  let next = seamFrom(seams, from);
  const begins = seams[next] === from;
  if (begins) next++;
  const low = begins ? from : Math.max(0, from - 1);
  const ends = seams.slice(next, next + SEAM_ENDS).filter((end) => end - from <= SEAM_REACH);
  if (begins) ends.push(from + SEAM_REACH);
  // The longest: what is left of a secret is worth something, too.
  for (const end of ends.reverse()) {
    pattern.lastIndex = from - low;
    const match = pattern.exec(text.slice(low, end));
    if (match) return match;
  }
  return null;
}

/** Characters that a value given to a name has at least, as `generic-api-key` has it. */
const NAMED_MIN = 10;

/** Where a rule finds a secret: in one piece, else in parts, where nothing else begins like it. */
function placeOf(
  rule: SecretRule,
  pattern: RegExp,
  text: string,
  from: number,
  seams: readonly number[],
): SecretPlace | null {
  const match = matchAt(pattern, text, from, seams);
  if (!match) return rule.distinct ? secretApart(pattern, text, from) : null;
  const secret = match[1] ?? match[0];
  const start = from + match[0].lastIndexOf(secret);
  const own = rule.named ? ofOneParameter(text, from, start, secret) : secret;
  if (own.length < secret.length && own.length < NAMED_MIN) return null;
  return { secret: own, start, end: start + own.length };
}

/**
 * Secrets in a text. Linear: each rule is tried only where one of its keywords stands, over a bounded length.
 * @param caseless whether letters have lost their case, as in decoded views
 * @param seams where values meet, in order
 */
export function findSecrets(
  text: string,
  caseless = false,
  seams: readonly number[] = NO_SEAMS,
): SecretMatch[] {
  return withoutNested(search(text, caseless, seams, false));
}

/** @param distinct whether only rules are tried whose secrets begin like nothing else */
function search(text: string, caseless: boolean, seams: readonly number[], distinct: boolean): Found[] {
  if (caseless) folded ??= SECRET_RULES.map((rule) => new RegExp(rule.source, 'iy'));
  const patterns = caseless ? folded! : exact;
  const found: Found[] = [];
  KEYWORDS.each(text, (number, start) => {
    const rule = SECRET_RULES[number]!;
    if (distinct && !rule.distinct) return true;
    const from = start - rule.before;
    if (from < 0) return true;
    const place = placeOf(rule, patterns[number]!, text, from, seams);
    if (!place) return true;
    const { secret, start: at, end } = place;
    if (entropy(secret) < rule.entropyMin || (rule.careful && !plausible(secret))) return true;
    if (rule.careful && isPadding(text, from, at, seams)) return true;
    if (rule.named && opensNothing(text, from, at, secret)) return true;
    if (standsIn(rule.id, secret, text.slice(end, end + HOST_MAX))) return true;
    found.push({ number, id: rule.id, severity: rule.severity, start: at, end });
    // A text with more is refused: what is not looked at must not pass.
    if (found.length >= MATCHES_MAX) throw new RangeError('the text holds too many secrets to look at');
    return true;
  });
  return found;
}

/** The fewest characters in a row that a secret has. */
const MAY_BE_SECRET = /[\w-]{20}/;

/** Secrets that are written backwards: only those that begin like nothing else. */
export function findTurnedSecrets(text: string): SecretMatch[] {
  if (!MAY_BE_SECRET.test(text)) return [];
  const turned = text.split('').reverse().join('');
  return withoutNested(search(turned, false, NO_SEAMS, true)).map((match) => ({
    ...match,
    start: text.length - match.end,
    end: text.length - match.start,
  }));
}

/**
 * Without matches that lie within another as severe. What a rule without a format of its own found covers nothing
 * that a provider's rule found; of several on one span the first rule's stays.
 */
function withoutNested(found: readonly Found[]): SecretMatch[] {
  if (found.length === 0) return [];
  const order = [...found].sort((a, b) => a.start - b.start || b.end - a.end || a.number - b.number);
  const kept: SecretMatch[] = [];
  const reach = { known: new Map<Severity, number>(), careful: new Map<Severity, number>() };
  const covered = (by: ReadonlyMap<Severity, number>, { severity, end }: Found): boolean =>
    SEVERITIES.some((other) => atLeast(other, severity) && (by.get(other) ?? 0) >= end);
  for (const one of order) {
    const { careful } = SECRET_RULES[one.number]!;
    if (covered(reach.known, one) || (careful && covered(reach.careful, one))) continue;
    const mine = careful ? reach.careful : reach.known;
    mine.set(one.severity, Math.max(mine.get(one.severity) ?? 0, one.end));
    kept.push({ id: one.id, severity: one.severity, start: one.start, end: one.end });
  }
  return kept;
}
