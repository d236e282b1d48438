import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { findPii } from './find-pii.ts';
import { writtenPlainly } from './written-plainly.ts';

const seen = (text: string): string[] =>
  findPii(text).map(({ entity, start, end }) => `${entity} ${text.slice(start, end)}`);

const NUMBERS: Readonly<Record<string, readonly [string, string]>> = {
  'credit-card': ['Mine is ', '4111 1111 1111 1111'],
  iban: ['Mine is ', 'DE89 3704 0044 0532 0130 00'],
  phone: ['Call ', '+49 151 2345 6789'],
  'us-ssn': ['My SSN: ', '078 05 1120'],
  'national-id': ['Aadhaar: ', '2341 2341 2346'],
};

describe('personal data in other characters', () => {
  for (const [entity, [before, number]] of Object.entries(NUMBERS)) {
    it(`${entity}: spaces that do not break, narrow and wide ones, dashes`, () => {
      for (const space of ['\u00a0', '\u202f', '\u2009', '\u2007', '\u3000']) {
        const written = number.replaceAll(' ', space);
        assert.deepEqual(seen(`${before}${written}, thanks`), [`${entity} ${written}`]);
      }
      if (entity === 'phone') return;
      for (const dash of ['\u2010', '\u2011', '\u2013']) {
        const written = number.replaceAll(' ', dash);
        if (entity === 'national-id' && !seen(`${before}${number.replaceAll(' ', '-')}`).length) continue;
        assert.deepEqual(seen(`${before}${written}, thanks`), [`${entity} ${written}`]);
      }
    });

    it(`${entity}: figures of other scripts`, () => {
      for (const zero of [0x660, 0x6f0, 0x966]) {
        const written = number.replaceAll(/\d/g, (c) => String.fromCharCode(zero + Number(c)));
        assert.deepEqual(seen(`${before}${written} .`), [`${entity} ${written}`]);
      }
    });
  }

  it('cards and accounts whose parts stand apart, or on two lines', () => {
    for (const between of ['  ', ' - ', '.', '_', '/']) {
      const card = ['4111', '1111', '1111', '1111'].join(between);
      assert.deepEqual(seen(`Mine is ${card}, thanks`), [`credit-card ${card}`]);
    }
    for (const text of ['4111 1111\n1111 1111', '3782-822463\r\n10005', 'DE89 3704 0044\n0532 0130 00'])
      assert.deepEqual(seen(`Mine is ${text}, thanks`), [
        `${text.startsWith('D') ? 'iban' : 'credit-card'} ${text}`,
      ]);
    assert.deepEqual(seen('4111 1111 1111 1111 - 12/28'), ['credit-card 4111 1111 1111 1111']);
  });

  it('amounts, ranges and tables are none', () => {
    for (const text of [
      'Il y a 1\u202f234\u202f567\u202f890 habitants, soit 12\u00a0345\u00a0678 ménages.',
      'pages 1234–1267, 2010–2020, 10.1000/182.2013',
      '4111  2020  2021  2022\n5105  2019  2020  2021',
      'version 4111.1111.1111.1112 of 2020.10.11',
      '4111\n1111\n1111\n1111\n',
      'السنة ٢٠٢٤ والعدد ١٢٣٤٥٦٧',
    ])
      assert.deepEqual(seen(text), [], text);
  });

  it('keeps each character at its place', () => {
    const text = 'a\u00a0b\u2011c \u0661\u06f2\u0969\uff14 \u{1f600}';
    assert.equal(writtenPlainly(text), 'a b-c 1234 \u{1f600}');
    assert.equal(writtenPlainly(text).length, text.length);
  });
});
