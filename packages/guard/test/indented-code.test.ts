import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Placeholders } from '@sallyport/guard';
import fc from 'fast-check';
import { fromMarkdown } from 'mdast-util-from-markdown';

const V = '[EMAIL_1]';

interface Node {
  type: string;
  children?: Node[];
  position?: { start: { offset?: number }; end: { offset?: number } };
}

/** Where CommonMark sees blocks of code. */
function codeOf({ type, children, position }: Node): [from: number, to: number][] {
  if (type === 'code') return [[position!.start.offset!, position!.end.offset!]];
  return (children ?? []).flatMap(codeOf);
}

/** Where each placeholder of a text stands, cut into pieces of a size. */
function places(text: string, size: number): (string | null)[] {
  const reader = new Placeholders(false);
  const found = [];
  for (let i = 0; i < text.length; i += size) found.push(...reader.push(text.slice(i, i + size)));
  return [...found, ...reader.end()].map(({ place }) => place);
}

const CODE: readonly string[] = [
  `    ${V}`,
  `\t${V}`,
  `  \t${V}`,
  `text\n\n    ${V}`,
  `text\r\n\r\n\t${V}\r\n`,
  `text\r\r    ${V}`,
  `text\n \n      x = ${V}`,
  `text\n\n    a\n\n    ${V}`,
  `text\n\n    - ${V}`,
  `text\n\n    > ${V}`,
  `# head\n    ${V}`,
  `head\n---\n    ${V}`,
  `head\n-\n    ${V}`,
  `head\n===\n    ${V}`,
  `***\n    ${V}`,
  `- a\n* * *\n    ${V}`,
  `- - -\n    ${V}`,
  `\`\`\`\nx\n\`\`\`\n    ${V}`,
  `\`\`\`\n- x\n\`\`\`\n\n    ${V}`,
  `>     ${V}`,
  `> a\n>\n>     ${V}`,
  `> a\n\n    ${V}`,
  `-     ${V}`,
  `- a\n\n      ${V}`,
  `1. a\n\n       ${V}`,
  `- a\n\ntext\n\n    ${V}`,
  `-\n\n    ${V}`,
  `- a\n  - b\n\n        ${V}`,
  `text\n2. ${'x'}\n\n    ${V}`,
  `- a\n# head\n\n    ${V}`,
  `<div>\n\n    ${V}\n\n</div>`,
];

const TEXT: readonly string[] = [
  `   ${V}`,
  `text\n    ${V}`,
  `text\n\t${V}`,
  `text\n\n   ${V}`,
  `- a\n    - ${V}`,
  `- a\n\t- ${V}`,
  `* a\n    * b\n        * ${V}`,
  `1. a\n    - ${V}\n    - ${V}`,
  `1. a\n\n    ${V}`,
  `- a\n\n    ${V}`,
  `- a\n\n  - b\n\n    ${V}`,
  `10. a\n\n    ${V}`,
  `- a\ngoes on\n\n    ${V}`,
  `> a\n    ${V}`,
  `>    ${V}`,
  `- **name**\n    ${V}`,
  `text\n\n    code\n\n${V}`,
  `text\n\n    code\n${V}`,
  `{\n    "a": "${V}"\n}`,
  `{\n    "a": {\n        "b": "${V}"\n    }\n}`,
  `<div>\n    ${V}\n</div>`,
  `- ${V}\n- x`,
  `1. ${V}`,
  `text\n1. ${V}`,
  `-\n  ${V}`,
];

describe('indented code', () => {
  it('is told, however the text is cut', () => {
    for (const text of CODE)
      for (const size of [1, 2, 5, 1_000])
        assert.deepEqual(places(text, size), ['code'], JSON.stringify(text));
  });

  it('lists, paragraphs, quotations and JSON that are indented are text', () => {
    for (const text of TEXT)
      for (const size of [1, 2, 5, 1_000])
        assert.deepEqual([...new Set(places(text, size))], [null], JSON.stringify(text));
  });

  it('no code that CommonMark sees passes for text, whatever the document; most that is text passes', () => {
    const indent = fc.constantFrom(
      '',
      '',
      ' ',
      '  ',
      '   ',
      '    ',
      '     ',
      '      ',
      '        ',
      '\t',
      ' \t',
    );
    const mark = fc.constantFrom(
      '',
      '',
      '',
      '- ',
      '* ',
      '+ ',
      '1. ',
      '2) ',
      '10. ',
      '> ',
      '>',
      '-',
      '# ',
      '-     ',
    );
    const body = fc.constantFrom(
      V,
      V,
      'word',
      '',
      '---',
      '===',
      '***',
      '* * *',
      '```',
      '```',
      '~~~',
      'a ``` b',
      '#',
      '-',
      `x ${V}`,
    );
    const line = fc.tuple(indent, mark, mark, body).map((parts) => parts.join(''));
    let text = 0;
    let kept = 0;
    fc.assert(
      fc.property(
        fc.array(line, { minLength: 1, maxLength: 8 }),
        fc.constantFrom('\n', '\r\n'),
        (lines, end) => {
          const document = lines.join(end);
          const found = new Placeholders(false);
          const places = [...found.push(document), ...found.end()];
          const code = codeOf(fromMarkdown(document) as Node);
          for (const { start, place } of places) {
            const inside = code.some(([from, to]) => from <= start && start < to);
            if (inside) assert.notEqual(place, null, JSON.stringify(document));
            else if (!/`|~/.test(document)) {
              text++;
              if (place !== null) kept++;
            }
          }
        },
      ),
      { numRuns: 4_000, seed: 7 },
    );
    assert.ok(kept <= text * 0.05, `${kept} of ${text}`);
  });
});
