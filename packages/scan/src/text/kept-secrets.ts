import { givesToken, namesKeys, secretsNamedIn } from './secret-sources.ts';
import { givesAll, readsSecret } from './sends-secrets.ts';

/** A variable that is given what a command says. */
const ASSIGNED = /(?:^|[\s;&|({!"'`])(\w{1,64})=["']?(\$\(|`)/g;
const PARTS = /&&|\|\||[;\n]/;
const WORD = /[\w.~/-]{2,256}/g;
const VARIABLE = /\$\{(\w{1,64})[^}\n]{0,64}\}|\$(\w{1,64})/g;
/** What takes one value out of a file. */
const PICKS = /\b(?:grep|cut|awk|sed|jq|source|yq)\b/;
const FETCHES = /\b(?:curl|wget)\b/;
const DECODES = /\bbase(?:64|32)\s{1,8}(?:-\w{0,4}[dD]|--decode)\b/;
const VALUE_MAX = 2048;
/** Longer lines are not put together with what they name. */
const LINE_MAX = 16_384;
const ASSIGNED_MAX = 256;
const KEPT_MAX = 256;
/** Where a command begins that makes a file of others. */
const MAKER = /(?:^|[\s"'`({!])(?=(?:cp|mv|ln|install|zip|7za?|rar|tar|openssl|gpg2?|base64|gzip)\s)/;
const OUTPUT = /^(?:-out|-o|--output)$/;
const REDIRECT = />{1,2}\s{0,4}([^\s"'|;&<>()]{2,256})/;
/** A variable that is run as it stands. */
const RUN = new RegExp(
  String.raw`(?:\b(?:(?:ba|z|da|k)?sh\s{1,4}(?:-\w{1,4}\s{1,4})?(?:-\w{0,4}c\s{0,4}|<<<\s{0,4})|eval\s{1,4}|python[\d.]{0,6}\s{1,4}-c\s{0,4})["']?` +
    String.raw`|(?:echo|printf)\s{1,4}(?:["']?%[sb](?:\\n)?["']?\s{1,4})?["']?(?=\$\{?\w{1,64}\}?["']?\s{0,4}\|\s{0,4}(?:sudo\s{1,4})?(?:ba|z|da|k)?sh\b))` +
    String.raw`(?:\$\{(\w{1,64})\}|\$(\w{1,64}))`,
  'g',
);

/** The command within brackets, from behind the bracket that opens. */
function within(line: string, from: number, opened: string): string {
  const limit = Math.min(line.length, from + VALUE_MAX);
  let depth = 1;
  for (let at = from; at < limit; at++) {
    if (opened === '`' ? line[at] === '`' : line[at] === ')' && --depth === 0) return line.slice(from, at);
    if (line[at] === '(') depth++;
  }
  return line.slice(from, limit);
}

/** Follows secrets, and what is fetched, through variables and files that lines of commands keep them in. */
export class KeptSecrets {
  /** What each name or file stands for, as a line would have it. */
  readonly #variables = new Map<string, string>();
  readonly #files = new Map<string, string>();
  readonly #fetched = new Map<string, string>();

  /** The line with what its variables and files are known to hold, where that is a secret or a program; the line itself where nothing is. */
  read(line: string): string {
    const told = this.#told(line);
    this.#note(line);
    // What a line keeps, it may send itself.
    return told === line ? this.#told(line) : told;
  }

  #told(line: string): string {
    if (line.length > LINE_MAX) return line;
    let text = line;
    if (this.#fetched.size > 0)
      text = text.replace(RUN, (whole, braced?: string, bare?: string) => {
        const said = this.#fetched.get(braced ?? bare!);
        return said === undefined ? whole : whole.replace(/\$\{?\w{1,64}\}?$/, () => said);
      });
    if (this.#variables.size > 0)
      text = text.replace(
        VARIABLE,
        (whole, braced?: string, bare?: string) => this.#variables.get(braced ?? bare!) ?? whole,
      );
    if (this.#files.size === 0) return text;
    return text
      .split(PARTS_KEPT)
      .map((part) =>
        makes(part) === null ? part.replace(WORD, (word) => this.#files.get(word) ?? word) : part,
      )
      .join('');
  }

  #note(line: string): void {
    let assigned = 0;
    for (const match of line.matchAll(ASSIGNED)) {
      if (++assigned > ASSIGNED_MAX) break;
      const value = within(line, match.index + match[0].length, match[2]!);
      const said = `$(${value})`;
      if (this.#variables.size + this.#fetched.size >= KEPT_MAX) return;
      if (isSecret(value)) this.#variables.set(match[1]!, said);
      else if (FETCHES.test(value) || DECODES.test(value)) this.#fetched.set(match[1]!, said);
    }
    for (const part of line.split(PARTS)) {
      const file = makes(part.trim());
      if (file === null || this.#files.size >= KEPT_MAX) continue;
      const named = [...part.matchAll(WORD)].some(([word]) => word !== file && this.#files.has(word));
      if (namesKeys(part.replace(REDIRECT, ' ')) || givesToken(part)) this.#files.set(file, '~/.ssh/id_rsa');
      else if (named || hasSecret(part)) this.#files.set(file, '.env');
    }
  }
}

const PARTS_KEPT = /(&&|\|\||[;\n])/;
const isSecret = (value: string): boolean =>
  givesToken(value) ||
  (value.split('|').some((one) => givesAll(one.trimEnd())) && !/\bwc\b/.test(value) && !PICKS.test(value)) ||
  (readsSecret(value) && (namesKeys(value) || !PICKS.test(value)));
const hasSecret = (part: string): boolean =>
  part.split(/[|>]/).some((piece) => givesAll(piece.trimEnd())) ||
  (secretsNamedIn(part.replace(REDIRECT, ' ')).length > 0 && !PICKS.test(part));

/** The file that a command makes of others; null where it makes none. */
function makes(part: string): string | null {
  const redirect = REDIRECT.exec(part)?.[1];
  if (redirect !== undefined) return redirect.startsWith('/dev/') ? null : redirect;
  const found = MAKER.exec(part);
  if (!found) return null;
  const words = part
    .slice(found.index + found[0].length)
    .trim()
    .split(/\s+/)
    .map((word) => word.replaceAll(/["'`)}\\]/g, ''));
  const [maker = ''] = words;
  if (/^(?:cp|mv|ln|install)$/.test(maker)) return words.at(-1)!;
  if (/^(?:zip|7za?|rar)$/.test(maker))
    return words.slice(1).find((word) => /[./]/.test(word) && !word.startsWith('-')) ?? null;
  const isOutput = maker === 'tar' ? /^-?[a-zA-Z]{0,8}f$/ : OUTPUT;
  const at = words.findIndex((word, index) => index > 0 && isOutput.test(word));
  const file = at < 0 ? undefined : words[at + 1];
  return file === undefined || file === '-' ? null : file;
}
