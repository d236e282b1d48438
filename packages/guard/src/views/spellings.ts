import type { Layer } from './canonicalise.ts';
import { type Mapped, MappedBuilder } from './mapped.ts';

const LEET: Readonly<Record<string, string>> = {
  '0': 'o',
  '1': 'i',
  '3': 'e',
  '4': 'a',
  '5': 's',
  '7': 't',
  '8': 'b',
  '9': 'g',
  '@': 'a',
  $: 's',
  '!': 'i',
  '|': 'i',
  '+': 't',
  '€': 'e',
  '£': 'l',
  '(': 'c',
  '¡': 'i',
};
const LEET_WORD =
  /(?<![\w@$])(?=[a-z0-9@$!|+(]*[a-z])(?=[a-z0-9@$!|+(]*[0-9@$!|+(])[a-z0-9@$!|+(]{3,24}(?![\w@$])/g;

/** Figures and signs that stand for letters within words. */
function leet(source: Mapped): Layer | null {
  const { text } = source;
  if (!/[a-z][0-9@$!|+(]|[0-9@$!|+(][a-z]/.test(text)) return null;
  let changed = 0;
  const codes = [...text.matchAll(LEET_WORD)];
  if (codes.length === 0) return null;
  const builder = new MappedBuilder(source, text.length);
  let at = 0;
  for (const match of codes) {
    builder.copy(at, match.index);
    for (let i = 0; i < match[0].length; i++) {
      const letter = LEET[match[0][i]!];
      if (letter) changed++;
      builder.code((letter ?? match[0][i]!).charCodeAt(0), match.index + i, match.index + i + 1);
    }
    at = match.index + match[0].length;
  }
  builder.copy(at, text.length);
  return changed > 1 ? { name: 'leet', mapped: builder.done() } : null;
}

/** A letter, then each time the same kind of mark and a letter. */
const APART =
  /(?<![\p{L}\p{N}])[\p{L}\p{N}](?:([ \t._\-*/|~+,:•·])\1{0,2}[\p{L}\p{N}](?![\p{L}\p{N}])[ \t]{0,3}){4,}/gu;

/** Letters set apart with spaces, dots or dashes, brought together; two spaces or more, or a space among other marks, end a word. */
function together(source: Mapped): Layer | null {
  const { text } = source;
  let builder: MappedBuilder | null = null;
  let at = 0;
  for (const match of text.matchAll(APART)) {
    builder ??= new MappedBuilder(source, text.length);
    builder.copy(at, match.index);
    const mark = match[0].match(/[^\p{L}\p{N}]/u)![0];
    const end = match.index + match[0].length;
    for (let i = match.index; i < end; i++) {
      const c = text[i]!;
      if (/[\p{L}\p{N}]/u.test(c)) builder.code(c.charCodeAt(0), i, i + 1);
      else if (/\s/.test(c)) {
        let run = i;
        while (run < end && /\s/.test(text[run]!)) run++;
        if (run - i > 1 || !/\s/.test(mark)) builder.code(32, i, run);
        i = run - 1;
      }
    }
    at = end;
  }
  if (!builder) return null;
  builder.copy(at, text.length);
  return { name: 'spacing', mapped: builder.done() };
}

/** What stands within words and shows nowhere: emphasis, comments and tags of mark-up, joined strings, underscores for spaces. */
const MARKUP =
  /<!--.{0,200}?-->|<\/?[a-z][a-z0-9]{0,9}(?:\s[^<>]{0,80})?>|\*{1,3}|_{2,3}|~~|`|["']\s?[+.]\s?["']|\\(?=[a-z])|\{\}|\[\]/gs;
function withoutMarkup(source: Mapped): Layer | null {
  const { text } = source;
  let builder: MappedBuilder | null = null;
  let at = 0;
  for (const match of text.matchAll(MARKUP)) {
    builder ??= new MappedBuilder(source, text.length);
    builder.copy(at, match.index);
    at = match.index + match[0].length;
  }
  if (!builder) return null;
  builder.copy(at, text.length);
  return { name: 'markup', mapped: builder.done() };
}

/** Words joined by a mark instead of spaces: `ignore_all-previous.instructions`. */
const JOINED = /(?<![a-z0-9])[a-z][a-z0-9']{1,23}(?:[_\-./|+*,~][a-z0-9']{1,24}){2,}/g;
function asWords(source: Mapped): Layer | null {
  const { text } = source;
  let builder: MappedBuilder | null = null;
  let at = 0;
  for (const match of text.matchAll(JOINED)) {
    builder ??= new MappedBuilder(source, text.length);
    builder.copy(at, match.index);
    for (let i = 0; i < match[0].length; i++) {
      const c = match[0].charCodeAt(i);
      builder.code(/[a-z0-9']/.test(match[0][i]!) ? c : 32, match.index + i, match.index + i + 1);
    }
    at = match.index + match[0].length;
  }
  if (!builder) return null;
  builder.copy(at, text.length);
  return { name: 'joined', mapped: builder.done() };
}

const MORSE: Readonly<Record<string, string>> = Object.fromEntries(
  '.- -... -.-. -.. . ..-. --. .... .. .--- -.- .-.. -- -. --- .--. --.- .-. ... - ..- ...- .-- -..- -.-- --.. ----- .---- ..--- ...-- ....- ..... -.... --... ---.. ----.'
    .split(' ')
    .map((code, i) => [code, 'abcdefghijklmnopqrstuvwxyz0123456789'[i]!]),
);
const MORSE_RUN = /(?:[.\-·•–—]{1,6}(?:[ ]|\s*[/|]\s*|\s{2,})){7,}[.\-·•–—]{1,6}/g;

const NATO =
  'alfa alpha bravo charlie delta echo foxtrot golf hotel india juliett juliet kilo lima mike november oscar papa quebec romeo sierra tango uniform victor whiskey xray yankee zulu'.split(
    ' ',
  );
const NATO_RUN = new RegExp(`(?:\\b(?:${NATO.join('|')}|x-ray)\\b[\\s,.\\-]{0,3}){6,}`, 'g');
const BRAILLE = '⠁⠃⠉⠙⠑⠋⠛⠓⠊⠚⠅⠇⠍⠝⠕⠏⠟⠗⠎⠞⠥⠧⠺⠭⠽⠵';

/** Telegraph, radio and raised-dot alphabets. */
function* alphabets(source: Mapped): Generator<Layer> {
  const { text } = source;
  if (/[.\-·–] ?[.\-·–]/.test(text)) {
    for (const match of text.matchAll(MORSE_RUN)) {
      const builder = new MappedBuilder(source, match[0].length);
      for (const symbol of match[0].matchAll(/[.\-·•–—]+|\s*[/|]\s*|\s{2,}/g)) {
        const code = symbol[0].replaceAll(/[·•]/g, '.').replaceAll(/[–—]/g, '-');
        const from = match.index + symbol.index;
        builder.piece(/[.-]/.test(code) ? (MORSE[code] ?? '?') : ' ', from, from + symbol[0].length);
      }
      yield { name: 'morse', mapped: builder.done() };
    }
  }
  if (text.includes('romeo') || text.includes('echo') || text.includes('tango') || text.includes('india')) {
    for (const match of text.matchAll(NATO_RUN)) {
      const builder = new MappedBuilder(source, 64);
      for (const word of match[0].matchAll(/[a-z]+(?:-ray)?|\s{2,}|[,.]\s/g)) {
        const from = match.index + word.index;
        builder.piece(/[a-z]/.test(word[0]) ? word[0][0]! : ' ', from, from + word[0].length);
      }
      yield { name: 'radio-alphabet', mapped: builder.done() };
    }
  }
  if (/[⠁-⠿]{4}/.test(text)) {
    const builder = new MappedBuilder(source, text.length);
    for (let i = 0; i < text.length; i++) {
      const at = BRAILLE.indexOf(text[i]!);
      builder.code(at >= 0 ? 97 + at : text[i] === '⠀' ? 32 : text.charCodeAt(i), i, i + 1);
    }
    yield { name: 'braille', mapped: builder.done() };
  }
}

/**
 * Unusual ways of writing in a canonical text, undone: mark-up, joined words and figures for letters one after the
 * other, letters set apart by themselves. Linear in the text.
 */
export function* findSpellings(source: Mapped): Generator<Layer> {
  let mapped = source;
  const names: string[] = [];
  for (const undo of [withoutMarkup, leet, asWords]) {
    const layer = undo(mapped);
    if (!layer) continue;
    ({ mapped } = layer);
    names.push(layer.name);
  }
  const apart = together(mapped);
  if (names.length > 0) yield { name: names.join('+'), mapped };
  if (apart) yield { name: [...names, apart.name].join('+'), mapped: apart.mapped };
  yield* alphabets(source);
}
