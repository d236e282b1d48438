import { PYTHON_LINE_END } from './lines.ts';

const FETCH = /\b(?:curl|wget)\b/;
/** What runs what it is handed. */
export const SHELL = /^(?:ba|z|da|k|mk|a|c|tc|fi)?sh$/;
/** What does so where it is not told what else to run. */
export const INTERPRETER = /^(?:python[\d.]{0,6}|perl|node|ruby|php)$/;
/** Options of these that name nothing to run. */
const BARE_OPTION = /^-[uBEIsSOqw]{1,8}$/;
/** A fetch within what a shell is told to run. */
const WITHIN =
  /(?:^|[\s;&|!({"'`/])(?:(?:ba|z|da|k)?sh|eval|source|\.)\s[^\n]{0,128}?(?:<\(|\$\(|`)\s{0,8}(?:curl|wget)\b/;
/** The same within a text that an interpreter is told to run, or in place of its file. */
const WITHIN_TEXT =
  /(?:^|[\s;&|!({"'`/])(?:python[\d.]{0,6}|perl|node|ruby|php)\s{1,4}(?:-\w{1,8}\s{0,4}["']?(?:\$\(|`)|<\()\s{0,8}(?:curl|wget)\b|\bmake\s{1,4}-f\s{0,4}<\(\s{0,8}(?:curl|wget)\b/;
/** Programs of Windows that run what they fetch from an address. */
const OF_WINDOWS = /\b(?:mshta|regsvr32|rundll32|msiexec|[cw]script)(?:\.exe)?\s[^|&\n]{0,256}?https?:\/\//i;
/** The same in PowerShell. */
const RUNS_TEXT = /\b(?:iex|invoke-expression)\b/i;
const DOWNLOADS = /\b(?:iwr|irm|invoke-webrequest|invoke-restmethod|downloadstring)\b/i;
const WORDS_MAX = 16;
/** Options of `sudo` that a value of their own follows. */
const WITH_VALUE = /^(?:-[ugphCTRD]|--(?:user|group|host|prompt|chdir|chroot))$/;

/** A shell that is told to run each line that comes in, whole; a recipe that is read from it. */
const RUNS_EACH =
  /\bxargs\s[^\n]{0,64}?(?:ba|z|da|k)?sh\s{1,4}-c\s{0,4}["']?(?:(?:\{\}|%|@)(?=["'`\s)]|$)|["'`)]?\s{0,8}$)|\bmake\s{1,4}-f\s{0,4}-(?=["'`\s)]|$)/;

/** Whether a part of a pipe hands what comes in to something that runs it. */
export function runsInput(piece: string): boolean {
  if (RUNS_EACH.test(piece)) return true;
  // `|&` hands on what goes wrong too; brackets make a shell of their own.
  const words = piece
    .replace(/^[\s&({]{1,16}/, '')
    .replace(/[\s)}]{1,16}$/, '')
    .split(/\s+/, WORDS_MAX);
  const first = words.findIndex(
    (word, at) =>
      !/^(?:sudo|doas|env|exec|nohup|time|command|busybox|-.*|\w+=.*)$/s.test(word) &&
      !WITH_VALUE.test(words[at - 1] ?? ''),
  );
  if (first < 0) return false;
  const [word = ''] = words[first]!.split(/[;&)}"'`]/, 1);
  const name = word.slice(word.lastIndexOf('/') + 1);
  if (SHELL.test(name)) return true;
  const next = words.slice(first + 1).find((one) => !BARE_OPTION.test(one));
  return INTERPRETER.test(name) && (next === undefined || next === '' || /^-?(?:$|[;&)"'`])/.test(next));
}

/** Whether a line of commands fetches a program and runs it. */
export function fetchesAndRuns(line: string): boolean {
  if ((RUNS_TEXT.test(line) && DOWNLOADS.test(line)) || OF_WINDOWS.test(line)) return true;
  if (!FETCH.test(line)) return false;
  const pieces = line.split('|');
  const fetched = pieces.findIndex((piece) => FETCH.test(piece));
  return (
    pieces.some((piece, at) => at > fetched && runsInput(piece)) ||
    WITHIN.test(line) ||
    WITHIN_TEXT.test(line)
  );
}

const COMMENT = /^\s{0,256}#/;
/** A pipe at the end of a line, which goes on in the next. */
const PIPE_ENDS = /\|&?[ \t]{0,64}$/;

/**
 * Lines of commands, those that a backslash or a pipe at the end joins as one, with the number of the first, counted from 1. Comments are left out. What
 * Python takes for the end of a line ends one, as IPython splits cells there.
 */
export function* commandLines(text: string): Generator<{ readonly line: string; readonly number: number }> {
  let begun = '';
  let start = 1;
  for (const [index, whole] of text.split('\n').entries())
    for (const line of whole.replace(/\r$/, '').split(PYTHON_LINE_END)) {
      if (begun === '') start = index + 1;
      if (line.endsWith('\\')) {
        begun += `${line.slice(0, -1)} `;
        continue;
      }
      // Of a comment nothing goes on. What it goes on from is looked at once, as it may be long.
      if (PIPE_ENDS.test(line) && (begun !== '' || !COMMENT.test(line))) {
        begun += `${line} `;
        continue;
      }
      const joined = begun + line;
      begun = '';
      if (!COMMENT.test(joined)) yield { line: joined, number: start };
    }
  if (begun !== '') yield { line: begun, number: start };
}
