import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { findNames, findPii, Inspector, NameTagger, REPLACEMENTS, Redactor } from '../src/index.ts';
import { restored } from './round-trips.ts';

const tagger = NameTagger.parse(readFileSync(new URL('../model/names.model', import.meta.url)));
const CORPUS = new URL('../../../../shared/guard/pii/', import.meta.url);

/** Numbers that their authorities, or articles about them, publish as examples. */
const NATIONAL: readonly (readonly [country: string, text: string, number: string])[] = [
  ['US', 'ITIN 912-70-1234', '912-70-1234'],
  ['GB', 'my NI number is AB 12 34 56 C', 'AB 12 34 56 C'],
  ['GB', 'NHS number 943 476 5919', '943 476 5919'],
  ['IE', 'PPSN 1234567T', '1234567T'],
  ['CA', 'SIN 046 454 286', '046 454 286'],
  ['AU', 'TFN 123 456 782', '123 456 782'],
  ['DE', 'Steuer-ID 86 095 742 719', '86 095 742 719'],
  ['FR', 'sécu 2 55 08 14 168 025 38', '2 55 08 14 168 025 38'],
  ['IT', 'CF RSSMRA85T10A562S', 'RSSMRA85T10A562S'],
  ['ES', 'DNI 12345678Z', '12345678Z'],
  ['ES', 'NIE X1234567L', 'X1234567L'],
  ['PT', 'NIF 123 456 789', '123 456 789'],
  ['NL', 'BSN 111222333', '111222333'],
  ['BE', 'rijksregisternummer 85.07.30-033.28', '85.07.30-033.28'],
  ['CH', 'AHV 756.9217.0769.85', '756.9217.0769.85'],
  ['AT', 'SVNR 1237 010180', '1237 010180'],
  ['PL', 'PESEL 44051401359', '44051401359'],
  ['SE', 'personnummer 811228-9874', '811228-9874'],
  ['DK', 'CPR 070761-4285', '070761-4285'],
  ['FI', 'hetu 131052-308T', '131052-308T'],
  ['CZ', 'RČ 736028/5163', '736028/5163'],
  ['TR', 'TC kimlik 10000000146', '10000000146'],
  ['BR', 'CPF 529.982.247-25', '529.982.247-25'],
  ['CL', 'RUT 12.345.678-5', '12.345.678-5'],
  ['AR', 'CUIT 20-12345678-6', '20-12345678-6'],
  ['MX', 'CURP HEGG560427MVZRRL04', 'HEGG560427MVZRRL04'],
  ['IN', 'Aadhaar 2341 2341 2346', '2341 2341 2346'],
  ['IN', 'PAN ABCPE1234F', 'ABCPE1234F'],
  ['CN', '身份证 11010519491231002X', '11010519491231002X'],
  ['KR', 'RRN 820701-2409184', '820701-2409184'],
  ['SG', 'NRIC S1234567D', 'S1234567D'],
  ['HK', 'HKID A123456(3)', 'A123456(3)'],
  ['ZA', 'ID 8001015009087', '8001015009087'],
];

describe('personal data', () => {
  for (const [country, text, number] of NATIONAL) {
    it(`${country}: ${number} is seen whole; with a figure changed it is not`, () => {
      const [found] = findPii(text);
      assert.equal(found?.entity, 'national-id', text);
      assert.equal(found.country, country);
      assert.equal(text.slice(found.start, found.end), number);
      // Those without a check digit cannot tell.
      if (['912-70-1234', 'AB 12 34 56 C', '070761-4285', 'ABCPE1234F', '820701-2409184'].includes(number))
        return;
      const at = /\d(?=\D*$)/.exec(number)!.index;
      for (const by of [1, 2, 3]) {
        const digit = (Number(number[at]) + by) % 10;
        const changed = number.slice(0, at) + digit + number.slice(at + 1);
        const seen = findPii(text.replace(number, changed));
        assert.ok(!seen.some(({ entity }) => entity === 'national-id'), changed);
      }
    });
  }

  it('sees every other kind, and its place', () => {
    for (const [entity, text, value] of [
      ['mac-address', 'eth0 at 00:1A:2b:3c:4D:5e up', '00:1A:2b:3c:4D:5e'],
      [
        'crypto-wallet',
        'pay 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa please',
        '1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa',
      ],
      [
        'crypto-wallet',
        'to bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq',
        'bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq',
      ],
      [
        'crypto-wallet',
        'eth 0x52908400098527886E0F7030069857D2E4169EE7',
        '0x52908400098527886E0F7030069857D2E4169EE7',
      ],
      ['date-of-birth', 'She was born on 14 March 1987 in Graz', '14 March 1987'],
      ['date-of-birth', 'DOB: 03/14/1987', '03/14/1987'],
      ['medical-record', 'MRN: 00482913-A', '00482913-A'],
      ['passport', 'passport number C01X00T47', 'C01X00T47'],
      ['driver-license', "driver's license: D123-4567-8901", 'D123-4567-8901'],
      ['bank-account', 'routing number 021000021', '021000021'],
      ['age', 'a man aged 47 came', '47'],
      ['phone', 'ring me on 0171 1234567', '0171 1234567'],
      ['phone', 'Téléphone : 01 42 68 53 00', '01 42 68 53 00'],
      ['email', 'schreib an jörg.müller@bücher.example bitte', 'jörg.müller@bücher.example'],
    ] as const) {
      const found = findPii(text).find((one) => one.entity === entity);
      assert.ok(found, text);
      assert.equal(text.slice(found.start, found.end), value);
    }
  });

  it('leaves other numbers alone', () => {
    for (const text of [
      'commit 9fceb02d0ae598e95dc970b74767f19372d61af8',
      'pi is 3.14159265358979323846',
      'the year 2024-2025, pages 120-135, chapters 1 2 3 4 5 6 7 8 9',
      'ISBN 978-3-16-148410-0',
      'rgb(255, 128, 64) and 192 168 pixels',
      'order 123456789 shipped in 3 boxes of 1000000 pieces',
      'at 12:34:56.789 the CPU was at 45.5 %, memory 8388608 bytes',
      'version 10.0.19045.3803',
      'SELECT * FROM t WHERE id IN (100200300, 400500600)',
      ...['{"note":8.39467767996149e-174}', '{"paid":[64.61610067850711,-0.5562471520769359]}'],
      ...['{"id":22.247965653113187}', '{"trace_id":2451802100442812.5}'],
    ])
      assert.deepEqual(findPii(text), [], text);
  });

  it('sees names, places, organisations and addresses', () => {
    const text =
      'My brother Thomas Keller moved to Zurich and works at Siemens. He lives at 12 Church Street, London.';
    const found = findNames(text, tagger).map(
      ({ entity, start, end }) => `${entity}: ${text.slice(start, end)}`,
    );
    for (const one of ['person: Thomas Keller', 'place: Zurich', 'organisation: Siemens'])
      assert.ok(found.includes(one), `${one} not in ${found.join('; ')}`);
    assert.ok(found.some((one) => one.startsWith('address: 12 Church Street')));
    assert.deepEqual(
      findNames('how do I sort a list in python without a loop?', tagger).map(({ entity }) => entity),
      [],
    );
  });

  it('no name is found within a secret', () => {
    const inspector = new Inspector(null, tagger);
    const text = 'token ghp_aB3dE5gH7jK9mN1pQ3rS5tU7vW9xY1zA3bC5 of Anna Berg';
    const seen = inspector.inspect({ text, pointer: '', channel: 'user', names: true });
    assert.deepEqual(
      seen.map(
        ({ technique, location }) => `${technique} ${text.slice(location.start, location.end).slice(0, 9)}`,
      ),
      ['github-pat ghp_aB3dE', 'person Anna Berg'],
    );
  });

  it('finds nothing beyond the text, in linear time, whatever the text', () => {
    for (const seed of ['1 ', '+49 ', '@a.', 'born 1.', 'A1', '0x', ':', '(555) ', 'Ä1-', '𝟙𝟚', 'age 1 ']) {
      const time = (length: number): number => {
        const text = seed.repeat(Math.ceil(length / seed.length)).slice(0, length);
        const from = process.cpuUsage().user;
        for (const { start, end } of findNames(text, tagger))
          assert.ok(start >= 0 && start < end && end <= length);
        return process.cpuUsage(undefined).user - from;
      };
      time(8_000);
      const small = Math.max(time(16_000), 5_000);
      const large = time(128_000);
      assert.ok(large < small * 8 * 4, `${JSON.stringify(seed)}: ${small} µs for 16k, ${large} µs for 128k`);
    }
  });

  it(
    'structured kinds reach the score that was set for them',
    {
      skip: !existsSync(CORPUS) && 'the evaluation set is not here',
    },
    () => {
      const kinds: Readonly<Record<string, string>> = {
        EMAIL_ADDRESS: 'email',
        IBAN_CODE: 'iban',
        US_SSN: 'us-ssn',
        IP_ADDRESS: 'ip-address',
        PHONE_NUMBER: 'phone',
      };
      const score = new Map(Object.values(kinds).map((kind) => [kind, { hit: 0, miss: 0, wrong: 0 }]));
      for (const name of ['synth_dataset_v2.json', 'generated_small.json']) {
        const documents = JSON.parse(readFileSync(new URL(name, CORPUS), 'utf8')) as {
          full_text: string;
          spans: { entity_type: string; start_position: number; end_position: number }[];
        }[];
        for (const { full_text, spans } of documents) {
          const found = findPii(full_text);
          const meets = (span: (typeof spans)[number], match: (typeof found)[number]): boolean =>
            kinds[span.entity_type] === match.entity &&
            match.start < span.end_position &&
            span.start_position < match.end;
          for (const span of spans) {
            const counts = score.get(kinds[span.entity_type] ?? '');
            if (counts) counts[found.some((match) => meets(span, match)) ? 'hit' : 'miss']++;
          }
          for (const match of found)
            if (!spans.some((span) => meets(span, match))) {
              const counts = score.get(match.entity);
              if (counts) counts.wrong++;
            }
        }
      }
      for (const [kind, { hit, miss, wrong }] of score) {
        if (kind === 'phone') assert.ok(hit / (hit + wrong) >= 0.9, `phone: ${hit} of ${hit + wrong} right`);
        else
          assert.ok(
            (2 * hit) / (2 * hit + miss + wrong) >= 0.99,
            `${kind}: ${hit}, ${miss} missed, ${wrong} wrong`,
          );
      }
    },
  );
});

describe('replacements', () => {
  const text =
    'Call +44 20 7946 0958 or mail jo@mail.example; card 4111 1111 1111 1111, from 203.0.113.9. Mail jo@mail.example!';
  const spans = findPii(text).map(({ entity, start, end }) => ({ technique: entity, start, end }));
  const key = new Uint8Array(32).fill(7);

  it('each way hides every value', () => {
    for (const how of REPLACEMENTS) {
      const hidden = new Redactor([text], how, key).redact(text, spans);
      for (const value of ['7946', 'jo@', '4111 1111', '203.0.113.9'])
        assert.ok(!hidden.includes(value), hidden);
    }
  });

  it('tokens and pseudonyms are restored, masks and generalities are not', () => {
    for (const how of REPLACEMENTS) {
      const redactor = new Redactor([text], how, key);
      const hidden = redactor.redact(text, spans);
      assert.equal(restored(redactor, hidden) === text, how === 'tokenise' || how === 'pseudonymise');
    }
  });

  it('pseudonyms are the same in every exchange, and others under another key', () => {
    const name = (with_: Uint8Array): string =>
      new Redactor([], 'pseudonymise', with_).placeholder('email', 'jo@mail.example');
    assert.equal(name(key), name(key));
    assert.notEqual(name(key), name(new Uint8Array(32).fill(8)));
    assert.throws(() => new Redactor([], 'pseudonymise'), RangeError);
  });

  it('generalities say what they may', () => {
    const hidden = new Redactor([], 'generalise').redact(text, spans);
    assert.equal(
      hidden,
      'Call [PHONE +44] or mail [E-MAIL at mail.example]; card [CARD ending 1111], from [NETWORK 203.0.113.0/24]. Mail [E-MAIL at mail.example]!',
    );
  });

  it('20,000 texts come back as they were', () => {
    let state = 9;
    const below = (bound: number): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 2 ** 32) * bound);
    };
    const pieces = [
      '[EMAIL_1]',
      '[PHONE_2] ',
      'jo@mail.example',
      '💶',
      '[',
      ']_',
      'a',
      '\n',
      '[EMAIL_k3vq7m2a]',
      'ß',
      '$&',
      '$1',
    ];
    for (let n = 0; n < 20_000; n++) {
      let one = '';
      for (let i = below(12); i >= 0; i--) one += pieces[below(pieces.length)];
      const cuts = Array.from({ length: below(4) }, () => {
        const start = below(one.length);
        return { start, end: start + 1 + below(one.length - start), technique: pieces[below(3)]! };
      });
      const redactor = new Redactor([one], n % 2 === 0 ? 'tokenise' : 'pseudonymise', key);
      assert.equal(restored(redactor, redactor.redact(one, cuts)), one);
    }
  });
});
