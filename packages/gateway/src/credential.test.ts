import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { atOnce } from '@sallyport/core';
import fc from 'fast-check';
import { holdsCredential, saysCredential, withoutCredential } from './credential.ts';

const CREDENTIAL = 'prov/ider-Credential"8842+x\ny';
const without = (json: string): string => atOnce(withoutCredential(Buffer.from(json), CREDENTIAL)).toString();
const unit = (c: string, upper: boolean): string => {
  const hex = c.charCodeAt(0).toString(16).padStart(4, '0');
  return `\\u${upper ? hex.toUpperCase() : hex}`;
};

/** The credential as JSON may write it: each character in one of its forms. */
const written = fc
  .array(fc.nat(3), { minLength: CREDENTIAL.length, maxLength: CREDENTIAL.length })
  .map((forms) =>
    [...CREDENTIAL]
      .map((c, n) => {
        if (forms[n] === 0) return unit(c, false);
        if (forms[n] === 1) return unit(c, true);
        if (c === '/' && forms[n] === 2) return '\\/';
        return JSON.stringify(c).slice(1, -1);
      })
      .join(''),
  );
/** What stands beside it: escapes, numbers that a reader would write otherwise, and beginnings of the credential. */
const beside = fc
  .array(
    fc.constantFrom(
      'a',
      '\\\\',
      '\\"',
      '\\u0070',
      '\\/',
      '\\n',
      '1.10',
      '12345678901234567890',
      'prov',
      '\\ud83d',
      'é',
      'u0070',
    ),
    { maxLength: 40 },
  )
  .map((pieces) => pieces.join(''));

describe('the credential in JSON', () => {
  it('goes however it is written, and every other byte stays', () => {
    fc.assert(
      fc.property(beside, written, beside, (before, own, behind) => {
        const json = `{"n":1.10,"a":"${before}${own}${behind}"}`;
        assert.equal(without(json), `{"n":1.10,"a":"${before}[CREDENTIAL]${behind}"}`);
        assert.equal(atOnce(holdsCredential(json, CREDENTIAL)), true);
        const honest = `{"n":1.10,"a":"${before}${behind}"}`;
        assert.equal(without(honest), honest);
        assert.equal(atOnce(holdsCredential(honest, CREDENTIAL)), false);
      }),
    );
  });

  it('goes wherever it lies in a long text, and as often as it stands there', () => {
    const escaped = [...CREDENTIAL].map((c) => unit(c, false)).join('');
    const plain = JSON.stringify(CREDENTIAL).slice(1, -1);
    for (let shift = 0; shift < 200; shift += 7) {
      const pad = '\\n'.repeat(32_700) + 'x'.repeat(shift);
      for (const own of [escaped, plain])
        assert.equal(without(`"${pad}${own}${own}${pad}"`), `"${pad}[CREDENTIAL][CREDENTIAL]${pad}"`);
    }
  });

  it('is held where most of it stands, beginning or end; a short piece says nothing', () => {
    const held = (text: string): boolean => atOnce(holdsCredential(JSON.stringify(text), CREDENTIAL));
    for (const at of ['', 'x', 'prov', '\\n', '\n'.repeat(32_700)])
      for (const own of [CREDENTIAL.slice(0, -2), CREDENTIAL.slice(2), CREDENTIAL.slice(1, -8)]) {
        assert.equal(held(`${at} ${own}... and so on`), true);
        assert.equal(saysCredential(own, CREDENTIAL), true);
        assert.equal(without(JSON.stringify(own)), JSON.stringify(own), 'the rest may stand beside it');
      }
    for (const own of [CREDENTIAL.slice(0, 15), CREDENTIAL.slice(-15), `${CREDENTIAL.slice(0, 12)}...8842+x`])
      assert.equal(held(own), false);
    assert.equal(saysCredential('short', 'short'), true);
    assert.equal(saysCredential('shor', 'short'), false);
  });

  it('an escaped backslash is no escape: what follows it is not the credential', () => {
    const short = 'prov-Credential9';
    const body = Buffer.from(`"\\\\u0070${short.slice(1)}"`);
    assert.equal(atOnce(withoutCredential(body, short)), body);
    for (const odd of ['"\\', '"\\u00', `"${'\\'.repeat(9)}`]) assert.equal(without(odd), odd);
  });
});
