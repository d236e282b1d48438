import { lineFinder } from './lines.ts';
import { listedWord, wordAt } from './shell-words.ts';

/** Languages of which a command line may hold code. */
export type Language = 'python' | 'javascript' | 'perl' | 'ruby' | 'php' | 'lua';

/** Code that a command hands to what runs it. */
export interface GivenCode {
  readonly language: Language;
  readonly code: string;
  /** The line where its command stands, counted from 1. */
  readonly line: number;
}

const NAMES = String.raw`(?<![\w.$-])(?:(?:i?python|pypy)[\d.]{0,6}w?|py|node|bun|deno|perl[\d.]{0,6}|ruby[\d.]{0,6}|php[\d.]{0,6}|lua(?:jit)?[\d.]{0,6})(?:\.exe)?`;
/** An interpreter as a word, or as a text of a list of words. */
const INTERPRETER = new RegExp(String.raw`(${NAMES})(["']?)(?=[\s,])`, 'gi');
/** One that is given no file, so that it runs what comes in. */
const TAKES_INPUT = new RegExp(
  String.raw`(${NAMES})(?:\s{1,4}-[\w=]{1,24}){0,4}(?:\s{1,4}-(?![\w-])[^|;&<\n]{0,256})?\s{0,4}(?:<<|[0-9]?>|[|;&)"'\x60]|$)`,
  'i',
);
const STARTS_PIPE = /\s{0,8}\|&?/y;
/** What may stand before the name of an interpreter that takes what comes in. */
const BEFORE_NAME =
  /^(?:|sudo|doas|env|exec|nohup|command|usr|local|opt|bin|\.venv|-\w{0,16}|\w{1,64}=.{0,64})$/;
const OF_NAME: readonly (readonly [RegExp, Language])[] = [
  [/^(?:i?py|pypy)/i, 'python'],
  [/^(?:node|bun|deno)/i, 'javascript'],
  [/^perl/i, 'perl'],
  [/^ruby/i, 'ruby'],
  [/^php/i, 'php'],
  [/^lua/i, 'lua'],
];
const languageOf = (name: string): Language => OF_NAME.find(([pattern]) => pattern.test(name))![1];

/** The option before code, or with it. */
const CODE_OPTION: Readonly<Record<Language, RegExp>> = {
  python: /^-[bBdEiIOPqRsSuvx]{0,8}c/,
  javascript: /^(?:-e|-p|-pe|--eval|--print|eval)(?:=|$)/,
  perl: /^-[acilnpsw0-9]{0,8}[eE]/,
  ruby: /^-[acilnpsw0-9]{0,8}e/,
  php: /^(?:-[nq]{0,2}[rRB]|--run(?:=|$))/,
  lua: /^-e/,
};
/** Options that a value of their own follows. */
const WITH_VALUE = /^-[WXIrd]$/;
const OPTIONS_MAX = 256;
const OPTION_CHARACTERS_MAX = 256;
/** What follows a name is a text of a list: `["python3", "-c", "…"]`. */
const isListed = (text: string, from: number, quote: string): boolean =>
  quote !== '' && text[from - 1] === quote;

/** The code behind the options of an interpreter, and where it ends. */
function codeAfter(text: string, from: number, language: Language, isList: boolean) {
  let at = from;
  for (let option = 0; option < OPTIONS_MAX; option++) {
    const word = isList ? listedWord(text, at) : wordAt(text, at);
    if (word === null || !/^(?:-|eval$)/.test(word.value)) return null;
    const found = CODE_OPTION[language].exec(word.value);
    at = word.end;
    if (found) {
      const rest = word.value.slice(found[0].length);
      return rest === '' ? (isList ? listedWord(text, at) : wordAt(text, at)) : { value: rest, end: at };
    }
    if (word.value.length > OPTION_CHARACTERS_MAX || word.value === '-m') return null;
    if (WITH_VALUE.test(word.value)) at = (isList ? listedWord(text, at) : wordAt(text, at))?.end ?? at;
  }
  return null;
}

/** Characters around a command that are looked at. */
const NEAR = 512;
const COMMENT = /^\s{0,256}#/;

/** What a command line gives an interpreter as an argument: `python3 -c '…'`. */
function* asArgument(text: string): Generator<readonly [Language, string, number]> {
  let end = 0;
  for (const match of text.matchAll(INTERPRETER)) {
    if (match.index < end) continue;
    const [whole, name, quote] = match as unknown as readonly [string, string, string];
    const from = match.index + whole.length;
    const language = languageOf(name);
    const slash = text.slice(Math.max(0, match.index - 64), match.index);
    const start = match.index - (/[\w./-]{0,64}$/.exec(slash)?.[0].length ?? 0);
    const code = codeAfter(text, from, language, isListed(text, start, quote));
    if (code === null) continue;
    end = code.end;
    yield [language, code.value, match.index];
  }
}

const SAYS = /\b(?:echo|printf)\s{1,4}(?:-[neE]{1,3}\s{1,4})?(?:["']?%[sb](?:\\n)?["']?\s{1,4})?/g;

/** What it is given by a pipe: `echo '…' | python3`; the same with `<<<`. */
function* asInput(text: string): Generator<readonly [Language, string, number]> {
  let end = 0;
  for (const match of text.matchAll(SAYS)) {
    if (match.index < end) continue;
    const word = wordAt(text, match.index + match[0].length);
    if (word === null) continue;
    end = word.end;
    STARTS_PIPE.lastIndex = end;
    if (!STARTS_PIPE.test(text)) continue;
    const rest = text.slice(STARTS_PIPE.lastIndex, STARTS_PIPE.lastIndex + NEAR).split('\n', 1)[0]!;
    const receiver = TAKES_INPUT.exec(rest);
    const before = rest.slice(0, receiver?.index ?? 0).split(/[\s/]/);
    if (receiver && before.every((one) => BEFORE_NAME.test(one)))
      yield [languageOf(receiver[1]!), word.value, match.index];
  }
  for (const { index } of text.matchAll(/<<</g)) {
    if (index < end) continue;
    const before = text
      .slice(Math.max(0, index - NEAR), index)
      .split('\n')
      .at(-1)!;
    const receiver = TAKES_INPUT.exec(`${before}<<<`);
    if (!receiver) continue;
    const word = wordAt(text, index + 3);
    if (word === null) continue;
    end = word.end;
    yield [languageOf(receiver[1]!), word.value, index];
  }
}

const HERE = /(?<!<)<<-?[ \t]{0,4}(["'\\]?)([A-Za-z_]\w{0,63})["']?/;
/** A file of Python that lines are written to. */
const TO_PYTHON = /(?:>{1,2}|\btee)\s{0,4}["']?[^\s"';|&<>]{1,256}\.py\b/;
const LINE_MAX = 64 * 1024;

/** The lines that it is given: `python3 - <<EOF`. */
function* asLines(text: string): Generator<readonly [Language, string, number]> {
  let open: { language: Language; end: string; isIndented: boolean; at: number; from: number } | null = null;
  let isNear = false;
  let offset = 0;
  for (const line of text.split('\n')) {
    if (open !== null) {
      const code = (): readonly [Language, string, number] => [
        open!.language,
        text.slice(open!.from, offset),
        open!.at,
      ];
      if (line === open.end || (open.isIndented && line.replace(/^\t+/, '') === open.end)) {
        yield code();
        open = null;
      } else if (!isNear && line.trim() === open.end) {
        // In a list of a document the end is indented as all else is; in a script it is a line like others.
        isNear = true;
        yield code();
      }
    } else if (line.includes('<<') && !COMMENT.test(line)) {
      const command = line.slice(0, LINE_MAX);
      const here = HERE.exec(command);
      const end = here?.[2];
      const isIndented = here?.[0].startsWith('<<-') === true;
      isNear = false;
      const receiver = end === undefined ? null : TAKES_INPUT.exec(command);
      const language = receiver ? languageOf(receiver[1]!) : TO_PYTHON.test(command) ? 'python' : null;
      if (end !== undefined && language !== null)
        open = { language, end, isIndented, at: offset, from: offset + line.length + 1 };
    }
    offset += line.length + 1;
  }
  if (open !== null) yield [open.language, text.slice(open.from), open.at];
}

/** A name of an interpreter, looked for first: few texts have one. */
const ANY = new RegExp(NAMES, 'i');

/** Every code that commands in a text hand to an interpreter. Comments of a shell are left out. */
export function* givenCode(text: string): Generator<GivenCode> {
  if (!ANY.test(text)) return;
  const lineAt = lineFinder(text);
  for (const [language, code, at] of [...asArgument(text), ...asInput(text), ...asLines(text)]) {
    const before = text
      .slice(Math.max(0, at - NEAR), at)
      .split('\n')
      .at(-1)!;
    if (code.trim() !== '' && !COMMENT.test(before)) yield { language, code, line: lineAt(at) };
  }
}
