import { isDay, isShortDay, luhn, mod11of10, remainder, verhoeff, weighted } from './check-digits.ts';
import {
  british,
  bulgarian,
  chileanRut,
  chinese,
  codiceFiscale,
  cpf,
  curp,
  digitAt,
  finnish,
  german,
  hongKong,
  japanese,
  korean,
  norwegian,
  pesel,
  romanian,
  singaporean,
  swedish,
  turkish,
} from './national-checks.ts';

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

const DNI = 'TRWAGMYFPDXBNJZSQVHLCKE';
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
    /person-?(?:nr|nummer)|samordningsnummer|\bpnr\b|personal (?:identity )?number|föd(?:el|d)|swedish id/gi,
  ),
  id(
    'NO',
    'fodselsnummer',
    '\\d{6} ?\\d{5}',
    norwegian,
    /f(?:ø|o)dsels|personn|norwegian (?:national |personal )?id|national id/gi,
  ),
  id('FI', 'hetu', '\\d{6}[-+A-FU-Y]\\d{3}[A-Y]', finnish),
  id(
    'FI',
    'hetu',
    '\\d{6}[-+A-FU-Y]\\d{3}\\d',
    finnish,
    /\bhetu\b|henkilötunnus|finnish (?:national |personal )?id/gi,
  ),
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
  id(
    'BG',
    'egn',
    '\\d{10}',
    bulgarian,
    /\begn\b|егн|единен граждански|bulgarian (?:national |personal )?id/gi,
  ),
  id(
    'HR',
    'oib',
    '\\d{11}',
    mod11of10,
    /\boib\b|osobni identifikacijski|croatian (?:national |personal )?id/gi,
  ),
  id(
    'TR',
    'tc-kimlik',
    '[1-9]\\d{10}',
    turkish,
    /kimlik|\btckn\b|\btc no\b|\bt\.c\.|turkish (?:national |personal )?id/gi,
  ),
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
  id(
    'JP',
    'my-number',
    '\\d{4}[ -]?\\d{4}[ -]?\\d{4}',
    japanese,
    /my number|マイナンバー|個人番号|individual number/gi,
  ),
  id('KR', 'rrn', '\\d{6}-[1-8]\\d{6}', (c) => isShortDay(c.slice(0, 6)) && korean(c)),
  // Those given since October 2020 have no check digit.
  id(
    'KR',
    'rrn',
    '\\d{6}-[1-8]\\d{6}',
    (c) => isShortDay(c.slice(0, 6)),
    /\brrn\b|주민|resident registration/gi,
  ),
  id('SG', 'nric', '[STFGM]\\d{7}[A-Z]', singaporean),
  id('HK', 'hkid', '[A-Z]{1,2}\\d{6}\\(?[\\dA]\\)?', hongKong, /\bhkid\b|hong kong id|身份[證证]|identity/gi),
  id(
    'ZA',
    'id-number',
    '\\d{6} ?\\d{4} ?[012]\\d{2}',
    (c) => isShortDay(c.slice(0, 6)) && luhn(c),
    /\bID\b(?!["'])|\bid (?:number|no)\b|[Ii]dentity|South African/g,
  ),
  id(
    'IL',
    'teudat-zehut',
    '\\d{9}',
    (c) => luhn(c),
    /teudat|zehut|תעודת|israeli (?:national |personal )?id/gi,
  ),
];
