import type { Expression } from './expression.ts';
import type { Stretch } from './jinja-lexer.ts';
import { changed, format, isTexted, pair, range, sliced } from './operations.ts';
import { type Statement, statementsOf } from './statements.ts';
import {
  anyOf,
  asTexts,
  either,
  GIVEN,
  given,
  isCovered,
  itemsOf,
  joined,
  KNOWN,
  list,
  MADE,
  made,
  mapped,
  Scope,
  textOf,
  texts,
  type Value,
} from './value.ts';

/** What is told of a name by which a template reaches into an object. */
export interface NameSeen {
  /** A name that is known. */
  known(name: string): void;
  /** One that the template makes of pieces, in a way that is not followed, or takes from what is said. */
  hidden(): void;
  /** Asked now and then. */
  mayGoOn(): boolean;
}

const STEPS_MAX = 50_000;
const CALLS_MAX = 4;
/** What Jinja brings along. */
const OWN = new Set([
  'namespace',
  'range',
  'true',
  'false',
  'none',
  'True',
  'False',
  'None',
  'loop',
  'cycler',
  'joiner',
  'dict',
  'lipsum',
  'raise_exception',
]);
/** Filters that take the name of an attribute, and in which place where it need not be named. */
const BY_NAME: ReadonlyMap<string, number | null> = new Map([
  ['attr', 0],
  ['selectattr', 0],
  ['rejectattr', 0],
  ['groupby', 0],
  ['sum', 0],
  ['map', null],
  ['sort', null],
  ['unique', null],
  ['min', null],
  ['max', null],
]);

class TooManySteps extends Error {}

interface Macro {
  readonly parameters: readonly (readonly [string, Expression | null])[];
  readonly body: readonly Statement[];
  readonly scope: Scope;
  /** What it prints where it is given nothing of the template's own. */
  plain: Value;
}

/** Follows what a template does with texts: every way it may take at once, in bounded steps. */
class Follower {
  readonly #see: NameSeen;
  #steps = 0;
  readonly #entered = new Set<Macro>();
  /** Whether what is run now may not be, or not once: what it sets may also stay as it was. */
  #perhaps = 0;
  #isInLoop = false;
  /** Whether it is run again: what still grows is not followed further. */
  #isAgain = false;

  constructor(see: NameSeen) {
    this.#see = see;
  }

  #step(): void {
    if (++this.#steps > STEPS_MAX || (this.#steps % 1024 === 0 && !this.#see.mayGoOn()))
      throw new TooManySteps();
  }

  /** @returns what the statements print */
  run(statements: readonly Statement[], scope: Scope): Value {
    let out: Value = textOf('');
    for (const statement of statements) out = joined(out, this.#statement(statement, scope));
    return out;
  }

  #maybe(statements: readonly Statement[], scope: Scope): Value {
    this.#perhaps++;
    const out = this.run(statements, scope);
    this.#perhaps--;
    return either(textOf(''), out);
  }

  #statement(statement: Statement, scope: Scope): Value {
    this.#step();
    switch (statement.is) {
      case 'literal':
        return texts([statement.text, statement.text.trim()]);
      case 'print':
        return this.#value(statement.what, scope);
      case 'set':
        this.#assignAll(statement.names, this.#value(statement.to, scope), scope);
        return textOf('');
      case 'capture': {
        const out = this.run(statement.body, new Scope(scope));
        this.#assign(
          statement.name,
          statement.isChanged ? made : mapped(asTexts(out), (text) => text.trim()),
          scope,
        );
        return textOf('');
      }
      case 'macro': {
        const macro: Macro = { parameters: statement.parameters, body: statement.body, scope, plain: made };
        scope.set(statement.name, { is: 'macro', macro });
        this.#perhaps++;
        macro.plain = this.#enter(macro, [], new Map(), true);
        this.#perhaps--;
        return textOf('');
      }
      case 'scope': {
        const inner = new Scope(scope);
        for (const [name, expression] of statement.sets) inner.set(name, this.#value(expression, scope));
        for (const expression of statement.asked) this.#value(expression, scope);
        return this.run(statement.body, inner);
      }
      case 'branches': {
        for (const expression of statement.asked) this.#value(expression, scope);
        return anyOf(statement.bodies.map((body) => this.#maybe(body, scope)));
      }
      case 'loop':
        return this.#loop(statement, scope);
    }
  }

  #loop({ names, over, isPartial, body, otherwise }: Statement & { is: 'loop' }, scope: Scope): Value {
    const { items, isWhole } = itemsOf(this.#value(over, scope));
    let out: Value = textOf('');
    if (isWhole && !isPartial)
      for (const item of items) {
        const inner = new Scope(scope);
        this.#assignAll(names, item, inner);
        out = joined(out, this.run(body, inner));
      }
    else {
      const item = anyOf(items);
      // What grows from one round to the next is seen in the second; a loop within one is run twice with it.
      const rounds = this.#isInLoop ? 1 : 2;
      for (let round = 0; round < rounds; round++) {
        const inner = new Scope(scope);
        this.#assignAll(names, item, inner);
        this.#isInLoop = true;
        this.#isAgain ||= round > 0;
        this.#maybe(body, inner);
      }
      if (rounds > 1) [this.#isInLoop, this.#isAgain] = [false, false];
      out = given;
    }
    this.#maybe(otherwise, scope);
    return out;
  }

  #assignAll(names: readonly string[], value: Value, scope: Scope): void {
    if (names.length === 1) return this.#assign(names[0]!, value, scope);
    const { items, isWhole } = itemsOf(value);
    for (const [at, name] of names.entries())
      this.#assign(name, isWhole && items.length === names.length ? items[at]! : anyOf(items), scope);
  }

  #merged(before: Value | undefined, value: Value): Value {
    if (this.#perhaps === 0 || before === undefined) return value;
    if (this.#isAgain && !isCovered(before, value)) return made;
    return either(before, value);
  }

  #assign(name: string, value: Value, scope: Scope): void {
    const dot = name.indexOf('.');
    if (dot < 0) return scope.set(name, this.#merged(scope.get(name), value));
    const holder = scope.get(name.slice(0, dot));
    const own = name.slice(dot + 1);
    if (holder?.is === 'entries') holder.entries.set(own, this.#merged(holder.entries.get(own), value));
  }

  /** A name by which something is reached. @param isAttribute whether it can be nothing but an attribute, and not an entry too */
  #reach(key: Value, isAttribute: boolean): void {
    if (key.is !== 'texts') return;
    for (const text of key.texts)
      for (const part of isAttribute ? text.split('.') : [text]) this.#see.known(part);
    if (key.rest === MADE || (isAttribute && key.rest === GIVEN)) this.#see.hidden();
  }

  #value(expression: Expression, scope: Scope): Value {
    this.#step();
    switch (expression.is) {
      case 'text':
        return textOf(expression.value);
      case 'number':
        return { is: 'number', value: expression.value };
      case 'name':
        return scope.get(expression.name) ?? (OWN.has(expression.name) ? { is: 'own' } : given);
      case 'list':
        return list(expression.items.map((one) => this.#value(one, scope)));
      case 'dictionary':
        return this.#dictionary(expression.entries, scope);
      case 'attribute': {
        const of = this.#value(expression.of, scope);
        return (of.is === 'entries' ? of.entries.get(expression.name) : undefined) ?? given;
      }
      case 'item':
        return this.#item(this.#value(expression.of, scope), this.#value(expression.key, scope));
      case 'slice':
        return sliced(
          this.#value(expression.of, scope),
          expression.parts.map((one) => (one === null ? null : this.#value(one, scope))),
        );
      case 'choice':
        if (expression.asked) this.#value(expression.asked, scope);
        return anyOf(expression.either.map((one) => this.#value(one, scope)));
      case 'other':
        for (const one of expression.parts) this.#value(one, scope);
        return given;
      case 'pair':
        return this.#pairs(expression, scope);
      case 'filter':
        return this.#filter(expression, scope);
      case 'call':
        return this.#call(expression, scope);
    }
  }

  #dictionary(entries: readonly (readonly [Expression, Expression])[], scope: Scope): Value {
    const all = new Map<string, Value>();
    for (const [key, expression] of entries) {
      const names = asTexts(this.#value(key, scope));
      const value = this.#value(expression, scope);
      for (const name of names.texts) all.set(name, value);
    }
    return { is: 'entries', entries: all };
  }

  #item(of: Value, key: Value): Value {
    this.#reach(key, false);
    if (of.is === 'entries') {
      const known = key.is === 'texts' && key.rest === KNOWN ? key.texts : null;
      return known
        ? anyOf(known.map((name) => of.entries.get(name) ?? given))
        : anyOf([...of.entries.values(), given]);
    }
    if (key.is === 'number') {
      if (of.is === 'list' && of.isWhole) return of.items.at(key.value) ?? given;
      if (of.is === 'texts') return mapped(of, (text) => [...text].at(key.value) ?? '');
    }
    if (of.is === 'list') return anyOf(of.items);
    return of.is === 'texts' && of.texts.length > 0 ? made : of.is === 'own' ? given : of;
  }

  /** A chain of `~`, `+` and their like, from the left: it may be long. */
  #pairs(expression: Expression & { is: 'pair' }, scope: Scope): Value {
    const chain: (Expression & { is: 'pair' })[] = [];
    let first: Expression = expression;
    for (; first.is === 'pair'; first = first.left) chain.push(first);
    let value = this.#value(first, scope);
    for (const { sign, right } of chain.toReversed()) value = pair(sign, value, this.#value(right, scope));
    return value;
  }

  #filter({ of, name, args, named }: Expression & { is: 'filter' }, scope: Scope): Value {
    const value = this.#value(of, scope);
    const values = args.map((one) => this.#value(one, scope));
    const by = new Map([...named].map(([key, one]) => [key, this.#value(one, scope)]));
    const place = BY_NAME.get(name);
    if (place !== undefined) {
      const key = by.get('attribute') ?? (place === null ? undefined : values[place]);
      if (key) this.#reach(key, true);
      // `map('attr', name)`, and the like with other filters.
      if (name === 'map' && values.length > 1 && asTexts(values[0]!).texts.some((one) => BY_NAME.has(one)))
        this.#reach(values[1]!, true);
    }
    if (name === 'format') return format(value, values, by, true);
    return changed(name, value, values, by) ?? given;
  }

  #call({ of, args, named }: Expression & { is: 'call' }, scope: Scope): Value {
    const values = args.map((one) => this.#value(one, scope));
    const by = new Map([...named].map(([key, one]) => [key, this.#value(one, scope)]));
    if (of.is === 'attribute') return this.#method(of, values, by, scope);
    if (of.is !== 'name') {
      this.#value(of, scope);
      return given;
    }
    const callee = scope.get(of.name);
    if (callee?.is === 'macro') return this.#enter(callee.macro as Macro, values, by);
    if (of.name === 'namespace' || of.name === 'dict') {
      const [first] = values;
      return { is: 'entries', entries: new Map([...(first?.is === 'entries' ? first.entries : []), ...by]) };
    }
    return of.name === 'range' ? range(values) : given;
  }

  #method(
    { of, name }: Expression & { is: 'attribute' },
    values: readonly Value[],
    by: ReadonlyMap<string, Value>,
    scope: Scope,
  ): Value {
    const value = this.#value(of, scope);
    if (value.is === 'entries') {
      const { entries } = value;
      if (name === 'items') return list([...entries].map(([key, one]) => list([textOf(key), one])));
      if (name === 'keys') return list([...entries.keys()].map(textOf));
      if (name === 'values') return list([...entries.values()]);
      if (name === 'get' || name === 'pop') return anyOf([...entries.values(), values[1] ?? given]);
      if (name === 'update')
        for (const [key, one] of [...(values[0]?.is === 'entries' ? values[0].entries : []), ...by])
          entries.set(key, this.#merged(entries.get(key), one));
      const callee = entries.get(name);
      return callee?.is === 'macro' ? this.#enter(callee.macro as Macro, values, by) : given;
    }
    if (value.is === 'list') {
      const place =
        of.is === 'name'
          ? of.name
          : of.is === 'attribute' && of.of.is === 'name'
            ? `${of.of.name}.${of.name}`
            : null;
      const more =
        name === 'append' ? values.slice(0, 1) : name === 'extend' ? itemsOf(values[0] ?? given).items : null;
      if (place !== null && more) this.#assign(place, list([...value.items, ...more], value.isWhole), scope);
      else if (place !== null && /^(?:insert|pop|remove|clear|sort|reverse)$/.test(name))
        this.#assign(place, list([...value.items, ...values], false), scope);
      return name === 'pop' ? anyOf(value.items) : given;
    }
    if (name === 'join') return changed('join', values[0] ?? given, [value], new Map()) ?? given;
    if (name !== 'format') return changed(name, value, values, by) ?? given;
    // A form may reach for attributes of what it is given.
    for (const form of asTexts(value).texts)
      for (const [, field = ''] of form.matchAll(/\{([^{}]{1,200})\}/g))
        for (const part of field.split(/[.[\]]/).slice(1)) this.#see.known(part);
    return format(value, values, by, false);
  }

  /** What a macro prints, for what it is given. */
  #enter(macro: Macro, values: readonly Value[], by: ReadonlyMap<string, Value>, isFirst = false): Value {
    const { parameters, body, scope } = macro;
    // One that is given nothing of the template's own prints what it printed when it was read.
    const isTold = [...values, ...by.values()].some(isTexted);
    if (!(isTold || isFirst)) return macro.plain;
    if (this.#entered.has(macro) || this.#entered.size >= CALLS_MAX) return made;
    const inner = new Scope(scope);
    for (const [at, [name, otherwise]] of parameters.entries())
      inner.set(name, values[at] ?? by.get(name) ?? (otherwise ? this.#value(otherwise, scope) : given));
    this.#entered.add(macro);
    const out = this.run(body, inner);
    this.#entered.delete(macro);
    return mapped(asTexts(out), (text) => text.trim());
  }
}

/**
 * Follows a template for the names by which it reaches into objects.
 * @returns whether it was followed to its end
 */
export function followNames(stretches: readonly Stretch[], see: NameSeen): boolean {
  const statements = statementsOf(stretches);
  if (!statements) return false;
  try {
    new Follower(see).run(statements, new Scope());
    return true;
  } catch (fault) {
    if (fault instanceof TooManySteps) return false;
    throw fault;
  }
}
