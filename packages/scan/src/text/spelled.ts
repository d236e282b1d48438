import { ansiText } from './shell-words.ts';

const ANSI = /\$'((?:[^'\\]|\\.){0,1024})'/g;
/** Marks within a word, which a shell drops. */
const EMPTY = /(?<=\w)(?:""|'')(?=\w)/g;
const WITHIN = /(?<=[a-z])(["'])([a-z]{1,8})\1(?=[a-z\s]|$)/g;
const ESCAPED = /(?<=[a-z])\\(?=[a-z])/g;
const ASSIGNED = /(?:^|[\s;&|(!"'`])(\w{1,64})=(["']?)([\w./-]{1,24})\2(?=[\s;&|)]|$)/g;
const NAMED = /\$\{(\w{1,64})\}|\$(\w{1,64})/g;
/** Two names side by side, or one as part of the word of a command. */
const PUT_TOGETHER = /\$\{?\w{1,64}\}?["']{0,2}\$\{?\w/;
const NAMES_MAX = 64;

/** A line as a shell has it, where what it runs is spelt in pieces: `$'\x63url'`, `c""url`, `$a$b`. The line itself where it is not. */
export function spelled(line: string): string {
  let text = line;
  if (text.includes("$'")) text = text.replace(ANSI, (_, said: string) => ansiText(said));
  text = text.replace(EMPTY, '').replace(WITHIN, '$2').replace(ESCAPED, '');
  if (!PUT_TOGETHER.test(text)) return text;
  const names = new Map<string, string>();
  for (const [, name, , said] of text.matchAll(ASSIGNED)) {
    if (names.size >= NAMES_MAX) break;
    names.set(name!, said!);
  }
  if (names.size === 0) return text;
  return text.replace(NAMED, (whole, braced?: string, bare?: string) => names.get(braced ?? bare!) ?? whole);
}
