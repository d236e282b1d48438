const LOWER = 'abcdefghijklmnopqrstuvwxyz';

const eachLetter = (text: string, change: (letter: string, at: number) => string): string =>
  [...text].map((c) => (/[a-z]/i.test(c) ? change(c, LOWER.indexOf(c.toLowerCase())) : c)).join('');
const styled =
  (first: number) =>
  (text: string): string =>
    eachLetter(text.toLowerCase(), (_, at) => String.fromCodePoint(first + at));
const swapped =
  (table: Readonly<Record<string, string>>) =>
  (text: string): string =>
    [...text].map((c) => table[c] ?? table[c.toLowerCase()] ?? c).join('');
const between =
  (mark: string) =>
  (text: string): string =>
    text
      .split(' ')
      .map((word) => [...word].join(mark))
      .join(mark === ' ' ? '   ' : ' ');
const bytes = (text: string): number[] => [...Buffer.from(text)];
const shifted = (by: number) => (text: string) =>
  eachLetter(text, (c, at) => {
    const out = LOWER[(at + by) % 26]!;
    return c === c.toLowerCase() ? out : out.toUpperCase();
  });
const reversed = (text: string): string => [...text].reverse().join('');
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const hex = (text: string): string => Buffer.from(text).toString('hex');

function base32(text: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  let bits = '';
  for (const byte of bytes(text)) bits += byte.toString(2).padStart(8, '0');
  return (bits.match(/.{1,5}/g) ?? [])
    .map((five) => alphabet[Number.parseInt(five.padEnd(5, '0'), 2)])
    .join('');
}

function ascii85(text: string): string {
  const input = bytes(text);
  let out = '';
  for (let i = 0; i < input.length; i += 4) {
    const group = input.slice(i, i + 4);
    let value = 0;
    for (let k = 0; k < 4; k++) value = value * 256 + (group[k] ?? 0);
    let five = '';
    for (let k = 0; k < 5; k++) {
      five = String.fromCharCode((value % 85) + 33) + five;
      value = Math.floor(value / 85);
    }
    out += group.length < 4 ? five.slice(0, group.length + 1) : five;
  }
  return `<~${out}~>`;
}

const MORSE =
  '.- -... -.-. -.. . ..-. --. .... .. .--- -.- .-.. -- -. --- .--. --.- .-. ... - ..- ...- .-- -..- -.-- --..'.split(
    ' ',
  );
const NATO =
  'alfa bravo charlie delta echo foxtrot golf hotel india juliett kilo lima mike november oscar papa quebec romeo sierra tango uniform victor whiskey xray yankee zulu'.split(
    ' ',
  );
const BRAILLE = '⠁⠃⠉⠙⠑⠋⠛⠓⠊⠚⠅⠇⠍⠝⠕⠏⠟⠗⠎⠞⠥⠧⠺⠭⠽⠵';
const TURNED = 'ɐqɔpǝɟƃɥᴉɾʞlɯuodbɹsʇnʌʍxʎz';

/** Disguises of a text that a model still reads, or decodes when asked. All but a few keep every letter. */
export const ENCODERS: Readonly<Record<string, (text: string) => string>> = {
  'upper case': (t) => t.toUpperCase(),
  'alternating case': (t) => [...t].map((c, i) => (i % 2 ? c.toUpperCase() : c.toLowerCase())).join(''),
  'full width': (t) =>
    [...t].map((c) => (c > ' ' && c < '\x7f' ? String.fromCharCode(c.charCodeAt(0) + 0xfee0) : c)).join(''),
  'mathematical bold': styled(0x1d41a),
  'mathematical italic': styled(0x1d482),
  'mathematical script': styled(0x1d4ea),
  'mathematical fraktur': styled(0x1d586),
  'double struck': styled(0x1d552),
  monospace: styled(0x1d68a),
  circled: styled(0x24d0),
  'squared negative': styled(0x1f170),
  squared: styled(0x1f130),
  'regional indicators': (t) =>
    eachLetter(t.toLowerCase(), (_, at) => `${String.fromCodePoint(0x1f1e6 + at)}\u200b`),
  'Cyrillic look-alikes': swapped({ a: 'а', c: 'с', e: 'е', o: 'о', p: 'р', x: 'х', y: 'у', i: 'і', s: 'ѕ' }),
  'Greek look-alikes': swapped({ o: 'ο', v: 'ν', i: 'ι', a: 'α', t: 'τ', p: 'ρ' }),
  'small capitals': swapped({ a: 'ᴀ', e: 'ᴇ', i: 'ɪ', o: 'ᴏ', r: 'ʀ', t: 'ᴛ', n: 'ɴ', u: 'ᴜ', m: 'ᴍ' }),
  'upside down': (t) => eachLetter(t.toLowerCase(), (_, at) => [...TURNED][at]!),
  'combining marks': (t) => eachLetter(t, (c) => `${c}\u0335\u0301`),
  zalgo: (t) =>
    eachLetter(t, (c, at) => `${c}${String.fromCharCode(0x300 + at, 0x316 + at, 0x334 + (at % 5))}`),
  accents: swapped({ a: 'à', e: 'é', i: 'ï', o: 'ö', u: 'ü', n: 'ñ', c: 'ç' }),
  'zero-width spaces': (t) => [...t].join('\u200b'),
  'zero-width joiners': (t) => [...t].join('\u200d'),
  'word joiners': (t) => [...t].join('\u2060'),
  'soft hyphens': (t) => [...t].join('\u00ad'),
  'bidi marks': (t) => `\u202e${[...t].join('\u2066')}\u202c`,
  'variation selectors': (t) => [...t].join('\ufe0f'),
  'tag characters': (t) =>
    `hello ${[...t].map((c) => String.fromCodePoint(0xe0000 + c.charCodeAt(0))).join('')}`,
  'bytes in variation selectors': (t) =>
    `😀${bytes(t)
      .map((b) => String.fromCodePoint(b < 16 ? 0xfe00 + b : 0xe0100 + b - 16))
      .join('')}`,
  leet: swapped({ a: '4', e: '3', i: '1', o: '0', s: '5', t: '7' }),
  'leet with signs': swapped({ a: '@', e: '3', i: '!', s: '$', o: '0' }),
  'letters apart': between(' '),
  'letters with dashes': between('-'),
  'letters with dots': between('.'),
  'letters with stars': between('*'),
  'letters with underscores': between('_'),
  'words with underscores': (t) => t.replaceAll(' ', '_'),
  'words with dashes': (t) => t.replaceAll(' ', '-'),
  'bold mark-up': (t) => t.replaceAll(/(\w)(\w+)/g, '**$1**$2'),
  'HTML comments': (t) => t.replaceAll(/(\w\w)(\w)/g, '$1<!-- x -->$2'),
  'HTML tags': (t) => t.replaceAll(/(\w\w)(\w)/g, '$1<b></b>$2'),
  'joined strings': (t) => `"${t.replaceAll(/(\w\w)(\w)/g, '$1" + "$2')}"`,
  'code block': (t) => `\`\`\`text\n${t}\n\`\`\``,
  base64,
  'base64 for URLs': (t) => Buffer.from(t).toString('base64url'),
  'base64 in lines': (t) => base64(t.repeat(2)).replaceAll(/.{60}/g, '$&\n'),
  'base64 of base64': (t) => base64(base64(t)),
  base32,
  ascii85,
  hex,
  'hex in pairs': (t) => hex(t).replaceAll(/../g, '$& ').trim(),
  'hex escapes': (t) => hex(t).replaceAll(/../g, '\\x$&'),
  'hex with prefix': (t) =>
    bytes(t)
      .map((b) => `0x${b.toString(16).padStart(2, '0')}`)
      .join(', '),
  'Unicode escapes': (t) => [...t].map((c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`).join(''),
  'code points': (t) => [...t].map((c) => `\\u{${c.codePointAt(0)!.toString(16)}}`).join(''),
  'octal escapes': (t) =>
    bytes(t)
      .map((b) => `\\${b.toString(8).padStart(3, '0')}`)
      .join(''),
  binary: (t) =>
    bytes(t)
      .map((b) => b.toString(2).padStart(8, '0'))
      .join(' '),
  decimal: (t) => bytes(t).join(' '),
  'URL encoding': (t) =>
    bytes(t)
      .map((b) => `%${b.toString(16).padStart(2, '0')}`)
      .join(''),
  'URL encoding twice': (t) =>
    bytes(t)
      .map((b) => `%25${b.toString(16).padStart(2, '0')}`)
      .join(''),
  'HTML entities': (t) => [...t].map((c) => `&#${c.codePointAt(0)};`).join(''),
  'HTML entities, hex': (t) => [...t].map((c) => `&#x${c.codePointAt(0)!.toString(16)};`).join(''),
  'quoted-printable': (t) =>
    bytes(t)
      .map((b) => `=${b.toString(16).toUpperCase().padStart(2, '0')}`)
      .join(''),
  'JSON string': (t) => JSON.stringify(JSON.stringify({ note: t })),
  ROT13: shifted(13),
  'Caesar by 3': shifted(3),
  'Caesar by 19': shifted(19),
  ROT47: (t) => t.replaceAll(/[!-~]/g, (c) => String.fromCharCode(((c.charCodeAt(0) - 33 + 47) % 94) + 33)),
  Atbash: (t) => eachLetter(t, (_, at) => LOWER[25 - at]!),
  reversed,
  'words reversed': (t) => t.split(' ').map(reversed).join(' '),
  Morse: (t) =>
    t
      .toLowerCase()
      .replaceAll(/[^a-z ]/g, '')
      .split(' ')
      .filter(Boolean)
      .map((word) => [...word].map((c) => MORSE[LOWER.indexOf(c)]).join(' '))
      .join(' / '),
  'radio alphabet': (t) =>
    t
      .toLowerCase()
      .replaceAll(/[^a-z ]/g, '')
      .split(' ')
      .filter(Boolean)
      .map((word) => [...word].map((c) => NATO[LOWER.indexOf(c)]).join(' '))
      .join('  '),
  Braille: (t) => eachLetter(t.toLowerCase(), (_, at) => BRAILLE[at]!),
};
