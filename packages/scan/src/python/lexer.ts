import { PYTHON_ESCAPES } from '../text/python-escapes.ts';
import { TEXT_CHARACTERS_MAX } from './values.ts';

/** Stands in a formatted text for what an expression comes to. */
export const PLACE = '\0';

/** A token of Python. Of a text, `text` is what it says; of all else, how it is written. */
export interface Token {
  readonly kind: 'name' | 'text' | 'number' | 'sign' | 'end';
  readonly text: string;
  readonly offset: number;
  /** Tokens of the expressions in a formatted text, each closed by an `end`. */
  readonly inner?: readonly Token[];
}

const SPACE = /(?:[ \t\f]|\\(?:\r\n|[\r\n]))+|#[^\r\n]*/y;
const LINE_END = /\r\n|[\r\n]/y;
const NAME = /[\p{ID_Start}_][\p{ID_Continue}]*/uy;
/** Letters behind it that are none of its own are a word: `1and f()`. */
const NUMBER = /0[xX][\da-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|\d[\d_]*(?:\.[\d_]*)?(?:[eE][-+]?\d[\d_]*)?[jJ]?/y;
const SIGN = /:=|==|!=|<=|>=|->|\*\*|\/\/|[-+*/%@&|^<>]=|[^\s]/uy;
const PREFIX = /^(?:[rbu]|br|rb|f|fr|rf|t|tr|rt)$/i;
const QUOTE = /'''|"""|['"]/y;
/** Words of the language: a name that is folded to one of them is none of them to Python. */
export const WORDS: ReadonlySet<string> = new Set(
  (
    'and as assert async await break case class continue def del elif else except finally for from global if import in is lambda ' +
    'match nonlocal not or pass raise return try while with yield'
  ).split(' '),
);
/** What sets such a name apart from the word: a sign of no name. */
const FOLDED = '\u00b7';
/** Formatted texts within each other. */
const FORMATTED_DEPTH_MAX = 8;

/** What an escape after its backslash stands for, and how long it is. */
function escapeAt(source: string, at: number): readonly [string, number] {
  const rest = source.slice(at, at + 9);
  const coded = /^(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8}))/i.exec(rest);
  if (coded) {
    const code = Number.parseInt(coded[1] ?? coded[2] ?? coded[3]!, 16);
    return [code <= 0x10ffff ? String.fromCodePoint(code) : '', coded[0].length];
  }
  const octal = /^[0-7]{1,3}/.exec(rest);
  if (octal) return [String.fromCodePoint(Number.parseInt(octal[0], 8)), octal[0].length];
  if (rest.startsWith('\r\n')) return ['', 2];
  const one = rest[0] ?? '';
  if (one === '\n' || one === '\r') return ['', 1];
  return [PYTHON_ESCAPES[one] ?? (/[\\'"]/.test(one) ? one : `\\${one}`), 1];
}

/** The same in a text where it stands for itself: what is behind it, the end of a line too, ends no text. */
function rawAt(source: string, at: number): readonly [string, number] {
  const length = source.startsWith('\r\n', at + 1) ? 2 : 1;
  return [source.slice(at, at + 1 + length), length];
}

/**
 * Reads Python as its tokenizer does (Language Reference 2, formatted texts as of 3.12): comments are gone, escapes are what they
 * stand for, names are in the form NFKC. What is no Python is read on as well as it goes.
 */
export class Lexer {
  readonly #source: string;
  #at = 0;
  /** Whether all expressions in formatted texts so far were read. */
  isWhole = true;

  constructor(source: string) {
    this.#source = source;
  }

  /** The tokens of one logical line after another. @param tokensMax a longer line is given in pieces */
  *lines(tokensMax: number): Generator<readonly Token[]> {
    let line: Token[] = [];
    let open = 0;
    while (this.#at < this.#source.length) {
      const token = this.#next(0);
      if (token === null) continue;
      if (token.kind === 'end') {
        if (open > 0) continue;
      } else line.push(token);
      if (token.kind === 'sign') {
        if (/^[([{]$/.test(token.text)) open++;
        else if (/^[)\]}]$/.test(token.text)) open = Math.max(0, open - 1);
      }
      if (line.length > 0 && (token.kind === 'end' || line.length >= tokensMax)) {
        yield line;
        line = [];
        open = 0;
      }
    }
    if (line.length > 0) yield line;
  }

  #match(pattern: RegExp): string | null {
    pattern.lastIndex = this.#at;
    const [found] = pattern.exec(this.#source) ?? [];
    if (found === undefined) return null;
    this.#at += found.length;
    return found;
  }

  /** The next token; null for what is none. */
  #next(depth: number): Token | null {
    if (this.#match(SPACE) !== null) return null;
    const offset = this.#at;
    if (this.#match(LINE_END) !== null) return { kind: 'end', text: '\n', offset };
    const name = this.#match(NAME);
    if (name !== null) {
      const quote = PREFIX.test(name) ? this.#match(QUOTE) : null;
      if (quote !== null) return this.#text(offset, name.toLowerCase(), quote, depth);
      const plain = name.normalize('NFKC');
      return { kind: 'name', text: plain !== name && WORDS.has(plain) ? plain + FOLDED : plain, offset };
    }
    const quote = this.#match(QUOTE);
    if (quote !== null) return this.#text(offset, '', quote, depth);
    const number = this.#match(NUMBER);
    if (number !== null) return { kind: 'number', text: number, offset };
    const sign = this.#match(SIGN);
    if (sign !== null) return { kind: 'sign', text: sign, offset };
    this.#at++;
    return null;
  }

  /** A text from behind its first quote. One on a line of its own that is not closed ends with the line. */
  #text(offset: number, prefix: string, quote: string, depth: number): Token {
    const isRaw = prefix.includes('r');
    const isFormatted = /[ft]/.test(prefix) && depth < FORMATTED_DEPTH_MAX;
    const start = this.#at;
    const inner: Token[] = [];
    const text = this.#literal(quote, isRaw, isFormatted ? inner : null, quote, depth);
    if (!isFormatted && /[ft]/.test(prefix) && this.#source.slice(start, this.#at).includes('{'))
      this.isWhole = false;
    if (this.#source.startsWith(quote, this.#at)) this.#at += quote.length;
    return { kind: 'text', text, offset, ...(inner.length > 0 ? { inner } : {}) };
  }

  /** Characters up to a quote, or in a format up to its brace. @param inner where expressions go; null for a text without */
  #literal(quote: string, isRaw: boolean, inner: Token[] | null, ends: string, depth: number): string {
    const source = this.#source;
    const isLong = quote.length === 3;
    let text = '';
    let from = this.#at;
    const keep = (): void => {
      // One character more than may be kept tells that there were more.
      if (text.length <= TEXT_CHARACTERS_MAX)
        text += source.slice(from, Math.min(this.#at, from + TEXT_CHARACTERS_MAX + 1));
    };
    while (this.#at < source.length) {
      const one = source[this.#at]!;
      if (source.startsWith(quote, this.#at) || source.startsWith(ends, this.#at)) break;
      if (!isLong && (one === '\n' || one === '\r')) break;
      if (one === '\\' && inner !== null && source[this.#at + 1] === '{') {
        // It stands for itself, and the brace begins what it begins without it.
        this.#at++;
      } else if (one === '\\') {
        keep();
        const [stands, length] = isRaw ? rawAt(source, this.#at) : escapeAt(source, this.#at + 1);
        if (text.length <= TEXT_CHARACTERS_MAX) text += stands;
        this.#at += 1 + Math.max(1, length);
        from = this.#at;
      } else if (inner !== null && one === '{') {
        keep();
        if (source[this.#at + 1] === '{' && ends === quote) {
          text += '{';
          this.#at += 2;
        } else {
          if (ends === quote) text += PLACE;
          this.#replaced(quote, isRaw, inner, depth);
        }
        from = this.#at;
      } else this.#at++;
    }
    keep();
    return text;
  }

  /** An expression in braces, with the format behind it. */
  #replaced(quote: string, isRaw: boolean, inner: Token[], depth: number): void {
    this.#at++;
    let open = 0;
    while (this.#at < this.#source.length) {
      // Before 3.12 a text ended with its quote, wherever that stood.
      if (quote.length === 1 && /[\r\n]/.test(this.#source[this.#at]!)) break;
      const token = this.#next(depth + 1);
      if (token === null || token.kind === 'end') continue;
      if (token.kind === 'sign' && open === 0 && token.text === '}') break;
      if (token.kind === 'sign' && open === 0 && token.text === ':') {
        if (depth < FORMATTED_DEPTH_MAX) this.#literal(quote, isRaw, inner, '}', depth + 1);
        else this.isWhole = false;
        continue;
      }
      if (token.kind === 'sign' && /^[([{]$/.test(token.text)) open++;
      if (token.kind === 'sign' && /^[)\]}]$/.test(token.text)) open--;
      inner.push(token);
    }
    inner.push({ kind: 'end', text: '\n', offset: this.#at });
  }
}
