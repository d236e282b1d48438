import { formatted, joined } from './joined.ts';
import { Lexer, type Token, WORDS } from './lexer.ts';
import {
  canonical,
  type Names,
  NOTHING,
  ORIGIN,
  originOf,
  type Value,
  valueFrom,
  withoutSecret,
} from './values.ts';

/** What a call is told with. */
export interface Call {
  /** The function, by its dotted name. */
  readonly path: string | null;
  /** What the function is an attribute of. */
  readonly of: Value;
  readonly args: readonly Value[];
  readonly named: ReadonlyMap<string, Value>;
  readonly offset: number;
}

/** Tokens of one statement; a longer one is read in pieces, and told as unread. */
const TOKENS_MAX = 500_000;
/** Brackets within each other that are read: Python itself takes 200. What is deeper is told as unread. */
const DEPTH_MAX = 256;
/** Characters of a dotted name that is looked up. */
const WRITTEN_MAX = 256;
const OPENS = /^[([{]$/;
/** All variables of the environment, as a whole. */
const WHOLE_ENVIRONMENT = /^os\.environb?(?:\.copy\(\))?$/;

/** Reads Python expression by expression, and tells each call with what is known of its arguments. */
export class PythonReader {
  readonly names: Names;
  readonly #onCall: (call: Call) => Value;
  readonly #onUnread: (offset: number) => void;
  readonly #onImport: (module: string, offset: number) => void;
  readonly #onName: ((path: string, offset: number) => void) | undefined;
  #tokens: readonly Token[] = [];
  /** Where each bracket that opens is closed. */
  #closes = new Map<number, number>();
  #depth = 0;
  /** The function that is defined last. */
  #function: string | null = null;

  /**
   * @param onCall gives what comes of it
   * @param onUnread told where a limit leaves something out
   * @param onImport told each module that a statement imports
   * @param onName told what is named and not called, by its dotted name
   */
  constructor(
    names: Names,
    onCall: (call: Call) => Value,
    onUnread: (offset: number) => void,
    onImport: (module: string, offset: number) => void,
    onName?: (path: string, offset: number) => void,
  ) {
    this.names = names;
    this.#onCall = onCall;
    this.#onUnread = onUnread;
    this.#onImport = onImport;
    this.#onName = onName;
  }

  /** @param goOn asked between statements */
  read(source: string, goOn: () => boolean): void {
    const lexer = new Lexer(source);
    for (const line of lexer.lines(TOKENS_MAX)) {
      const { offset } = line[0]!;
      if (!goOn()) return this.#onUnread(offset);
      if (line.length >= TOKENS_MAX || !lexer.isWhole) this.#onUnread(offset);
      lexer.isWhole = true;
      this.#line(line);
    }
  }

  /** Reads tokens, and comes back to those before. @returns what they come to, part by part */
  #line(tokens: readonly Token[]): readonly Value[] {
    const before = [this.#tokens, this.#closes] as const;
    this.#tokens = tokens;
    this.#closes = new Map();
    const open: number[] = [];
    for (const [at, { kind, text }] of tokens.entries()) {
      if (kind !== 'sign') continue;
      if (OPENS.test(text)) open.push(at);
      else if (/^[)\]}]$/.test(text) && open.length > 0) this.#closes.set(open.pop()!, at);
    }
    const values = this.#split(0, tokens.length, ';').map(([from, to]) => this.#statement(from, to));
    [this.#tokens, this.#closes] = before;
    return values;
  }

  #is(at: number, text: string): boolean {
    const token = this.#tokens[at];
    return token !== undefined && token.kind !== 'text' && token.text === text;
  }

  #closeOf(at: number, to: number): number {
    return Math.min(this.#closes.get(at) ?? to, to);
  }

  /** Parts between signs that stand in no further bracket. */
  #split(from: number, to: number, sign: string): (readonly [number, number])[] {
    const parts: (readonly [number, number])[] = [];
    let start = from;
    for (let at = from; at < to; at++) {
      const token = this.#tokens[at]!;
      if (token.kind !== 'sign' && token.kind !== 'end') continue;
      if (OPENS.test(token.text)) at = this.#closeOf(at, to);
      else if (token.text === sign || token.kind === 'end') {
        parts.push([start, at]);
        start = at + 1;
      }
    }
    return [...parts, [start, to]];
  }

  #statement(from: number, to: number): Value {
    for (let at = from; at < to; at++)
      if (this.#is(at, 'import')) {
        const begin = this.#importFrom(from, at);
        // What stands before it on one line: `if f(): import a`.
        if (begin > from) this.#values(from, begin);
        this.#import(begin, at, to);
        return NOTHING;
      }
    if (this.#is(from, 'for')) {
      const [target, of] = this.#splitIn(from + 1, to);
      if (of !== null) this.#assign(from + 1, target, of);
    }
    const parts = this.#split(from, to, '=');
    const [last] = parts.slice(-1);
    const value = this.#values(last![0], last![1]);
    for (const [start, end] of parts.slice(0, -1)) {
      this.#expression(start, end);
      this.#assign(start, end, value);
    }
    if (this.#function !== null && this.#hasReturn(from, to))
      this.names.setReturned(`(own).${this.#function}`, value.origin);
    const augmented = this.#split(from, to, '+=');
    if (augmented.length === 2) this.#assign(augmented[0]![0], augmented[0]![1], value);
    return value;
  }

  /** Whether a statement gives something back: `return x`, `def f(): return x`. */
  #hasReturn(from: number, to: number): boolean {
    if (this.#is(from, 'return') || this.#is(from, 'yield')) return true;
    if (!this.#is(from, 'def') && !this.#is(from, 'async')) return false;
    for (let at = from; at < to; at++) if (this.#is(at, 'return')) return true;
    return false;
  }

  /** One expression, or several with commas between them. */
  #values(from: number, to: number): Value {
    const parts = this.#split(from, to, ',');
    if (parts.length === 1) return this.#expression(from, to);
    const items = parts.map(([start, end]) => this.#expression(start, end));
    return { path: null, text: null, origin: originOf(items), items };
  }

  /** @returns where the targets of a loop end, and what it goes through */
  #splitIn(from: number, to: number): readonly [number, Value | null] {
    for (let at = from; at < to; at++)
      if (this.#is(at, 'in')) {
        const [from, end] = this.#split(at + 1, to, ':')[0]!;
        const through = this.#values(from, end);
        const said = through.items?.map(({ text }) => text) ?? [];
        // One after the other, as lines are.
        return [at, valueFrom(null, through.origin, isSaid(said) ? said.join('\n') : null)];
      }
    return [from, null];
  }

  /** Where a statement that imports begins: with `from` and a name with dots, or with `import`. */
  #importFrom(from: number, at: number): number {
    let begin = at - 1;
    while (begin >= from && /^(?:\.+|[\p{ID_Start}_][\p{ID_Continue}]*)$/u.test(this.#tokens[begin]!.text)) {
      if (this.#is(begin, 'from')) return begin;
      if (this.#tokens[begin]!.kind === 'text' || WORDS.has(this.#tokens[begin]!.text)) break;
      begin--;
    }
    return at;
  }

  /** `import a.b as c, d`, `from a import b as c`. */
  #import(from: number, at: number, to: number): void {
    const module = from === at ? '' : `${this.#written(from + 1, at)}.`;
    const start = this.#is(at + 1, '(') ? at + 2 : at + 1;
    for (const [begin, end] of this.#split(start, to, ',')) {
      let as = begin;
      while (as < end && !this.#is(as, 'as') && !this.#is(as, ')')) as++;
      const name = this.#written(begin, as);
      if (name === '') continue;
      this.#onImport(module + name, this.#tokens[at]!.offset);
      const alias = this.#is(as, 'as') ? this.#tokens[as + 1]?.text : undefined;
      if (alias !== undefined) this.names.set(alias, valueFrom(module + name));
      else if (module !== '' && name === '*') this.names.setAll(module);
      else if (module !== '') this.names.set(name, valueFrom(module + name));
    }
  }

  #written(from: number, to: number): string {
    return this.#tokens
      .slice(from, Math.min(to, from + 64))
      .map(({ text }) => text)
      .join('');
  }

  /** Gives the names at the end of a target a value: of several, each its own where they are told. */
  #assign(from: number, to: number, value: Value): void {
    const targets = this.#split(from, to, ',');
    for (const [index, [start, end]] of targets.entries()) {
      // Of `x: type` it is the first that is named.
      const isTyped = this.#is(start + 1, ':') && !WORDS.has(this.#tokens[start]!.text);
      const stop = isTyped ? start + 1 : end;
      let begin = stop - 1;
      if (this.#tokens[begin]?.kind !== 'name') continue;
      while (begin - 2 >= start && this.#is(begin - 1, '.') && this.#tokens[begin - 2]?.kind === 'name')
        begin -= 2;
      const own = targets.length === 1 ? value : value.items?.[index];
      this.names.set(this.#written(begin, stop), own ?? { ...NOTHING, origin: value.origin });
    }
  }

  #unread(at: number): Value {
    this.#onUnread(this.#tokens[at]!.offset);
    return { ...NOTHING, origin: ORIGIN.cut };
  }

  #expression(from: number, to: number): Value {
    if (from >= to) return NOTHING;
    if (this.#depth >= DEPTH_MAX) return this.#unread(from);
    this.#depth++;
    const values: Value[] = [];
    const signs: string[] = [];
    for (let at = from; at < to; ) {
      const token = this.#tokens[at]!;
      if (token.kind === 'name' && WORDS.has(token.text)) {
        at = this.#word(token.text, at, to, values.at(-1));
        signs.push(token.text);
      } else if (token.kind === 'name' && this.#is(at + 1, ':=')) {
        const value = this.#expression(at + 2, to);
        this.#assign(at, at + 1, value);
        values.push(value);
        break;
      } else if (token.kind === 'sign' && !OPENS.test(token.text)) {
        signs.push(token.text);
        at++;
      } else {
        const [value, end] = this.#primary(at, to);
        values.push(value);
        at = end;
      }
    }
    this.#depth--;
    return joined(values, signs);
  }

  /** A word of the language. @returns where to go on */
  #word(word: string, at: number, to: number, before: Value | undefined): number {
    const name = this.#tokens[at + 1];
    if (word === 'as' && name?.kind === 'name' && before) this.names.set(name.text, before);
    if ((word !== 'def' && word !== 'class') || name?.kind !== 'name') return at + 1;
    // A name that is defined here is not the one that Python has.
    this.names.set(name.text, valueFrom(`(own).${name.text}`));
    if (word === 'def') this.#function = name.text;
    if (!this.#is(at + 2, '(')) return at + 2;
    const close = this.#closeOf(at + 2, to);
    const { named } = this.#arguments(at + 3, close);
    for (const [parameter, value] of named) if (value.path !== null) this.names.set(parameter, value);
    return close + 1;
  }

  /** A name, text or bracket, with all that follows it: attributes, calls, subscripts. */
  #primary(from: number, to: number): readonly [Value, number] {
    const first = this.#tokens[from]!;
    let at = from + 1;
    let value: Value;
    /** The names so far, as they are written. */
    let written: string | null = null;
    /** Whether the last of it is a call. */
    let isMade = false;
    if (first.kind === 'name') {
      written = first.text;
      value = this.names.get(written) ?? valueFrom(written);
    } else if (first.kind === 'text') {
      [value, at] = this.#texts(from, to);
    } else if (first.kind === 'sign') {
      const close = this.#closeOf(from, to);
      value = this.#bracket(first.text, from + 1, close);
      at = close + 1;
    } else value = valueFrom(null, 0, first.text);
    while (at < to) {
      const token = this.#tokens[at]!;
      if (token.kind !== 'sign') break;
      if (token.text === '.' && this.#tokens[at + 1]?.kind === 'name') {
        const { text } = this.#tokens[at + 1]!;
        if (written !== null && written.length > WRITTEN_MAX) this.#onUnread(first.offset);
        written = written === null || written.length > WRITTEN_MAX ? null : `${written}.${text}`;
        value =
          (written === null ? undefined : this.names.get(written)) ??
          valueFrom(`${value.path ?? ''}.${text}`, value.origin, value.text);
        isMade = false;
        at += 2;
        continue;
      }
      if (token.text !== '(' && token.text !== '[') break;
      const close = this.#closeOf(at, to);
      value =
        token.text === '('
          ? this.#call(value, at + 1, close, first.offset)
          : this.#subscript(value, at + 1, close);
      written = null;
      isMade = token.text === '(';
      at = close + 1;
    }
    if (!isMade && value.path !== null) this.#onName?.(value.path, first.offset);
    if (value.path !== null && WHOLE_ENVIRONMENT.test(canonical(value.path)))
      value = { ...value, origin: value.origin | ORIGIN.secret };
    return [value, at];
  }

  #call(of: Value, from: number, to: number, offset: number): Value {
    const { args, named } = this.#arguments(from, to);
    return this.#onCall({ path: of.path, of, args, named, offset });
  }

  #arguments(from: number, to: number): { readonly args: Value[]; readonly named: Map<string, Value> } {
    const args: Value[] = [];
    const named = new Map<string, Value>();
    for (const [start, end] of this.#split(from, to, ',')) {
      if (start >= end) continue;
      if (this.#tokens[start]!.kind === 'name' && this.#is(start + 1, '='))
        named.set(this.#tokens[start]!.text, this.#expression(start + 2, end));
      else args.push(this.#expression(start, end));
    }
    return { args, named };
  }

  /** One name out of a module or its names: `vars(os)["system"]`, `sys.modules["os"]`. */
  #subscript(of: Value, from: number, to: number): Value {
    const key = this.#expression(from, to);
    const origin = withoutSecret(of.origin);
    if (of.text !== null && this.#written(from, to) === '::-1')
      return valueFrom(null, of.origin, [...of.text].reverse().join(''));
    const path = of.path?.replace(/\.__dict__$/, '') ?? null;
    if (key.text === null || path === null) return valueFrom(null, origin | key.origin, of.text);
    if (path === 'sys.modules') return valueFrom(key.text, origin);
    if (path === '(names)') return this.names.get(key.text) ?? valueFrom(key.text);
    return valueFrom(/^\w+$/.test(key.text) ? `${path}.${key.text}` : null, origin);
  }

  #texts(from: number, to: number): readonly [Value, number] {
    let text = '';
    let origin = 0;
    let at = from;
    for (; at < to && this.#tokens[at]!.kind === 'text'; at++) {
      const token = this.#tokens[at]!;
      if (!token.inner) {
        text += token.text;
        continue;
      }
      if (this.#depth >= DEPTH_MAX) {
        origin |= this.#unread(at).origin;
        continue;
      }
      this.#depth++;
      const values = this.#line(token.inner);
      this.#depth--;
      origin |= originOf(values);
      text += formatted(token.text, values);
    }
    return [valueFrom(null, origin, text), at];
  }

  #bracket(sign: string, from: number, to: number): Value {
    const parts = this.#split(from, to, ',');
    if (sign === '(' && parts.length === 1) return this.#expression(from, to);
    const items = parts
      .filter(([start, end]) => start < end)
      .map(([start, end]) => this.#expression(start, end));
    return { path: null, text: null, origin: originOf(items), items };
  }
}

const isSaid = (texts: readonly (string | null)[]): boolean =>
  texts.length > 0 && texts.every((text) => text !== null);
