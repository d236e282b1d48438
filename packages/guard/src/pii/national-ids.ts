import { isDay, isShortDay, luhn, mod11of10, remainder, verhoeff, weighted } from './check-digits.ts';

/** How the numbers that a country gives its people look. */
export interface NationalId {
  /** ISO 3166-1 alpha-2. */
  readonly country: string;
  readonly name: string;
  /** Sticky; over the text as written. */
  readonly pattern: RegExp;
  /** Over the match in upper case without separators. */
  readonly valid: (compact: string) => boolean;
  /** What must be said nearby, where pattern and check alone would take too many other numbers for one; with the flag `g`. */
  readonly words: RegExp | null;
}

const digitAt = (text: string, at: number): number => text.charCodeAt(at) - 48;
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';

/** Italian *codice fiscale*: what characters on odd places count (decree of 23 December 1976). */
const ODD = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];

function codiceFiscale(text: string): boolean {
  let sum = 0;
  for (let i = 0; i < 15; i++) {
    const c = text.charCodeAt(i);
    const value = c < 65 ? c - 48 : c - 65;
    sum += i % 2 === 0 ? ODD[value]! : value;
  }
  return LETTERS[sum % 26] === text[15];
}

function pesel(text: string): boolean {
  const month = Number(text.slice(2, 4)) % 20;
  if (!isShortDay(text.slice(0, 2) + String(month).padStart(2, '0') + text.slice(4, 6))) return false;
  return (10 - (weighted(text, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3]) % 10)) % 10 === digitAt(text, 10);
}

function norwegian(text: string): boolean {
  const day = Number(text.slice(0, 2)) % 40;
  if (!isDay(2000 + Number(text.slice(4, 6)), Number(text.slice(2, 4)) % 40, day)) return false;
  const first = (11 - (weighted(text, [3, 7, 6, 1, 8, 9, 4, 5, 2]) % 11)) % 11;
  const second = (11 - (weighted(text, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11)) % 11;
  return first === digitAt(text, 9) && second === digitAt(text, 10);
}

/** Of the first ten figures of a German tax number exactly one stands there twice or three times (§ 139b AO, BZSt). */
function german(text: string): boolean {
  const times = new Map<string, number>();
  for (const digit of text.slice(0, 10)) times.set(digit, (times.get(digit) ?? 0) + 1);
  const repeated = [...times.values()].filter((count) => count > 1);
  return repeated.length === 1 && repeated[0]! <= 3 && mod11of10(text);
}

const british = (text: string): boolean => !/^(?:BG|GB|KN|NK|NT|TN|ZZ)/.test(text);

function swedish(text: string): boolean {
  const short = text.slice(-10);
  const day = String(Number(short.slice(4, 6)) % 60).padStart(2, '0');
  return isShortDay(short.slice(0, 4) + day) && luhn(short);
}

function finnish(text: string): boolean {
  const digits = text.replaceAll(/\D/g, '').slice(0, 9);
  return (
    isDay(2000 + Number(digits.slice(4, 6)), Number(digits.slice(2, 4)), Number(digits.slice(0, 2))) &&
    HETU[Number(digits) % 31] === text.at(-1)
  );
}

const korean = (text: string): boolean =>
  (11 - (weighted(text, [2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5]) % 11)) % 10 === digitAt(text, 12);

function cpf(text: string): boolean {
  if (/^(\d)\1+$/.test(text)) return false;
  const check = (n: number): number => {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += digitAt(text, i) * (n + 1 - i);
    return ((sum * 10) % 11) % 10;
  };
  return check(9) === digitAt(text, 9) && check(10) === digitAt(text, 10);
}

function turkish(text: string): boolean {
  const d = [...text].map(Number);
  const odd = d[0]! + d[2]! + d[4]! + d[6]! + d[8]!;
  const even = d[1]! + d[3]! + d[5]! + d[7]!;
  const tenth = (((odd * 7 - even) % 10) + 10) % 10;
  return d[0] !== 0 && tenth === d[9] && d.slice(0, 10).reduce((sum, one) => sum + one, 0) % 10 === d[10];
}

function chinese(text: string): boolean {
  if (!isDay(Number(text.slice(6, 10)), Number(text.slice(10, 12)), Number(text.slice(12, 14)))) return false;
  const rest = weighted(text, [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]) % 11;
  return '10X98765432'[rest] === text[17];
}

function singaporean(text: string): boolean {
  const sum = weighted(text.slice(1), [2, 7, 6, 5, 4, 3, 2]);
  const kind = text[0]!;
  if (kind === 'M')
    return 'XWUTRQPNJLK'[10 - ((sum + 3) % 11)] === text[8] || 'KLJNPQRTUWX'[(sum + 3) % 11] === text[8];
  const shifted = (sum + (kind === 'T' || kind === 'G' ? 4 : 0)) % 11;
  return (kind === 'S' || kind === 'T' ? 'JZIHGFEDCBA' : 'XWUTRQPNMLK')[shifted] === text[8];
}

function chileanRut(text: string): boolean {
  const body = text.slice(0, -1);
  let sum = 0;
  for (let i = 0; i < body.length; i++) sum += digitAt(body, body.length - 1 - i) * (2 + (i % 6));
  return '0K987654321'[sum % 11] === text.at(-1);
}

function curp(text: string): boolean {
  let sum = 0;
  const alphabet = '0123456789ABCDEFGHIJKLMNÑOPQRSTUVWXYZ';
  for (let i = 0; i < 17; i++) sum += alphabet.indexOf(text[i]!) * (18 - i);
  return (10 - (sum % 10)) % 10 === digitAt(text, 17);
}

function romanian(text: string): boolean {
  if (!isShortDay(text.slice(1, 7))) return false;
  const rest = weighted(text, [2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9]) % 11;
  return (rest === 10 ? 1 : rest) === digitAt(text, 12);
}

function bulgarian(text: string): boolean {
  const month = Number(text.slice(2, 4)) % 20;
  if (!isShortDay(text.slice(0, 2) + String(month).padStart(2, '0') + text.slice(4, 6))) return false;
  return (weighted(text, [2, 4, 8, 5, 10, 9, 7, 3, 6]) % 11) % 10 === digitAt(text, 9);
}

function japanese(text: string): boolean {
  const rest = weighted(text, [6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11;
  return (rest <= 1 ? 0 : 11 - rest) === digitAt(text, 11);
}

function hongKong(text: string): boolean {
  const own = /^[A-Z]{1,2}(?=\d)/.exec(text)![0];
  const letters = own.padStart(2, ' ');
  const digits = text.slice(own.length);
  const value = (c: string): number => (c === ' ' ? 36 : c.charCodeAt(0) - 55);
  let sum = value(letters[0]!) * 9 + value(letters[1]!) * 8;
  for (let i = 0; i < 6; i++) sum += digitAt(digits, i) * (7 - i);
  const last = digits[6] === 'A' ? 10 : digitAt(digits, 6);
  return (sum + last) % 11 === 0;
}

const DNI = 'TRWAGMYFPDXBNJZSQVHLCKE';
const HETU = '0123456789ABCDEFHJKLMNPRSTUVWXY';
const END = '(?![\\w]|[-.]\\d)';
const id = (
  country: string,
  name: string,
  pattern: string,
  valid: NationalId['valid'],
  words: RegExp | null = null,
): NationalId => ({ country, name, pattern: new RegExp(pattern + END, 'iy'), valid, words });

/** Numbers of people in 37 countries, each with the check its authority publishes where it has one. */
export const NATIONAL_IDS: readonly NationalId[] = [
  id('US', 'itin', '9\\d{2}[- ](?:5\\d|6[0-5]|7\\d|8[0-8]|9[0-24-9])[- ]\\d{4}', () => true),
  id('GB', 'nino', '[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] \\d{2} \\d{2} \\d{2} [A-D]', british),
  id(
    'GB',
    'nino',
    '[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\\d{2} ?\\d{2} ?\\d{2} ?[A-D]',
    british,
    /\bnino\b|\bni\b|national insurance|\bhmrc\b|payroll/gi,
  ),
  id(
    'GB',
    'nhs',
    '\\d{3}[ -]?\\d{3}[ -]?\\d{4}',
    (c) => {
      const check = 11 - (weighted(c, [10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11);
      return (check === 11 ? 0 : check) === digitAt(c, 9);
    },
    /\bnhs\b|patient/gi,
  ),
  id(
    'IE',
    'pps',
    '\\d{7}[A-W][A-IW]?',
    (c) => {
      const extra = c.length === 9 && c[8] !== 'W' ? (c.charCodeAt(8) - 64) * 9 : 0;
      return 'WABCDEFGHIJKLMNOPQRSTUV'[(weighted(c, [8, 7, 6, 5, 4, 3, 2]) + extra) % 23] === c[7];
    },
    /\bppsn?\b|personal public service|\buimhir\b/gi,
  ),
  id(
    'CA',
    'sin',
    '\\d{3}[ -]?\\d{3}[ -]?\\d{3}',
    luhn,
    /\bSIN\b|[Ss]ocial [Ii]nsurance|[Aa]ssurance sociale|\bNAS\b/g,
  ),
  id(
    'AU',
    'tfn',
    '\\d{3} ?\\d{3} ?\\d{3}',
    (c) => weighted(c, [1, 4, 3, 7, 5, 8, 6, 9, 10]) % 11 === 0,
    /\btfn\b|tax file/gi,
  ),
  id(
    'AU',
    'medicare',
    '[2-6]\\d{3} ?\\d{5} ?\\d',
    (c) => weighted(c, [1, 3, 7, 9, 1, 3, 7, 9]) % 10 === digitAt(c, 8),
    /medicare/gi,
  ),
  id(
    'NZ',
    'ird',
    '\\d{2,3}[ -]?\\d{3}[ -]?\\d{3}',
    (c) => {
      const body = c.padStart(9, '0');
      const check = (weights: readonly number[]): number => (11 - (weighted(body, weights) % 11)) % 11;
      const first = check([3, 2, 7, 6, 5, 4, 3, 2]);
      return (first === 10 ? check([7, 4, 3, 2, 5, 2, 7, 6]) : first) === digitAt(body, 8);
    },
    /\bird\b|inland revenue/gi,
  ),
  id(
    'DE',
    'steuer-id',
    '[1-9]\\d ?\\d{3} ?\\d{3} ?\\d{3}',
    german,
    /steuer-?(?:id|nr|nummer|identifik|ident)|steuerliche|\bidnr\b|\btin\b|\btax (?:id|number|identification)/gi,
  ),
  id(
    'FR',
    'nir',
    '[12] ?\\d{2} ?(?:0[1-9]|1[0-2]|[2-9]\\d) ?(?:\\d{2}|2[AB]) ?\\d{3} ?\\d{3} ?\\d{2}',
    (c) => {
      const body = c.slice(0, 13).replace('2A', '19').replace('2B', '18');
      return 97 - remainder(body, 97) === Number(c.slice(13));
    },
  ),
  id('IT', 'codice-fiscale', '[A-Z]{6}\\d{2}[A-EHLMPR-T]\\d{2}[A-Z]\\d{3}[A-Z]', codiceFiscale),
  id(
    'ES',
    'dni',
    '\\d{8}-?[A-HJ-NP-TV-Z]',
    (c) => DNI[Number(c.slice(0, 8)) % 23] === c[8],
    /\bd\.?n\.?i\b|\bn\.?i\.?f\b|documento|identidad|identificaci|spanish id/gi,
  ),
  id(
    'ES',
    'nie',
    '[XYZ]-?\\d{7}-?[A-HJ-NP-TV-Z]',
    (c) => DNI[Number('XYZ'.indexOf(c[0]!) + c.slice(1, 8)) % 23] === c[8],
  ),
  id(
    'PT',
    'nif',
    '[1-3]\\d{2} ?\\d{3} ?\\d{3}',
    (c) => {
      const rest = weighted(c, [9, 8, 7, 6, 5, 4, 3, 2]) % 11;
      return (rest < 2 ? 0 : 11 - rest) === digitAt(c, 8);
    },
    /\bnif\b|contribuinte|(?:n[uú]mero|identificação) fiscal/gi,
  ),
  id(
    'NL',
    'bsn',
    '\\d{4}[. ]?\\d{2}[. ]?\\d{3}',
    (c) => weighted(c, [9, 8, 7, 6, 5, 4, 3, 2, -1]) % 11 === 0,
    /\bbsn\b|burgerservice|\bsofi/gi,
  ),
  id(
    'BE',
    'national-register',
    '\\d{2}\\.?\\d{2}\\.?\\d{2}[- ]?\\d{3}[. ]?\\d{2}',
    (c) => {
      const check = Number(c.slice(9));
      return (
        Number(c.slice(2, 4)) <= 12 &&
        (97 - remainder(c.slice(0, 9), 97) === check || 97 - remainder(`2${c.slice(0, 9)}`, 97) === check)
      );
    },
    /rijksregister|registre national|national (?:register|number)|num[eé]ro national|\bniss\b|\binsz\b|\bnrn\b/gi,
  ),
  id(
    'CH',
    'ahv',
    '756[. ]?\\d{4}[. ]?\\d{4}[. ]?\\d{2}',
    (c) => (10 - (weighted(c, [1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3]) % 10)) % 10 === digitAt(c, 12),
  ),
  id(
    'AT',
    'svnr',
    '[1-9]\\d{3} ?\\d{6}',
    (c) =>
      isDay(2000 + Number(c.slice(8)), Number(c.slice(6, 8)), Number(c.slice(4, 6))) &&
      weighted(c.slice(0, 3) + c.slice(4), [3, 7, 9, 5, 8, 4, 2, 1, 6]) % 11 === digitAt(c, 3),
    /\bsvnr\b|sozialversicherung|versicherungsnummer|\bsv-?(?:nr|nummer)|social (?:security|insurance)/gi,
  ),
  id('PL', 'pesel', '\\d{11}', pesel, /pesel|polish (?:national )?id/gi),
  id(
    'DK',
    'cpr',
    '(?:0[1-9]|[12]\\d|3[01])(?:0[1-9]|1[0-2])\\d{2}-\\d{4}',
    () => true,
    /\bcpr\b|personnummer|danish (?:national |personal )?id/gi,
  ),
  id('SE', 'personnummer', '19\\d{6}[-+]\\d{4}', swedish),
  id(
    'SE',
    'personnummer',
    '(?:19|20)?\\d{6}[-+]\\d{4}',
    swedish,
    /person-?(?:nr|nummer)|samordningsnummer|\bpnr\b|personal (?:identity )?number|födel|född|swedish (?:national |personal )?id/gi,
  ),
  id('NO', 'fodselsnummer', '\\d{6} ?\\d{5}', norwegian, /f(?:ø|o)dsels|personn|norwegian (?:national |personal )?id|national id/gi),
  id('FI', 'hetu', '\\d{6}[-+A-FU-Y]\\d{3}[A-Y]', finnish),
  id('FI', 'hetu', '\\d{6}[-+A-FU-Y]\\d{3}\\d', finnish, /\bhetu\b|henkilötunnus|finnish (?:national |personal )?id/gi),
  id(
    'CZ',
    'rodne-cislo',
    '\\d{6}/\\d{3,4}',
    (c) => {
      const month = (Number(c.slice(2, 4)) % 50) % 20;
      return (
        isShortDay(c.slice(0, 2) + String(month).padStart(2, '0') + c.slice(4, 6)) &&
        (c.length === 9 || remainder(c, 11) === 0 || remainder(c.slice(0, 9), 11) === 10)
      );
    },
    /rodn|(?<!\p{L})r\.? ?č|birth number|naro[dz]/giu,
  ),
  id('RO', 'cnp', '[1-8]\\d{12}', romanian, /\bcnp\b|numeric personal|cod(?:ul)? personal/gi),
  id('BG', 'egn', '\\d{10}', bulgarian, /\begn\b|егн|единен граждански|bulgarian (?:national |personal )?id/gi),
  id('HR', 'oib', '\\d{11}', mod11of10, /\boib\b|osobni identifikacijski|croatian (?:national |personal )?id/gi),
  id('TR', 'tc-kimlik', '[1-9]\\d{10}', turkish, /kimlik|\btckn\b|\btc no\b|\bt\.c\.|turkish (?:national |personal )?id/gi),
  id('BR', 'cpf', '\\d{3}\\.\\d{3}\\.\\d{3}-\\d{2}', cpf),
  id('BR', 'cpf', '\\d{11}', cpf, /\bcpf\b/gi),
  id('CL', 'rut', '\\d{1,2}\\.\\d{3}\\.\\d{3}-[\\dK]', chileanRut),
  id(
    'AR',
    'cuit',
    '(?:20|2[3-7]|30|33|34)-\\d{8}-\\d',
    (c) => (11 - (weighted(c, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11)) % 11 === digitAt(c, 10),
  ),
  id('MX', 'curp', '[A-Z][AEIOUX][A-Z]{2}\\d{6}[HMX][A-Z]{5}[0-9A-Z]\\d', curp),
  id('IN', 'aadhaar', '[2-9]\\d{3}[ -]?\\d{4}[ -]?\\d{4}', verhoeff, /aadhaar|aadhar|आधार|\buidai\b/gi),
  id(
    'IN',
    'pan',
    '[A-Z]{3}[ABCFGHLJPT][A-Z]\\d{4}[A-Z]',
    () => true,
    /\bpan\b|permanent account|income tax/gi,
  ),
  id('CN', 'resident-id', '[1-9]\\d{5}(?:18|19|20)\\d{9}[\\dX]', chinese),
  id('JP', 'my-number', '\\d{4}[ -]?\\d{4}[ -]?\\d{4}', japanese, /my number|マイナンバー|個人番号|individual number/gi),
  id('KR', 'rrn', '\\d{6}-[1-8]\\d{6}', (c) => isShortDay(c.slice(0, 6)) && korean(c)),
  // Those given since October 2020 have no check digit.
  id('KR', 'rrn', '\\d{6}-[1-8]\\d{6}', (c) => isShortDay(c.slice(0, 6)), /\brrn\b|주민|resident registration/gi),
  id('SG', 'nric', '[STFGM]\\d{7}[A-Z]', singaporean),
  id('HK', 'hkid', '[A-Z]{1,2}\\d{6}\\(?[\\dA]\\)?', hongKong, /\bhkid\b|hong kong id|身份[證证]|identity/gi),
  id(
    'ZA',
    'id-number',
    '\\d{6} ?\\d{4} ?[012]\\d{2}',
    (c) => isShortDay(c.slice(0, 6)) && luhn(c),
    /\bID\b(?!["'])|\bid (?:number|no)\b|[Ii]dentity|South African/g,
  ),
  id('IL', 'teudat-zehut', '\\d{9}', (c) => luhn(c), /teudat|zehut|תעודת|israeli (?:national |personal )?id/gi),
];
