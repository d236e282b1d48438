import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { findNames, NameTagger } from '../src/index.ts';

const tagger = NameTagger.parse(readFileSync(new URL('../model/names.model', import.meta.url)));
const names = (text: string): string[] =>
  findNames(text, tagger)
    .filter(({ confidence }) => confidence === 0.6)
    .map(({ entity, start, end }) => `${entity} ${text.slice(start, end)}`);

/** A sentence without a name in each of 27 languages that the tagger was not trained for. */
const OTHERS: Readonly<Record<string, string>> = {
  am: 'ስብሰባው ነገ በሁለተኛው ፎቅ በትልቁ አዳራሽ ይካሄዳል።',
  ar: 'سيعقد الاجتماع غدا في القاعة الكبرى في الطابق الثاني.',
  bn: 'আগামীকাল সভা দ্বিতীয় তলায় বড় ঘরে অনুষ্ঠিত হবে।',
  cs: 'Schůzka začíná zítra v deset ve velkém sále.',
  da: 'Mødet begynder i morgen klokken ti i den store sal.',
  de: 'Die Besprechung findet morgen um zehn im großen Saal im zweiten Stock statt.',
  es: 'La reunión empieza mañana a las diez en la sala grande.',
  fa: 'جلسه فردا در سالن بزرگ طبقه دوم برگزار می‌شود.',
  fi: 'Kokous pidetään huomenna kello kymmenen toisen kerroksen suuressa salissa.',
  fr: 'Les réunions ont lieu chaque mardi dans la grande salle.',
  he: 'הישיבה תתקיים מחר באולם הגדול בקומה השנייה.',
  hi: 'कल बैठक दूसरी मंजिल के बड़े कमरे में होगी।',
  hu: 'A megbeszélés holnap tízkor lesz a második emeleti nagyteremben.',
  id: 'Rapat dimulai besok jam sepuluh di ruang besar.',
  is: 'Fundurinn verður haldinn á morgun klukkan tíu í stóra salnum.',
  it: 'Il treno parte domani alle otto dal binario tre.',
  ja: '明日の会議は二階の大会議室で行います。資料を準備してください。',
  ko: '내일 회의는 이층 대회의실에서 열립니다. 자료를 준비해 주세요.',
  nl: 'De vergadering begint morgen om tien uur in de grote zaal.',
  pl: 'Spotkanie zaczyna się jutro o dziesiątej w dużej sali.',
  pt: 'A reunião começa amanhã às dez na sala grande.',
  ro: 'Ședința începe mâine la ora zece în sala mare.',
  ru: 'Совещание состоится завтра в десять часов в большом зале.',
  sv: 'Mötet börjar i morgon klockan tio i stora salen.',
  sw: 'Mkutano utafanyika kesho saa nne asubuhi katika ukumbi mkubwa.',
  ta: 'நாளை கூட்டம் இரண்டாம் மாடியில் நடைபெறும்.',
  th: 'การประชุมพรุ่งนี้จะจัดที่ห้องใหญ่ชั้นสอง',
  tr: 'Toplantı yarın saat onda büyük salonda başlayacak.',
  uk: 'Нарада почнеться завтра о десятій у великій залі.',
  vi: 'Cuộc họp sẽ diễn ra vào ngày mai tại phòng lớn trên tầng hai.',
  zh: '会议将于明天上午在二楼的大会议室举行，请各部门准备材料。',
};

describe('names, by language', () => {
  for (const [tag, text] of Object.entries(OTHERS))
    it(`nothing is taken for a name where the tagger does not know the language: ${tag}`, () => {
      assert.deepEqual(names(text), []);
      assert.deepEqual(names(`Please read this to the team:\n${text}\nThank you for that.`), []);
    });

  it('digests, ids and code are no names', () => {
    for (const text of [
      'commit 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b and 6f1e2f0a-3f57-4a1b-9a3c-9a7d2b8f1c11',
      'package: openssl 3.0.13, built 2026-11-03, exit code 0',
      'def main(): return os.path.join(root, "dist", "index.js")',
    ])
      assert.deepEqual(names(text), [], text);
  });

  it('are found in English sentences, whatever stands around them', () => {
    for (const text of [
      'My brother Thomas Keller moved to Zurich and works at Siemens.',
      `${OTHERS['nl']}\nPlease call Thomas Keller about it before noon.`,
      'Signed by Thomas Keller',
    ])
      assert.ok(names(text).includes('person Thomas Keller'), `${text}: ${names(text)}`);
  });
});
