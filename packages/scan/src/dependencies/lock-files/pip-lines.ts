import { PYTHON_LINE_END } from '../../text/lines.ts';

/** A line of a file of requirements. */
export interface PipLine {
  readonly text: string;
  /** From 1, of where it begins. */
  readonly number: number;
}

/** Lines as pip has them. One that ends in a backslash goes on in the next, unless it is a comment; a comment ends what went on. */
export function pipLines(text: string): PipLine[] {
  const lines: PipLine[] = [];
  let begun: string | null = null;
  let from = 1;
  for (const [index, line] of text.split(PYTHON_LINE_END).entries()) {
    const isComment = /^\s*#/.test(line);
    if (begun === null) from = index + 1;
    if (line.endsWith('\\') && !isComment) {
      begun = `${begun ?? ''}${line.slice(0, -1)}`;
      continue;
    }
    lines.push({ text: begun === null ? line : `${begun}${isComment ? ' ' : ''}${line}`, number: from });
    begun = null;
  }
  return begun === null ? lines : [...lines, { text: begun, number: from }];
}

/** A line without its comment. */
export const withoutComment = (line: string): string => line.replace(/(?:^|\s)#.*$/s, '').trim();

/** Words as a shell has them, which pip cuts options into: quotes and backslashes undone. */
function shellWords(text: string): string[] {
  const words: string[] = [];
  let word: string | null = null;
  let quote = '';
  for (let at = 0; at < text.length; at++) {
    const one = text[at]!;
    if (quote !== '' && one === quote) quote = '';
    else if (quote === '' && (one === '"' || one === "'")) {
      quote = one;
      word ??= '';
    } else if (one === '\\' && quote !== "'" && (quote === '' || /["\\]/.test(text[at + 1] ?? '')))
      word = `${word ?? ''}${text[++at] ?? ''}`;
    else if (quote === '' && /\s/.test(one)) {
      if (word !== null) words.push(word);
      word = null;
    } else word = `${word ?? ''}${one}`;
  }
  return word === null ? words : [...words, word];
}

/** Options of files of requirements; whether a value comes with each. */
const LONG_OPTIONS: ReadonlyMap<string, boolean> = new Map([
  ...['index-url', 'pypi-url', 'extra-index-url', 'find-links', 'trusted-host'].map(
    (one) => [one, true] as const,
  ),
  ...['requirement', 'constraint', 'editable'].map((one) => [one, true] as const),
  ...['no-binary', 'only-binary', 'use-feature'].map((one) => [one, true] as const),
  ...['hash', 'global-option', 'config-settings'].map((one) => [one, true] as const),
  ...['no-index', 'prefer-binary', 'require-hashes', 'pre'].map((one) => [one, false] as const),
]);
const SHORT_OPTIONS: ReadonlyMap<string, string> = new Map([
  ['i', 'index-url'],
  ['f', 'find-links'],
  ['r', 'requirement'],
  ['c', 'constraint'],
  ['e', 'editable'],
  ['C', 'config-settings'],
]);

/** The option that pip takes a long name for: shortened as far as it stays unlike the others. */
function longOption(given: string): string | null {
  if (LONG_OPTIONS.has(given)) return given;
  const [only, ...others] = [...LONG_OPTIONS.keys()].filter((one) => given !== '' && one.startsWith(given));
  return only === undefined || others.length > 0 ? null : only;
}

/** An option with its value; `name` is the long one. */
export interface PipOption {
  readonly name: string;
  readonly value: string;
}

/** Options of a line that begins with one, as pip reads them: shortened, glued to their values and quoted ones too. None of other lines. */
export function pipOptions(line: string): PipOption[] {
  const text = withoutComment(line);
  if (!text.startsWith('-')) return [];
  const words = shellWords(text);
  const found: PipOption[] = [];
  for (let at = 0; at < words.length; at++) {
    const [, long, glued] = /^--([a-z-]+)(?:=(.*))?$/s.exec(words[at]!) ?? [];
    const [, letter, rest] = /^-([a-zA-Z])(.*)$/s.exec(words[at]!) ?? [];
    const name = long !== undefined ? longOption(long) : (SHORT_OPTIONS.get(letter ?? '') ?? null);
    if (name === null) continue;
    const own = long !== undefined ? glued : rest || undefined;
    const value = own ?? (LONG_OPTIONS.get(name) === true ? (words[++at] ?? '') : '');
    found.push({ name, value });
  }
  return found;
}

const INDEX_OPTIONS: ReadonlySet<string> = new Set([
  'index-url',
  'pypi-url',
  'extra-index-url',
  'find-links',
]);

/** Whether an option names where packages are taken from. */
export const isIndexOption = ({ name }: PipOption): boolean => INDEX_OPTIONS.has(name);
