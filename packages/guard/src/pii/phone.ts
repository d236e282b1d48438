import { createRequire } from 'node:module';
import type { CountryCode } from 'libphonenumber-js/max';
import type { Countries, PiiMatch } from './entity.ts';
import { isOfThing, lastLabel, lineStart, OTHER_NUMBER } from './labels.ts';

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
/** Words that tell of a telephone, wherever they stand in the line before a number. */
const TELEPHONE = new RegExp(
  [
    'phones?\\b|phone number|\\bph\\b|(?<![\\w.])[tpmf]:|t[eé]l[eé]f[oó]n|telefoon|\\btele?\\b|\\btel[.:]|\\bmobil|\\bcell(?:phone|ular)?\\b|\\bfax\\b',
    '\\bhotline\\b|\\bhelpline\\b|whatsapp|\\bsms\\b|\\bdial\\b|\\bhandy|\\brufnummer|\\bruf(?:en|t)?\\b|\\ban(?:ruf|zurufen)',
    '\\bm[oó]vil\\b|\\bcelular|\\bportable\\b|\\bcellulare\\b|\\btelem[oó]vel|\\bgsm\\b|\\bkom[oó]rk|\\bcep\\b',
    '\\bll[aá]m[ae]|\\bappele[rz]|\\bchiam|\\blig(?:ar|ue)\\b|\\bbel(?:len)?\\b|zadzwo[nń]|телефон|моб(?:\\.|ильн)|звон',
    '☎|📞|📱|电话|電話|手机|手機|携帯|전화|휴대|هاتف|جوال|फ़ोन|फोन',
  ].join('|'),
  'gi',
);
/** Words that tell of one only directly before it: people call, contact and number other things, too. */
const TELEPHONE_NEXT = new RegExp(
  [
    '\\b(?:call(?! for\\b)|ring|text|reach|contact)\\b(?![\\w-]*["\'_])',
    '\\b(?:my|our|your|his|her|their|contact) number\\b|\\b(?:meine|deine|seine|ihre|unsere) nummer\\b',
    '\\b(?:mon|ton|son|notre|votre) num[eé]ro\\b(?! d)|\\b(?:mi|tu|su|nuestro) n[uú]mero\\b(?! d)',
    '\\b(?:mio|tuo|suo|nostro) numero\\b(?! d)|\\b(?:meu|seu) n[uú]mero\\b(?! d)|\\b(?:mijn|jouw|uw|ons) nummer\\b',
  ].join('|'),
  'gi',
);
/** Characters before a number in which it is said whose number this is. */
const LINE_REACH = 96;
/** Characters between such a word and the number. */
const NEXT_REACH = 24;
const NUMBER = /\bnumber\b(?!["']| of\b)|\bnummer\b|\bn[uú]mero\b|\bnuméro\b|\bnumer\b/gi;
/** Characters between a word and a number that is written like a count of things. */
const COUNT_REACH = 12;
/** Groups of three figures, as large amounts have them, or no groups at all. */
const LIKE_COUNT = /^[1-9]\d?(?:[ .\u00a0]\d{3})+$|^[1-9]\d\d(?:\.\d{3})+$|^[1-9]\d+$/;
/** Of these a word must say that they are one. */
const ALL_THREES = /^[1-9]\d\d(?:[ -]\d{3})+$/;
/** Written in parts, as telephone numbers are once it is said that this is one. */
const GROUPED = /^(?:\+\d|\(\d{1,5}\)[ -]?\d|0?0\d{0,4}[ /-]\(?\d|\d{2,4}(?:[ .-]\d{2,4}){2,4}$)/;
/** Written as little else is, so that nothing need be said: a sign of the country, an area in brackets or behind a zero. */
const ABROAD = /^(?:\+\d|00[1-9]\d{0,2}[ /-])/;
const WITH_AREA = /^(?:\((?:0\d{1,4}|\d{2,3})\)[ -]?\d|0[1-9]\d{0,3}[ /-]\(?\d)/;
/** Figures of a number with its area, zero included, where nothing else says that it is one. */
const WITH_AREA_MIN = 9;
/** With the sign of a country and in parts, which nothing else has; numbers are given out that no table knows yet. */
const ABROAD_IN_PARTS = /^\+[1-9][\d .()-]{8,24}$/;
const ABROAD_MIN = 10;
/** Groups that amounts, dates and codes do not have: 612 34 56 78, 312 345 6789. */
const IN_PARTS = /^(?:\d{2,3} \d{3,4} \d{4}|\d{3}([ -])\d{2}\1\d{2}\1\d{2})$/;
const NORTH_AMERICAN = /^(?:1[ .-])?[2-9]\d{2}([ .-])[2-9]\d{2}\1\d{4}$/;
/** What is written so in a field is no date, range or number of a thing: brackets, groups with spaces, 415-555-2671. */
const ALL_OF_A_VALUE = new RegExp(
  [
    '^(?:\\(\\d{2,5}\\) ?\\d[\\d -]+|00[1-9]\\d{0,2} [\\d ]+|0[1-9]\\d{0,3}[ /][\\d ]+)$',
    '^(?:\\d{3} \\d{2} \\d{2} \\d{2}|(?:1[ -])?[2-9]\\d{2}([ .-])[2-9]\\d{2}\\1\\d{4})$',
  ].join('|'),
);
const NORTH_AMERICA: Countries = new Set(['US']);
const DATE_OR_SSN =
  /^(?:\d{4}[-/.]\d{2}[-/.]\d{2}|\d{2}[-/.]\d{2}[-/.]\d{4}|\d{1,2}[-/]\d{1,2}[-/]\d{2}|\d{3}-\d{2}-\d{4})/;
/** What stands right before numbers that are something else; of a field its name says what it is. */
const UNLIKE = new RegExp(
  `(?:[#$€£¥₽№=]|["']\\s?:\\s?["']?|=["']|\\b(?:${'id nr no po\\sbox v pin zip page iso rfc eur usd gbp chf pln try brl kr'
    .split(' ')
    .join('|')}))[\\s.:#-]{0,3}$`,
  'i',
);
/** A field and the quote that its value begins with: `"from": "`, `from='`. */
const FIELD = /(?:["']([^"'\n]{1,48})["']\s?:\s?|\b([\w.-]{1,48})=)["']?$/;
/** Words in the name of a field whose values are counted, measured or numbered, and are no telephone's. */
const COUNTED = new RegExp(
  `^(?:${[
    'account|amounts?|average|balance|block|budget|change|changes|checksum|code|cost|count|counter|date|delta|diff|difference|digest|gain|growth|hash',
    'height|id|ids|increase|index|isbn|key|lat|latitude|length|line|lines|lng|lon|longitude|loss|net|no|nr|number of|offset|page|pin',
    'point|points|position|price|profit|range|rate|revision|score|seq|sequence|size|step|sum|tag|time|timestamp|total|ts|uid|uuid|value|variance|version|vin|weight|zip',
  ].join('|')})$`,
);
/** Of those, names under which a number with the sign of a country stands for whom it calls. */
const CALLED = /^(?:account|code|id|ids|key|no|nr|tag|uid|value)$/;
/** A number with the sign of a country; with one point and no other sign it is a measurement. */
const WITH_SIGN = /^\+[1-9](?!\d*\.\d+$)/;
const MONEY = /(?:[$€£¥₽]|\b(?:eur|usd|gbp|chf|pln|try|brl|kr))[\s.:#-]{0,3}$/i;
const MONEY_BEHIND =
  /^[ \u00a0]?(?:[.,]\d{1,2}[ \u00a0]?)?(?:[€$£¥₽%]|(?:eur|usd|gbp|chf|pln|try|brl|kr|zł|tl)\b|元|円)/i;

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

const wordsOf = (name: string): string[] =>
  name
    .replaceAll(/([a-z\d])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\d]+/u);

/**
 * Whether what stands right before a number that looks like a telephone's makes it something else. Names of fields say
 * little: what is written as nothing else is, and is all of a value, is one whatever its name, unless that counts things.
 */
function isUnlike(before: string, number: string, behind: string, isValid: () => boolean): boolean {
  const field = FIELD.exec(before);
  const signed = WITH_SIGN.test(number) && isValid();
  // Behind a figure the sign joins or adds: `1.0.0+20241130`.
  if (signed && /\d$/.test(before)) return true;
  if (!field) return signed ? MONEY.test(before) : UNLIKE.test(before);
  const words = wordsOf(field[1] ?? field[2]!);
  OTHER_NUMBER.lastIndex = 0;
  if (OTHER_NUMBER.test(words.join(' '))) return true;
  if (words.some((word) => COUNTED.test(word) && !(signed && CALLED.test(word)))) return true;
  if (signed) return false;
  return !/["']$/.test(before) || !/^\\?["']/.test(behind) || !ALL_OF_A_VALUE.test(number);
}

/** Whether the words before a number say that it is a telephone's, and nothing between them and it says otherwise. */
function isSaid(text: string, at: number, number: string, from: number): boolean {
  const plain = LIKE_COUNT.test(number);
  const within = (words: RegExp, reach: number): boolean => {
    const word = lastLabel(text, words, from, at);
    return word >= 0 && at - word <= reach && word > lastLabel(text, OTHER_NUMBER, from, at);
  };
  if (within(TELEPHONE, plain ? COUNT_REACH : LINE_REACH)) return true;
  if (within(TELEPHONE_NEXT, plain ? COUNT_REACH : NEXT_REACH)) return true;
  return !plain && GROUPED.test(number) && within(NUMBER, NEXT_REACH);
}

/** Words behind a number that tell of a telephone. */
const TELEPHONE_BEHIND =
  /^ {0,2}[(,–-]? ?(?:office|mobile|cell|home|work|fax|phone|telephone|tel|mobil|handy|b[uü]ro|bureau|oficina)\b/i;
/** Characters within which an address of mail says that people are told how to reach somebody. */
const MAIL_REACH = 48;

/** Whether a number has a line for itself below words, as in the block under a letter. */
const isAlone = (text: string, at: number, end: number): boolean =>
  /\p{L}[^\n]{0,24}\n[ \t]{0,8}$/u.test(text.slice(Math.max(0, at - MAIL_REACH), at)) &&
  /^[ \t,]{0,4}(?:$|\n)/.test(text.slice(end, end + 8));

/** Whether a number is written as hardly anything but a telephone number is. */
function looksLikeOne(
  text: string,
  at: number,
  number: string,
  compact: string,
  countries: Countries,
): boolean {
  if (NORTH_AMERICAN.test(number) && (!countries || countries.has('US')) && valid(compact, NORTH_AMERICA))
    return true;
  const parts = number.match(/\d+/g)!;
  if (
    ABROAD_IN_PARTS.test(number) &&
    compact.length >= ABROAD_MIN &&
    parts.length >= 3 &&
    parts.some((part) => part.length !== 3)
  )
    return true;
  if (!valid(compact, countries)) return false;
  if (ABROAD.test(number) || IN_PARTS.test(number)) return true;
  if (WITH_AREA.test(number)) return compact.length >= WITH_AREA_MIN || number[0] === '(';
  const end = at + number.length;
  if (isAlone(text, at, end)) return GROUPED.test(number) || /^\d{3,4} \d{4}$/.test(number);
  if (!GROUPED.test(number)) return false;
  if (TELEPHONE_BEHIND.test(text.slice(end, end + NEXT_REACH))) return true;
  if (LIKE_COUNT.test(number) || ALL_THREES.test(number)) return false;
  // Next to an address of mail.
  return /\w@\w/.test(text.slice(Math.max(0, at - MAIL_REACH), at) + text.slice(end, end + MAIL_REACH));
}

/**
 * A telephone number at `at`: one that its country gives out (libphonenumber), written as little else is or said to be
 * one. Numbers of orders, amounts and dates are written in the same figures.
 */
export function phoneAt(text: string, at: number, countries: Countries): PiiMatch | null {
  PHONE.lastIndex = at;
  const match = PHONE.exec(text);
  if (!match) return null;
  const number = match[0].replace(/\s{0,2}(?:x|ext).*/is, '');
  if (DATE_OR_SSN.test(number)) return null;
  const compact = number.replaceAll(/[^\d+]/g, '');
  // Without a country a number has up to eleven figures, and a zero.
  if (!/^(?:\+|00)/.test(compact) && compact.replace(/^0/, '').length > 11) return null;
  if (compact.length < 7 || /^\+?(\d)\1+$/.test(compact)) return null;
  // The rest of a longer number is none.
  if (/\d[ .\-/()]{1,2}$/.test(text.slice(Math.max(0, at - 3), at))) return null;
  if (MONEY_BEHIND.test(text.slice(at + match[0].length, at + match[0].length + 12))) return null;
  const from = lineStart(text, at, LINE_REACH);
  const said = isSaid(text, at, number, from);
  const found = (confidence: number): PiiMatch => ({
    entity: 'phone',
    start: at,
    end: at + match[0].length,
    confidence,
  });
  if (!said) {
    const end = at + match[0].length;
    if (isOfThing(text, at, end)) return null;
    const behind = text.slice(end, end + 2);
    if (isUnlike(text.slice(from, at), number, behind, () => valid(compact, countries))) return null;
    if (!looksLikeOne(text, at, number, compact, countries)) return null;
    return found(number[0] === '+' ? 0.95 : 0.8);
  }
  if (valid(compact, countries)) return found(number[0] === '+' ? 0.95 : 0.9);
  // Said to be a number, and written as one: it may be of a country that is not read, or made up.
  return GROUPED.test(number) && compact.length <= 15 ? found(0.7) : null;
}
