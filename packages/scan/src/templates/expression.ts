import { tableOf } from '@sallyport/core';
import type { Token } from './jinja-lexer.ts';

/** An expression of Jinja, as far as it can make texts or reach for something by a name. */
export type Expression =
  | { readonly is: 'text'; readonly value: string }
  | { readonly is: 'number'; readonly value: number }
  | { readonly is: 'name'; readonly name: string }
  | { readonly is: 'list'; readonly items: readonly Expression[] }
  | { readonly is: 'dictionary'; readonly entries: readonly (readonly [Expression, Expression])[] }
  | { readonly is: 'attribute'; readonly of: Expression; readonly name: string }
  | { readonly is: 'item'; readonly of: Expression; readonly key: Expression }
  | { readonly is: 'slice'; readonly of: Expression; readonly parts: readonly (Expression | null)[] }
  | {
      readonly is: 'filter';
      readonly of: Expression;
      readonly name: string;
      readonly args: readonly Expression[];
      readonly named: ReadonlyMap<string, Expression>;
    }
  | {
      readonly is: 'call';
      readonly of: Expression;
      readonly args: readonly Expression[];
      readonly named: ReadonlyMap<string, Expression>;
    }
  | { readonly is: 'pair'; readonly sign: string; readonly left: Expression; readonly right: Expression }
  /** `asked`: what it depends on. */
  | { readonly is: 'choice'; readonly either: readonly Expression[]; readonly asked?: Expression }
  | { readonly is: 'other'; readonly parts: readonly Expression[] };

/** Expressions within each other. */
const DEPTH_MAX = 100;
const NOTHING: Expression = { is: 'other', parts: [] };
const COMPARISONS: ReadonlySet<string> = new Set(['==', '!=', '<', '>', '<=', '>=']);
const OPENING = tableOf<string>({ '(': ')', '[': ']', '{': '}' });

/** Reads expressions from the pieces of a stretch, in the order of precedence of Jinja (its `parser.py`). What is none is passed over. */
export class ExpressionReader {
  readonly #tokens: readonly Token[];
  #at: number;
  #depth = 0;
  /** Whether it nests deeper than is read: what follows was passed over. */
  isTooDeep = false;

  constructor(tokens: readonly Token[], from = 0) {
    this.#tokens = tokens;
    this.#at = from;
  }

  get isDone(): boolean {
    return this.#at >= this.#tokens.length;
  }

  /** Takes a piece, if it is the next one. */
  take(value: string): boolean {
    const token = this.#tokens[this.#at];
    if (!token || token.kind === 'text' || token.value !== value) return false;
    this.#at++;
    return true;
  }

  takeName(): string | null {
    const token = this.#tokens[this.#at];
    if (token?.kind !== 'name') return null;
    this.#at++;
    return token.value;
  }

  passOver(): void {
    this.#at++;
  }

  /** An expression, or several with commas between as one list. */
  tuple(): Expression {
    const first = this.expression();
    if (!this.take(',')) return first;
    const items = [first];
    while (!this.isDone && !this.#isNext('in', ')', ']', '}', '=')) {
      items.push(this.expression());
      if (!this.take(',')) break;
    }
    return { is: 'list', items };
  }

  /** @param mayChoose whether `if` makes a choice here, and is not the condition of a loop */
  expression(mayChoose = true): Expression {
    if (++this.#depth > DEPTH_MAX) {
      this.#giveUp();
      this.#depth--;
      return NOTHING;
    }
    let value = this.#logic();
    while (mayChoose && this.take('if')) {
      const condition = this.#logic();
      const other: Expression = this.take('else') ? this.expression() : { is: 'text', value: '' };
      value = { is: 'choice', either: [value, other], asked: condition };
    }
    this.#depth--;
    return value;
  }

  #giveUp(): void {
    this.isTooDeep = true;
    this.#at = this.#tokens.length;
  }

  #isNext(...values: readonly string[]): boolean {
    const token = this.#tokens[this.#at];
    return token !== undefined && token.kind !== 'text' && values.includes(token.value);
  }

  /** `or`, `and`: either side may come out of them. */
  #logic(): Expression {
    const either = [this.#comparison()];
    while (this.take('or') || this.take('and')) either.push(this.#comparison());
    return either.length === 1 ? either[0]! : { is: 'choice', either };
  }

  #comparison(): Expression {
    if (this.take('not')) return { is: 'other', parts: [this.#deeper(() => this.#comparison())] };
    const parts = [this.#sum()];
    for (;;) {
      const token = this.#tokens[this.#at];
      if (token?.kind === 'sign' && COMPARISONS.has(token.value)) this.#at++;
      else if (this.#isNext('not') && this.#tokens[this.#at + 1]?.value === 'in') this.#at += 2;
      else if (!this.take('in')) break;
      parts.push(this.#sum());
    }
    return parts.length === 1 ? parts[0]! : { is: 'other', parts };
  }

  #pairs(signs: readonly string[], inner: () => Expression): Expression {
    let left = inner();
    for (;;) {
      const sign = signs.find((one) => this.take(one));
      if (sign === undefined) return left;
      left = { is: 'pair', sign, left, right: inner() };
    }
  }

  #sum(): Expression {
    return this.#pairs(['+', '-'], () => this.#pairs(['~'], () => this.#product()));
  }

  #product(): Expression {
    return this.#pairs(['*', '/', '//', '%'], () => this.#pairs(['**'], () => this.#unary()));
  }

  #unary(): Expression {
    if (this.take('-') || this.take('+')) {
      const value = this.#deeper(() => this.#unary());
      return value.is === 'number' ? { is: 'number', value: -value.value } : { is: 'other', parts: [value] };
    }
    return this.#postfix(this.#primary());
  }

  #deeper(read: () => Expression): Expression {
    if (++this.#depth > DEPTH_MAX) this.#giveUp();
    const value = this.isDone ? NOTHING : read();
    this.#depth--;
    return value;
  }

  #primary(): Expression {
    const token = this.#tokens[this.#at];
    if (!token) return NOTHING;
    this.#at++;
    if (token.kind === 'number') return { is: 'number', value: Number(token.value.replaceAll('_', '')) };
    if (token.kind === 'name') return { is: 'name', name: token.value };
    if (token.kind === 'text') {
      let value = token.value;
      for (let next = this.#tokens[this.#at]; next?.kind === 'text'; next = this.#tokens[this.#at]) {
        value += next.value;
        this.#at++;
      }
      return { is: 'text', value };
    }
    if (token.value === '(' || token.value === '[') return this.#list(OPENING[token.value]!);
    if (token.value === '{') return this.#dictionary();
    return NOTHING;
  }

  #list(close: string): Expression {
    const items: Expression[] = [];
    let isList = close === ']';
    while (!this.isDone && !this.take(close)) {
      items.push(this.expression());
      if (this.take(',')) isList = true;
      else if (!this.#isNext(close)) this.passOver();
    }
    return isList || items.length !== 1 ? { is: 'list', items } : items[0]!;
  }

  #dictionary(): Expression {
    const entries: [Expression, Expression][] = [];
    while (!this.isDone && !this.take('}')) {
      const key = this.expression();
      entries.push([key, this.take(':') ? this.expression() : NOTHING]);
      if (!this.take(',') && !this.#isNext('}')) this.passOver();
    }
    return { is: 'dictionary', entries };
  }

  #postfix(first: Expression): Expression {
    let of = first;
    for (let steps = 0; ; steps++) {
      if (steps > DEPTH_MAX) this.#giveUp();
      if (this.take('.')) {
        const token = this.#tokens[this.#at++];
        if (!token) return of;
        of =
          token.kind === 'number'
            ? { is: 'item', of, key: { is: 'number', value: Number(token.value) } }
            : { is: 'attribute', of, name: token.value };
      } else if (this.take('[')) of = this.#subscript(of);
      else if (this.take('(')) of = { is: 'call', of, ...this.#arguments() };
      else if (this.take('|')) {
        const name = this.#names();
        const given = this.take('(') ? this.#arguments() : { args: [], named: new Map() };
        of = { is: 'filter', of, name, ...given };
      } else if (this.take('is')) {
        this.take('not');
        this.#names();
        const given = this.take('(') ? this.#arguments().args : this.#testArgument();
        of = { is: 'other', parts: [of, ...given] };
      } else return of;
    }
  }

  /** A name, with dots within. */
  #names(): string {
    let name = this.takeName() ?? '';
    while (this.#isNext('.') && this.#tokens[this.#at + 1]?.kind === 'name') {
      this.passOver();
      name += `.${this.takeName()}`;
    }
    return name;
  }

  /** What a test is held against without brackets. */
  #testArgument(): Expression[] {
    const token = this.#tokens[this.#at];
    const begins =
      token?.kind === 'text' ||
      token?.kind === 'number' ||
      (token?.kind === 'name' && !/^(?:else|or|and|is|if|not|in|recursive)$/.test(token.value));
    return begins ? [this.#deeper(() => this.#primary())] : [];
  }

  #subscript(of: Expression): Expression {
    const parts: (Expression | null)[] = [];
    let isSlice = false;
    let current: Expression | null = null;
    while (!this.isDone && !this.take(']')) {
      if (this.take(':')) {
        isSlice = true;
        parts.push(current);
        current = null;
      } else if (!this.take(',')) current = this.expression();
    }
    parts.push(current);
    return isSlice ? { is: 'slice', of, parts } : { is: 'item', of, key: current ?? NOTHING };
  }

  #arguments(): { args: Expression[]; named: Map<string, Expression> } {
    const args: Expression[] = [];
    const named = new Map<string, Expression>();
    while (!this.isDone && !this.take(')')) {
      this.take('*');
      this.take('**');
      const token = this.#tokens[this.#at];
      if (token?.kind === 'name' && this.#tokens[this.#at + 1]?.value === '=') {
        this.#at += 2;
        named.set(token.value, this.expression());
      } else args.push(this.expression());
      if (!this.take(',') && !this.#isNext(')')) this.passOver();
    }
    return { args, named };
  }
}
