import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Found, Redactor } from '@sallyport/guard';
import fc from 'fast-check';
import { restored } from './round-trips.ts';

/** Every place of a needle in a text. */
function all(text: string, needle: string, technique: string): Found[] {
  const found: Found[] = [];
  for (let at = text.indexOf(needle); at >= 0; at = text.indexOf(needle, at + 1))
    found.push({ start: at, end: at + needle.length, technique });
  return found;
}

const PEM = '-----BEGIN KEY-----\nMIIEvQ/IBAD\n"\\\t\u0001é\n-----END KEY-----';

describe('masked JSON', () => {
  const mask = (text: string, found: Found[], json = true, redactor = new Redactor()): string =>
    redactor.redact(text, found, json);

  it('a number that is masked becomes a string, and a number again', () => {
    for (const [text, masked] of [
      ['{"phone": 31612345678}', '{"phone": "[PHONE_1]"}'],
      ['{"phone":31612345678,"a":1}', '{"phone":"[PHONE_1]","a":1}'],
      ['[31612345678]', '["[PHONE_1]"]'],
      ['[ 31612345678 , 2]', '[ "[PHONE_1]" , 2]'],
      ['31612345678', '"[PHONE_1]"'],
      ['{"a":{"b":[{"c":31612345678}]}}', '{"a":{"b":[{"c":"[PHONE_1]"}]}}'],
      ['{"args":"{\\"phone\\":31612345678}"}', '{"args":"{\\"phone\\":\\"[PHONE_1]\\"}"}'],
    ] as const) {
      const redactor = new Redactor();
      assert.equal(mask(text, all(text, '31612345678', 'phone'), true, redactor), masked);
      assert.equal(restored(redactor, masked, true), text);
    }
  });

  it('all of a number is masked, whatever part of it was found', () => {
    for (const number of ['-31612345678', '31612345678.50', '3.1612345678e10', '-0.31612345678E+11'])
      assert.equal(
        mask(`{"a":${number}}`, all(`{"a":${number}}`, '612345678', 'phone')),
        '{"a":"[PHONE_1]"}',
      );
  });

  it('in JSON between other words, too; a number in prose is masked as it stands', () => {
    for (const [text, masked] of [
      ['Here: {"phone": 31612345678} is it.', 'Here: {"phone": "[PHONE_1]"} is it.'],
      ['```json\n{"phone": 31612345678}\n```', '```json\n{"phone": "[PHONE_1]"}\n```'],
      ['{"a":1}\n{"phone": 31612345678}\n', '{"a":1}\n{"phone": "[PHONE_1]"}\n'],
      ['call 31612345678, or [31612345678 at home]', 'call [PHONE_1], or [[PHONE_1] at home]'],
      ['"phone": 31612345678', '"phone": [PHONE_1]'],
      ['31612345678', '[PHONE_1]'],
    ] as const)
      assert.equal(mask(text, all(text, '31612345678', 'phone'), false), masked);
  });

  it('behind brackets that only begin as JSON, text is masked as text', () => {
    for (const before of ['[1}', '[true}', 'see [1} and ', '{"a":[0}} ', '[1,2} '])
      assert.equal(
        mask(`${before}31612345678`, all(`${before}31612345678`, '31612345678', 'phone'), false),
        `${before}[PHONE_1]`,
      );
  });

  it('arguments that are no JSON are masked as text', () => {
    const text = 'send 4111 1111 1111 1111 on';
    assert.equal(mask(text, all(text, '4111 1111 1111 1111', 'credit-card')), 'send [CREDIT-CARD_1] on');
    assert.equal(mask('4111 1111', all('4111 1111', '4111 1111', 'credit-card')), '[CREDIT-CARD_1]');
  });

  it('the same value as a number and as a string comes back as either', () => {
    const text = '{"a":31612345678,"b":"31612345678","c":"call 31612345678"}';
    const redactor = new Redactor();
    const masked = mask(text, all(text, '31612345678', 'phone'), true, redactor);
    assert.equal(masked, '{"a":"[PHONE_1]","b":"[PHONE_2]","c":"call [PHONE_2]"}');
    assert.equal(restored(redactor, masked, true), text);
    assert.equal(restored(redactor, 'call [PHONE_1]', false), 'call 31612345678');
  });

  it('a value in a string is known by what it says, however deep its escapes are', () => {
    const text = JSON.stringify({ key: PEM, inner: JSON.stringify({ key: PEM }) });
    const redactor = new Redactor();
    const found = [PEM, JSON.stringify(PEM).slice(1, -1)].flatMap((value) =>
      all(text, JSON.stringify(value).slice(1, -1), 'private-key'),
    );
    const masked = mask(text, found, true, redactor);
    assert.equal(masked, '{"key":"[PRIVATE-KEY_1]","inner":"{\\"key\\":\\"[PRIVATE-KEY_1]\\"}"}');
    assert.equal(redactor.behind('[PRIVATE-KEY_1]')?.value, PEM);
    assert.equal(restored(redactor, masked, true), text);
    assert.equal(restored(redactor, 'It is [PRIVATE-KEY_1].', false), `It is ${PEM}.`);
  });

  it('what reaches over several strings is masked in each; an escape is never cut', () => {
    const text = '{"a":"4111 1111","b":["1111 1111"]}';
    const span = [{ start: 6, end: text.length - 3, technique: 'credit-card' }];
    assert.equal(mask(text, span), '{"a":"[CREDIT-CARD_1]","[CREDIT-CARD_2]":["[CREDIT-CARD_3]"]}');
    const escaped = '{"a":"x\\u00e9y\\n"}';
    for (let start = 6; start < 15; start++)
      for (let end = start + 1; end <= 15; end++)
        JSON.parse(mask(escaped, [{ start, end, technique: 'email' }]));
  });

  // What begins as JSON, is none, and has escapes of its own can be read in two ways.
  const unquoted = (text: string): string => text.replaceAll('"', '”');
  const name = fc.string({ maxLength: 6 }).map(unquoted);
  const value = fc.oneof(
    fc.string({ unit: 'grapheme' }).map(unquoted),
    fc.string({ unit: fc.constantFrom('"', 'a', '1', '{', '[', '}', ']', ':', ',', ' ', '\u2028') }),
    fc.string({ unit: fc.constantFrom('\\', '/', 'a', '1', '{', ':', ' ', '\n', '\u0001', 'u0041') }),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.constantFrom(
      31612345678,
      4111111111111111,
      'jo@mail.example',
      PEM,
      'call 31612345678',
      true,
      false,
      null,
    ),
  );
  const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 5, withCrossShrink: true },
      value,
      fc.array(tie('tree'), { maxLength: 4 }),
      fc.dictionary(name, tie('tree'), { maxKeys: 4 }),
      // JSON in JSON.
      tie('tree').map((own) => JSON.stringify(own)),
    ),
  }));
  const spans = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 24 }), fc.constantFrom('phone', 'email')), {
    maxLength: 6,
  });
  const spaces = fc.constantFrom(0, 1, 4, '\t');

  for (const [how, json] of [
    ['as arguments of a tool', true],
    ['as text', false],
  ] as const)
    it(`random JSON with values in any position stays JSON, and comes back: ${how}`, () => {
      fc.assert(
        fc.property(
          fc.oneof(fc.array(tree), fc.dictionary(name, tree)),
          spans,
          spaces,
          (document, cuts, space) => {
            const text = JSON.stringify(document, null, space);
            const found = cuts.map(([at, length, technique]): Found => {
              const start = at % text.length;
              return { start, end: Math.min(text.length, start + 1 + length), technique };
            });
            for (const needle of ['31612345678', '4111111111111111', 'jo@mail.example'])
              found.push(...all(text, needle, 'value'));
            const redactor = new Redactor([text]);
            const masked = redactor.redact(text, found, json);
            JSON.parse(masked);
            assert.ok(!/31612345678|jo@mail/.test(masked), masked);
            assert.deepEqual(JSON.parse(restored(redactor, masked, json)), JSON.parse(text), masked);
            JSON.parse(new Redactor([], 'mask').redact(text, found, json));
            JSON.parse(new Redactor([], 'generalise').redact(text, found, json));
          },
        ),
        { numRuns: 3_000 },
      );
    });
});
