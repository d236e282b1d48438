import { createRequire } from 'node:module';
import { isIPv6 } from 'node:net';
import type { CountryCode } from 'libphonenumber-js/max';
import { isStandInPassword, isStandInUser } from '../secrets/stand-ins.ts';
import type { Countries, PiiMatch } from './entity.ts';

const LOCAL = /[\p{L}\p{N}](?:[\p{L}\p{N}._%+'-]{0,62}[\p{L}\p{N}_+-])?$/u;
const LOCAL_MAX = 64;
const DOMAIN = /@(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?\.){1,8}\p{L}{2,24}/uy;
const IPV4 = /(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\w]|\.\d)/y;
const IPV6 = /(?<![\w:.])(?:[0-9a-f]{0,4}:){2,7}(?:[0-9a-f]{0,4}|(?:\d{1,3}\.){3}\d{1,3})(?![\w:])/gi;
const MAC = new RegExp(
  [
    '(?<![\\w:-])[0-9a-f]{2}([:-])(?:[0-9a-f]{2}\\1){4}[0-9a-f]{2}(?![\\w:-])',
    '(?<![\\w.])(?:[0-9a-f]{4}\\.){2}[0-9a-f]{4}(?![\\w.])',
  ].join('|'),
  'gi',
);

/** Whether a sign parts who logs in from the host, `https://git@host` or `git@host:path`, and both say nothing of a person. */
function isLogin(text: string, start: number, local: string, end: number): boolean {
  if (local === 'git' && text[end] === ':') return true;
  const before = text.slice(Math.max(0, start - LOCAL_MAX), start);
  return /:\/\/(?:[\w-]{0,32}:)?$/.test(before) && (isStandInUser(local) || isStandInPassword(local));
}

/** E-mail addresses, MAC addresses and IPv6 addresses: whatever has a sign of its own. */
export function* signed(text: string): Generator<PiiMatch> {
  for (let at = text.indexOf('@'); at >= 0; at = text.indexOf('@', at + 1)) {
    DOMAIN.lastIndex = at;
    if (!DOMAIN.test(text)) continue;
    const local = LOCAL.exec(text.slice(Math.max(0, at - LOCAL_MAX), at));
    if (!local || isLogin(text, at - local[0].length, local[0], DOMAIN.lastIndex)) continue;
    yield { entity: 'email', start: at - local[0].length, end: DOMAIN.lastIndex, confidence: 0.95 };
    at = DOMAIN.lastIndex;
  }
  const colons = text.includes(':');
  if (colons || /[0-9a-f]{2}-[0-9a-f]{2}-[0-9a-f]{2}-|[0-9a-f]{4}\.[0-9a-f]{4}\./i.test(text))
    for (const { index, 0: found } of text.matchAll(MAC))
      if (/\d/.test(found) && !/^(..).\1.\1.\1.\1/.test(found))
        yield { entity: 'mac-address', start: index, end: index + found.length, confidence: 0.9 };
  if (!colons || !/:[0-9a-f]{0,4}:/i.test(text)) return;
  for (const { index, 0: found } of text.matchAll(IPV6)) {
    if (found.length < 5 || !/\d/.test(found) || !isIPv6(found)) continue;
    yield { entity: 'ip-address', start: index, end: index + found.length, confidence: 0.9 };
  }
}

/** An IPv4 address at `at`, unless it is a version. */
export function ipv4At(text: string, at: number): PiiMatch | null {
  IPV4.lastIndex = at;
  if (!IPV4.test(text) || text[at - 1] === '.') return null;
  if (/(?:\bv|version|release|firmware|build)\s{0,2}$/i.test(text.slice(Math.max(0, at - 12), at)))
    return null;
  return { entity: 'ip-address', start: at, end: IPV4.lastIndex, confidence: 0.9 };
}

/** Countries whose national ways of writing telephone numbers are read where the text names none. */
export const PHONE_COUNTRIES: readonly CountryCode[] = [
  'US',
  'GB',
  'DE',
  'FR',
  'ES',
  'IT',
  'NL',
  'BE',
  'AT',
  'CH',
  'SE',
  'NO',
  'DK',
  'FI',
  'PL',
  'CZ',
  'PT',
  'IE',
  'AU',
  'NZ',
  'IN',
  'BR',
  'MX',
  'ZA',
  'JP',
  'HU',
  'GR',
  'RO',
  'TR',
  'CY',
  'EE',
  'IS',
  'SI',
  'HR',
  'UY',
  'TN',
  'KR',
  'IL',
];

const PHONE =
  /(?:\+|\()?\d(?:[ .\-/()\u00a0\u2011]{0,3}\d){5,15}(?:\s{0,2}(?:x|ext\.?|extension)\s{0,2}\d{1,6})?(?![\w]|[.-]\d)/iy;
/** Words that tell of a telephone; as the name of a member (`"text": 1500000000`) some of them tell of nothing. */
const SAID = new RegExp(
  [
    'phone|tel[eé]?fo|\\btel\\b|\\bmobile?\\b|\\bcell|\\bcall(?!["\'_])|\\bfax\\b|\\bdial|\\bring\\b|contact|whatsapp',
    'number(?!["\'])|\\bsms\\b|\\btext\\b(?!["\'])|handy|ruf|nummer|num[eé]ro|téléphone|☎|📞|📱|电话|電話',
  ].join('|'),
  'i',
);
/** Written as nothing but telephone numbers is: a sign of the country, an area in brackets, or parts of 2 to 4 digits. */
const GROUPED = /^(?:\+\d|\(\d{1,5}\)[ -]?\d|0?0\d{0,4}[ /-]\(?\d|\d{2,4}(?:[ .-]\d{2,4}){2,4}$)/;
const OTHER =
  /^(?:\d{4}-\d{2}-\d{2}|\d{2}[-/.]\d{2}[-/.]\d{4}|\d{1,2}[-/]\d{1,2}[-/]\d{2}|\d{3}-\d{2}-\d{4})/;
/** What stands before numbers that are something else. */
const UNLIKE = new RegExp(
  `(?:[#$€£№=]|\\b(?:${'isbn order invoice id po\\sbox ticket case version v card account issue pin zip page iso rfc nr serial sku model'
    .split(' ')
    .join('|')}))[\\s.:#-]{0,3}$`,
  'i',
);

type Library = typeof import('libphonenumber-js/max');
let library: Library | null = null;
/** The tables of all countries take room in every thread; most threads never see a telephone number. */
const parsed: Library['parsePhoneNumberFromString'] = (...number) => {
  library ??= createRequire(import.meta.url)('libphonenumber-js/max') as Library;
  return library.parsePhoneNumberFromString(...number);
};

const known = new Map<string, boolean>();
const KNOWN_MAX = 4_096;

function valid(number: string, countries: Countries): boolean {
  const key = countries ? `${number} ${[...countries].join()}` : number;
  const before = known.get(key);
  if (before !== undefined) return before;
  let found = false;
  if (number.startsWith('+')) found = parsed(number)?.isValid() === true;
  else if (number.startsWith('00')) found = parsed(`+${number.slice(2)}`)?.isValid() === true;
  if (!found && !number.startsWith('+'))
    found = PHONE_COUNTRIES.some(
      (country) => (!countries || countries.has(country)) && parsed(number, country)?.isValid() === true,
    );
  if (known.size >= KNOWN_MAX) known.delete(known.keys().next().value!);
  known.set(key, found);
  return found;
}

/**
 * A telephone number at `at`: one that its country gives out (libphonenumber), and written as such or said to be one.
 */
export function phoneAt(text: string, at: number, countries: Countries): PiiMatch | null {
  PHONE.lastIndex = at;
  const match = PHONE.exec(text);
  if (!match) return null;
  const number = match[0].replace(/\s{0,2}(?:x|ext).*/is, '');
  if (OTHER.test(number)) return null;
  const compact = number.replaceAll(/[^\d+]/g, '');
  // Without a country a number has up to eleven figures, said to be one or not.
  if (!/^(?:\+|00)/.test(compact) && compact.length > 11) return null;
  if (compact.length < 7 || /^\+?(\d)\1+$/.test(compact)) return null;
  const before = text.slice(Math.max(0, at - 40), at);
  // The rest of a longer number is none.
  if (/\d[ .\-/()]{1,2}$/.test(before)) return null;
  const said = SAID.test(before);
  if (!said && (!GROUPED.test(number) || UNLIKE.test(before))) return null;
  if (!valid(compact, countries)) {
    // Said to be a number, and written as one: it may be of a country that is not read, or made up.
    if (!said || !GROUPED.test(number) || compact.length > 15) return null;
    return { entity: 'phone', start: at, end: at + match[0].length, confidence: 0.7 };
  }
  return {
    entity: 'phone',
    start: at,
    end: at + match[0].length,
    confidence: number[0] === '+' ? 0.95 : said ? 0.9 : 0.8,
  };
}
