import type { LockFormat } from '../locked-package.ts';
import { PYTHON_LOCKS } from './python-manifests.ts';
import { readRequirementLines } from './requirements.ts';

/** Where a script gives requirements, or says which Python it wants. */
const GIVEN =
  /\b(?:(install_requires|setup_requires|tests_require|extras_require)|python_requires)[ \t]{0,16}=[ \t]{0,16}/g;
const TOKEN = /(\s+|#[^\n]*)|'([^'\\\n]*)'|"([^"\\\n]*)"|([[\]{}(),:])/y;
/** What else may add requirements: where a script has such a word, they are not all known. */
const ADDS = /require|\bdepend|\*\*/i;
/** Lines that are comments as a whole: licences say what is required. */
const COMMENTS = /^[ \t]{0,256}#.*$/gm;

/** The texts of a list, or of a table of lists, of nothing but texts; null for anything else. */
function literalAt(
  text: string,
  at: number,
): { readonly texts: readonly string[]; readonly end: number } | null {
  const texts: string[] = [];
  let depth = 0;
  let before = '';
  TOKEN.lastIndex = at;
  for (;;) {
    const match = TOKEN.exec(text);
    if (!match) return null;
    if (match[1] !== undefined) continue;
    const mark = match[4] ?? 'text';
    // Texts one behind the other are one, and names of a table are none of its values.
    if ((mark === 'text' && (depth === 0 || before === 'text')) || (depth === 0 && !'[{('.includes(mark)))
      return null;
    if (mark === 'text') texts.push(match[2] ?? match[3] ?? '');
    else if (mark === ':') texts.pop();
    else if ('[{('.includes(mark)) depth++;
    else if (mark !== ',') depth--;
    before = mark;
    if (depth === 0) return { texts, end: TOKEN.lastIndex };
  }
}

/** Whether a value ends there, and is no part of a longer one. */
function endsAt(text: string, at: number): boolean {
  const [blank = ''] = /^[ \t]{0,256}(?:#[^\n]{0,1024})?\s{0,1024}/.exec(text.slice(at, at + 4096)) ?? [];
  const next = text.slice(at + blank.length, at + blank.length + 8);
  return /^(?:[,)]|$)/.test(next) || (blank.endsWith('\n') && /^(?!(?:if|or|and)\b)[\w#@]/.test(next));
}

/** Requirements that a script gives as they are, and the text without them; null where it gives some in another way. */
function givenIn(text: string): { readonly lines: readonly string[]; readonly rest: string } | null {
  const lines: string[] = [];
  let rest = '';
  let from = 0;
  for (const match of text.matchAll(GIVEN)) {
    if (match.index < from) continue;
    rest += text.slice(from, match.index);
    from = match.index + match[0].length;
    const name = match[1];
    if (name === undefined) continue;
    if (text.startsWith(name, from) && endsAt(text, from + name.length)) {
      from += name.length;
      continue;
    }
    const given = literalAt(text, from);
    if (!given || !endsAt(text, given.end)) return null;
    lines.push(...given.texts);
    from = given.end;
  }
  return { lines, rest: rest + text.slice(from) };
}

/** `setup.py`, of which no code is run: requirements that stand in it as lists of texts. What it may work out is not read. */
export const setupScript: LockFormat = {
  name: 'setup-script',
  matches: (path) => /(?:^|\/)setup\.py$/.test(path),
  lockedBy: () => ({ files: PYTHON_LOCKS }),
  read: (text, companions) => {
    const given = givenIn(text);
    const reading = readRequirementLines(given?.lines ?? [], companions);
    if (given && /\bsetup\(/.test(text) && !ADDS.test(given.rest.replace(COMMENTS, ''))) return reading;
    return { ...reading, unread: [...reading.unread, 'requirements that its code may work out'] };
  },
};
