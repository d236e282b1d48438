import { tableOf } from '@sallyport/core';

/** A value that a runner puts in: the way to it, in small letters, `*` for what is not written out. */
export type ValuePath = readonly string[];

const DEPTH_MAX = 64;
/** Functions that say yes or no, or give a digest: nothing of what they are handed comes out. */
const GIVES_NOTHING: ReadonlySet<string> = new Set(
  'contains startswith endswith hashfiles success failure always cancelled'.split(' '),
);
const TOKEN = /\s+|'(?:[^']|'')*'|[A-Za-z_][\w-]{0,255}|\d[\w.]{0,64}|&&|\|\||[=!<>]=|[()[\],.*!<>]|./gs;
const COMPARES = /^(?:[=!<>]=|[<>])$/;

/** What one expression puts out: ways to values, those of tests and comparisons left out. */
class Reader {
  readonly #tokens: readonly string[];
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#tokens = [...text.matchAll(TOKEN)].map(([token]) => token).filter((token) => token.trim() !== '');
  }

  read(): ValuePath[] {
    const found: ValuePath[] = [];
    while (this.#at < this.#tokens.length) {
      const before = this.#at;
      found.push(...this.#either());
      if (this.#at === before) this.#at++;
    }
    return found;
  }

  #takes(sign: string): boolean {
    if (this.#tokens[this.#at] !== sign) return false;
    this.#at++;
    return true;
  }

  #either(): ValuePath[] {
    if (++this.#depth > DEPTH_MAX) {
      // Nobody writes so many brackets: all that is left is passed over.
      this.#at = this.#tokens.length;
      return [];
    }
    const found = this.#both();
    while (this.#takes('||')) found.push(...this.#both());
    this.#depth--;
    return found;
  }

  /** Of `a && b`, `a` comes out only where it is empty. */
  #both(): ValuePath[] {
    let found = this.#compared();
    while (this.#takes('&&')) found = this.#compared();
    return found;
  }

  #compared(): ValuePath[] {
    let found = this.#plain();
    while (COMPARES.test(this.#tokens[this.#at] ?? '')) {
      this.#at++;
      this.#plain();
      found = [];
    }
    return found;
  }

  #plain(): ValuePath[] {
    let isDenied = false;
    while (this.#takes('!')) isDenied = true;
    const found = this.#value();
    return isDenied ? [] : found;
  }

  #value(): ValuePath[] {
    const token = this.#tokens[this.#at];
    if (token === '(') {
      this.#at++;
      const found = this.#either();
      this.#takes(')');
      return this.#behind(found);
    }
    if (token === undefined || !/^[A-Za-z_]/.test(token)) {
      if (token !== undefined && /^['\d]/.test(token)) this.#at++;
      return [];
    }
    this.#at++;
    if (!this.#takes('(')) return this.#behind([[token.toLowerCase()]]);
    const found: ValuePath[] = [];
    while (this.#at < this.#tokens.length && !this.#takes(')')) {
      const before = this.#at;
      found.push(...this.#either());
      if (!this.#takes(',') && this.#at === before) this.#at++;
    }
    return GIVES_NOTHING.has(token.toLowerCase()) ? [] : this.#behind(found);
  }

  /** What `.name`, `.*` and `[…]` behind a value lead to. */
  #behind(values: ValuePath[]): ValuePath[] {
    let found = values;
    for (;;) {
      if (this.#takes('.')) {
        const name = this.#tokens[this.#at++] ?? '*';
        found = found.map((path) => [...path, name.toLowerCase()]);
      } else if (this.#takes('[')) {
        const key = this.#tokens[this.#at] ?? '';
        const isText = key.startsWith("'") && this.#tokens[this.#at + 1] === ']';
        if (isText) this.#at++;
        else if (!this.#takes('*')) this.#either();
        this.#takes(']');
        const name = isText ? key.slice(1, -1).replaceAll("''", "'").toLowerCase() : '*';
        found = found.map((path) => [...path, name]);
      } else return found;
    }
  }
}

/** Longest expression that a runner takes. */
const EXPRESSION_MAX = 21_000;

/** The expressions `${{ … }}` of a text. One that is never closed ends the search: no runner takes such a text. */
function* expressionsIn(text: string): Generator<string> {
  for (let start = text.indexOf('${{'); start >= 0; ) {
    let at = start + 3;
    let isQuoted = false;
    const last = Math.min(text.length - 1, at + EXPRESSION_MAX);
    for (; at < last && (isQuoted || text[at] !== '}' || text[at + 1] !== '}'); at++)
      if (text[at] === "'") isQuoted = !isQuoted;
    if (at >= last) return;
    yield text.slice(start + 3, at);
    start = text.indexOf('${{', at);
  }
}

/** What the expressions of a text put into it. */
export const valuesPutInto = (text: string): ValuePath[] =>
  [...expressionsIn(text)].flatMap((expression) => new Reader(expression).read());

const HANDED_OVER =
  /^(?:body|title|message|email|name|page_name|summary|label|ref|head_ref|head_branch|default_branch|display_title|description|homepage|from|\*)$/;
const STRANGERS_OWN: ReadonlySet<string> = new Set(
  'issue pull_request comment review review_comment discussion pages commits head_commit workflow_run merge_group changes *'.split(
    ' ',
  ),
);
/** What only those write who may write to the project. */
const OF_PROJECT: ReadonlySet<string> = new Set('base milestone label labels type types'.split(' '));
/** Names that count only behind these. */
const BEHIND = tableOf<RegExp>({
  name: /^(?:author|committer|user|\*)$/,
  email: /^(?:author|committer|user|\*)$/,
  ref: /^(?:head|\*)$/,
  label: /^(?:head|\*)$/,
  default_branch: /^(?:repo|head_repository|\*)$/,
  description: /^(?:repo|head_repository|\*)$/,
  homepage: /^(?:repo|head_repository|\*)$/,
  title: /^(?:issue|pull_request|discussion|pages|review|comment|changes|\*)$/,
  from: /^(?:title|body|\*)$/,
});

/**
 * Whether a value is a text that a stranger to the project writes: titles, texts, messages of commits, names of branches and authors,
 * as the runner's own documentation lists them; or a whole object with these.
 */
export function isStrangers(path: ValuePath): boolean {
  const [root, event, owner] = path;
  if (root !== 'github') return false;
  if (event === undefined || event === 'head_ref') return true;
  if (event !== 'event' && event !== '*') return false;
  if (owner === undefined) return true;
  if (!STRANGERS_OWN.has(owner) || path.some((one) => OF_PROJECT.has(one))) return false;
  const last = path.at(-1)!;
  if (path.length === 3) return last !== 'changes' && last !== 'merge_group';
  // A list, or what stands at one place of it.
  if (/^(?:head|author|committer|\*)$/.test(last)) return true;
  if (!HANDED_OVER.test(last)) return false;
  // Of `pages.*.title` the star says nothing.
  const isList = owner === 'pages' || owner === 'commits';
  const before = path.toReversed().find((one, at) => at > 0 && !(one === '*' && isList)) ?? '*';
  return BEHIND[last] === undefined || BEHIND[last].test(before);
}
