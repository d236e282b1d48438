import { KeywordIndex } from '../keyword-index.ts';
import { isDay } from './check-digits.ts';
import type { PiiEntity, PiiMatch } from './entity.ts';

const MONTHS = `(?:${[
  'jan(?:uary|uar)?|feb(?:ruary|ruar)?|m(?:ar(?:ch)?|ärz)|apr(?:il)?|ma[yi]|june?|juni|july?|juli',
  'aug(?:ust)?|sept?(?:ember)?|o[ck]t(?:ober)?|nov(?:ember)?|de[cz](?:ember)?',
].join('|')})`;

/** Days as people write them. */
export const DATE = `(?:${[
  '\\d{4}[-/.]\\d{1,2}[-/.]\\d{1,2}',
  '\\d{1,2}[-/.]\\d{1,2}[-/.](?:\\d{4}|\\d{2})',
  `\\d{1,2}(?:st|nd|rd|th|\\.)? (?:of )?${MONTHS}\\.?,? \\d{4}`,
  `${MONTHS}\\.? \\d{1,2}(?:st|nd|rd|th)?,? \\d{4}`,
  '\\d{4}年\\d{1,2}月\\d{1,2}日',
].join('|')})`;

/** What may stand between a word and the value it announces. */
const SAYS = String.raw`[\s:#=]{0,4}(?:is |was |number )?[\s:#"']{0,3}`;
const NUMBER = String.raw`(?: (?:number|no\.?|id|nr\.?|card))?`;

/** One of several spellings, then a value. */
const after = (words: readonly string[], value: string, between: string = SAYS): RegExp =>
  new RegExp(`(?:${words.join('|')})${between}(${value})`, 'gi');

/** Words after which a value stands that has no shape of its own. */
const TOLD: readonly { entity: PiiEntity; words: readonly string[]; pattern: RegExp; confidence: number }[] =
  [
    {
      entity: 'date-of-birth',
      words: [
        ...['born', 'birth', 'dob', 'd.o.b', 'geboren', 'geb.', 'geburtsdatum', 'naissance', 'né', 'nacid'],
        ...['nacimiento', 'nascit', 'nascimento', 'nato', 'nata', '出生', '生年月日'],
      ],
      pattern: after(
        [
          ...[
            `\\bborn`,
            'birth(?:day|date)?',
            '\\bdob\\b',
            'd\\.o\\.b\\.?',
            'geboren',
            '\\bgeb\\.',
            'geburtsdatum',
          ],
          ...[
            'naissance',
            '\\bnée?',
            '\\bnacid[oa]',
            'nacimiento',
            'nascit[ao]',
            'nascimento',
            "\\bnat[oa] (?:il|a|in|nel|l[’']) ?",
          ],
          ...['出生(?:日期)?', '生年月日'],
        ],
        `${DATE}(?!\\d)`,
        '[^\\n\\d]{0,24}?',
      ),
      confidence: 0.9,
    },
    {
      entity: 'medical-record',
      words: ['mrn', 'medical', 'patient', 'chart', 'health', 'insurance', 'member'],
      pattern: after(
        [
          '\\bmrn\\b',
          'medical record(?: (?:number|no\\.?|id))?',
          "patient(?:'s)? (?:id|number|no\\.?|identifier)",
          'chart (?:number|no\\.?)',
          'health (?:id|card)(?: number)?',
          '(?:insurance|member)(?: id| number)+',
        ],
        '(?=[A-Z0-9-]{0,12}\\d{3})[A-Z0-9][A-Z0-9-]{4,15}(?![\\w-])',
      ),
      confidence: 0.9,
    },
    {
      entity: 'passport',
      words: ['passport', 'reisepass', 'passeport', 'pasaporte', 'passaporto', '护照'],
      pattern: after(
        ['passport', 'reisepass', 'passeport', 'pasaporte', 'passaporto', '护照'].map(
          (word) => word + NUMBER,
        ),
        '(?=(?:[A-Z]{0,5}\\d){4})[A-Z0-9]{6,9}(?!\\w)',
      ),
      confidence: 0.9,
    },
    {
      entity: 'driver-license',
      words: ['driv', 'dl', 'führerschein', 'permis'],
      pattern: after(
        [
          "driver'?s?'?(?: |-)?licen[cs]e",
          'driving licen[cs]e',
          '\\bdl(?=[:#]| (?:number|no|id)\\b)',
          'führerschein',
          'permis de conduire',
        ].map((word) => word + NUMBER),
        '(?=[A-Z0-9-]{0,10}\\d{3})[A-Z0-9](?:[A-Z0-9]|-(?=\\w)){5,18}(?![\\w-])',
      ),
      confidence: 0.85,
    },
    {
      entity: 'age',
      words: ['age', 'years', 'year-', 'year ', 'y/o'],
      pattern: new RegExp(
        [
          '\\bage[d:]?(?: is| of)?\\s{0,2}(\\d{1,3})(?!\\d|[.,]\\d|[-–]\\d)',
          '(?<![\\d.,$])(\\d{1,3})(?:[ -]years?[ -]old\\b| y/o\\b)',
        ].join('|'),
        'gi',
      ),
      confidence: 0.75,
    },
  ];

const WORDS = new KeywordIndex(TOLD.map(({ words }) => words));

/** Whether a date as written names a day. */
function plausibleDate(text: string): boolean {
  const parts = text
    .split(/\D+/)
    .filter((part) => part !== '')
    .map(Number);
  if (parts.length < 3) return true;
  const [a, b, c] = parts as [number, number, number];
  return a > 31 ? isDay(a, b, c) : isDay(2000, b, a) || isDay(2000, a, b) || c > 31;
}

/** Values that words before them say to be personal: dates of birth, records of patients, documents, ages. */
export function* told(text: string): Generator<PiiMatch> {
  for (const number of WORDS.awake(text)) {
    const { entity, pattern, confidence } = TOLD[number]!;
    for (const match of text.matchAll(pattern)) {
      const value = match[1] ?? match[2]!;
      if (entity === 'date-of-birth' && !plausibleDate(value)) continue;
      if (entity === 'age' && (Number(value) > 120 || Number(value) < 1)) continue;
      const start = match.index + (match[1] === undefined ? 0 : match[0].lastIndexOf(value));
      yield { entity, start, end: start + value.length, confidence };
    }
  }
}
