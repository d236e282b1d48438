import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ownPath } from './own-path.ts';

const PAGE = 'https://console.example:8443/sign-in?next=1';
const PIECES = [
  ...'/\\?#@:.%&=;~\t\n\r\0 \u00a0\u2028\u3002\uff0f\u2215a1',
  '//',
  '/\\',
  '%09',
  '%0a',
  '%2f',
  '%5c',
  '%252f',
  '%25%32%66',
  '%00',
  '..',
  '/.',
  '.%2e',
  '%2e%2e',
  'evil.example',
  'http:',
  'javascript:',
  'data:',
  'https://',
  '[::1]',
  'traffic',
  'api',
];

describe('a page of our own, or nothing', () => {
  it('takes pages as they are', () => {
    for (const page of [
      '/',
      '/traffic?outcome=denied',
      '/people?id=per_1',
      '/systems/inventory/model/a%20b#x',
    ])
      assert.equal(ownPath(page), page);
    assert.equal(ownPath('/systems/../traffic'), '/traffic');
    assert.equal(ownPath('/traffic?from=https://shop.example/a'), '/traffic?from=https://shop.example/a');
  });

  it('takes nothing that leads elsewhere, however it is written', () => {
    for (const bad of [
      'https://evil.example',
      '//evil.example',
      '/\\evil.example',
      '\\\\evil.example',
      '/\\\\evil.example',
      '/\t//evil.example',
      '/\n/evil.example',
      '\t//evil.example',
      ' //evil.example',
      '/%09//evil.example',
      '/%2f%2fevil.example',
      '/%5cevil.example',
      '/.//evil.example',
      '/..//evil.example',
      '/x/..//evil.example',
      '/\u3002evil.example',
      'javascript:alert(1)',
      'traffic',
      '',
      null,
      undefined,
      `/${'x'.repeat(600)}`,
      '/sign-on?next=/',
      '/api/v1/session',
      '/./api/v1/session',
    ])
      assert.equal(ownPath(bad), null, JSON.stringify(bad));
  });

  it('what it takes is ours to a browser, and stays so when it is decoded, joined or read again', () => {
    const text = fc.oneof(
      fc.array(fc.constantFrom(...PIECES), { maxLength: 12 }).map((pieces) => `/${pieces.join('')}`),
      fc.array(fc.constantFrom(...PIECES), { maxLength: 12 }).map((pieces) => pieces.join('')),
      fc.webUrl(),
      fc.string({ maxLength: 40 }),
    );
    let taken = 0;
    fc.assert(
      fc.property(text, (asked) => {
        const path = ownPath(asked);
        if (path === null) return;
        taken++;
        const { origin } = new URL(PAGE);
        assert.equal(new URL(path, PAGE).origin, origin);
        assert.equal(new URL(asked, PAGE).origin, origin);
        assert.equal(ownPath(path), path);
        const decoded = path.split(/[?#]/)[0]!.replaceAll(/%[0-9a-f]{2}/gi, (one) => {
          return String.fromCharCode(Number.parseInt(one.slice(1), 16));
        });
        assert.equal(new URL(decoded, PAGE).origin, origin);
        assert.equal(new URL(`${origin}${path}`).origin, origin);
      }),
      { numRuns: 50_000 },
    );
    assert.ok(taken > 1_000, `only ${taken} were taken`);
  });
});
