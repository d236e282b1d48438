import { type Expression, ExpressionReader } from './expression.ts';
import type { Stretch, Token } from './jinja-lexer.ts';

/** A part of a template, in order. */
export type Statement =
  | { readonly is: 'literal'; readonly text: string }
  | { readonly is: 'print'; readonly what: Expression }
  | { readonly is: 'set'; readonly names: readonly string[]; readonly to: Expression }
  | { readonly is: 'capture'; readonly name: string; readonly isChanged: boolean; readonly body: Statement[] }
  | {
      readonly is: 'loop';
      readonly names: readonly string[];
      readonly over: Expression;
      /** Whether not every item is taken, or not to the end. */
      isPartial: boolean;
      readonly body: Statement[];
      readonly otherwise: Statement[];
    }
  | { readonly is: 'branches'; readonly asked: Expression[]; readonly bodies: Statement[][] }
  | {
      readonly is: 'macro';
      readonly name: string;
      readonly parameters: readonly (readonly [string, Expression | null])[];
      readonly body: Statement[];
    }
  | {
      readonly is: 'scope';
      readonly sets: readonly (readonly [string, Expression])[];
      readonly asked: readonly Expression[];
      readonly body: Statement[];
    };

const NESTED_MAX = 200;

/** Names that a statement gives something, `ns.name` for one in a namespace. */
function targets(reader: ExpressionReader): string[] {
  const names: string[] = [];
  const bracketed = reader.take('(');
  for (let name = reader.takeName(); name !== null; name = reader.takeName()) {
    while (reader.take('.')) name += `.${reader.takeName() ?? ''}`;
    names.push(name);
    if (!reader.take(',')) break;
  }
  if (bracketed) reader.take(')');
  return names;
}

const isMark = (token: Token | undefined): boolean =>
  token?.kind === 'sign' && (token.value === '-' || token.value === '+');

/** Pieces without the marks by which blanks around a stretch are taken away. */
function plain(tokens: readonly Token[]): readonly Token[] {
  const from = isMark(tokens[0]) ? 1 : 0;
  return tokens.slice(from, isMark(tokens.at(-1)) ? -1 : tokens.length);
}

/** Takes a template apart into statements within statements. @returns null where it nests deeper than is read */
export function statementsOf(stretches: readonly Stretch[]): Statement[] | null {
  const root: Statement[] = [];
  const open: { statement: Statement | null; body: Statement[] }[] = [{ statement: null, body: root }];
  let isTooDeep = false;
  for (const { kind, text, tokens } of stretches) {
    const { body, statement } = open.at(-1)!;
    if (kind === 'literal') {
      body.push({ is: 'literal', text });
      continue;
    }
    const reader = new ExpressionReader(plain(tokens));
    if (kind === 'expression') body.push({ is: 'print', what: reader.tuple() });
    else {
      const word = reader.takeName() ?? '';
      if (word.startsWith('end')) {
        if (open.length > 1) open.pop();
      } else if (word === 'elif' || word === 'else') {
        if (statement?.is === 'branches') {
          if (word === 'elif') statement.asked.push(reader.expression());
          const next: Statement[] = [];
          statement.bodies.push(next);
          open[open.length - 1] = { statement, body: next };
        } else if (statement?.is === 'loop') open[open.length - 1] = { statement, body: statement.otherwise };
      } else if (word === 'break' || word === 'continue') {
        for (const { statement: around } of open) if (around?.is === 'loop') around.isPartial = true;
      } else {
        const [next, inner] = begun(word, reader);
        body.push(next);
        if (inner) open.push({ statement: next, body: inner });
      }
    }
    isTooDeep ||= reader.isTooDeep || open.length > NESTED_MAX;
  }
  return isTooDeep ? null : root;
}

/** A statement, and what it holds where it goes on to its end. */
function begun(word: string, reader: ExpressionReader): [Statement, Statement[]?] {
  const body: Statement[] = [];
  if (word === 'set') {
    const names = targets(reader);
    if (reader.take('=')) return [{ is: 'set', names, to: reader.tuple() }];
    return [{ is: 'capture', name: names[0] ?? '', isChanged: !reader.isDone, body }, body];
  }
  if (word === 'for') {
    const names = targets(reader);
    reader.take('in');
    const over = reader.expression(false);
    const isPartial = !reader.isDone;
    const asked = reader.take('if') ? [reader.expression()] : [];
    const loop: Statement = { is: 'loop', names, over, isPartial, body, otherwise: [] };
    if (asked.length > 0) body.push({ is: 'scope', sets: [], asked, body: [] });
    return [loop, body];
  }
  if (word === 'if') return [{ is: 'branches', asked: [reader.expression()], bodies: [body] }, body];
  if (word === 'macro') {
    const name = reader.takeName() ?? '';
    const parameters: [string, Expression | null][] = [];
    reader.take('(');
    for (let own = reader.takeName(); own !== null; own = reader.takeName()) {
      parameters.push([own, reader.take('=') ? reader.expression() : null]);
      reader.take(',');
    }
    return [{ is: 'macro', name, parameters, body }, body];
  }
  if (word === 'with') {
    const sets: [string, Expression][] = [];
    while (!reader.isDone) {
      const [name = ''] = [reader.takeName() ?? ''];
      reader.take('=');
      sets.push([name, reader.expression()]);
      if (!reader.take(',')) break;
    }
    return [{ is: 'scope', sets, asked: [], body }, body];
  }
  if (
    word === 'call' ||
    word === 'filter' ||
    word === 'block' ||
    word === 'generation' ||
    word === 'autoescape'
  ) {
    if (word === 'block') reader.takeName();
    const asked = reader.isDone ? [] : [reader.expression()];
    return [{ is: 'scope', sets: [], asked, body }, body];
  }
  // `do`, `print` and what is not known.
  return [{ is: 'print', what: reader.isDone ? { is: 'text', value: '' } : reader.tuple() }];
}
