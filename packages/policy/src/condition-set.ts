import { createRequire } from 'node:module';
import type { Condition, ConditionSubject } from '@sallyport/core';

type Cel = typeof import('@bufbuild/cel');
type Ext = typeof import('@bufbuild/cel/ext');

/** What a condition is asked about: `call`, and `input`, `output` or `tool` by its subject. */
export type Facts = Readonly<Record<string, unknown>>;

/** A condition that holds, or that nobody can tell of, which counts as much. */
export interface ConditionFinding {
  readonly condition: Condition;
  /** False where the expression asks for what is not there, or for what it cannot have. */
  readonly judged: boolean;
}

/** A condition that cannot be used, and why. */
export class ConditionError extends Error {
  readonly condition: string;
  constructor(condition: string, message: string) {
    super(`condition \`${condition}\`: ${message}`);
    this.condition = condition;
  }
}

const VARIABLES: Readonly<Record<ConditionSubject, readonly string[]>> = {
  row: ['call', 'input', 'output'],
  tool: ['call', 'tool'],
  call: ['call', 'input', 'output'],
};

type Evaluated = 'holds' | 'does not' | string;

interface Ready {
  readonly condition: Condition;
  readonly needsOutput: boolean;
  readonly evaluate: (facts: Facts) => Evaluated;
}

/** What of an expression matters here. */
interface Names {
  /** Variables that it reads. */
  readonly used: Set<string>;
  /** Loops within loops. */
  depth: number;
}

/** Reads the names out of a parsed expression. */
function readNames(node: unknown, bound: ReadonlySet<string>, depth: number, names: Names): void {
  if (typeof node !== 'object' || node === null) return;
  if (Array.isArray(node)) {
    for (const one of node) readNames(one, bound, depth, names);
    return;
  }
  const { case: kind, value } = node as { case?: unknown; value?: unknown };
  if (kind === 'identExpr') {
    const { name } = value as { name: string };
    if (!bound.has(name)) names.used.add(name);
    return;
  }
  if (kind === 'comprehensionExpr') {
    names.depth = Math.max(names.depth, depth + 1);
    const { accuVar, iterVar, iterVar2 } = value as Record<string, string>;
    const inner = new Set([...bound, accuVar!, iterVar!, iterVar2!]);
    for (const one of Object.values(value as object)) readNames(one, inner, depth + 1, names);
    return;
  }
  for (const one of Object.values(node)) readNames(one, bound, depth, names);
}

const require = createRequire(import.meta.url);
let engine: { cel: Cel; env: ReturnType<Cel['celEnv']> } | null = null;

/** The engine takes a quarter of a second to load: whoever has no conditions never waits for it. */
function load(): NonNullable<typeof engine> {
  if (!engine) {
    const cel = require('@bufbuild/cel') as Cel;
    const { strings } = require('@bufbuild/cel/ext') as Ext;
    engine = { cel, env: cel.celEnv({ funcs: strings }) };
  }
  return engine;
}

function makeReady(condition: Condition): Ready {
  const { cel, env } = load();
  const { id, on, when } = condition;
  let parsed: ReturnType<Cel['parse']>;
  try {
    parsed = cel.parse(when);
  } catch (fault) {
    throw new ConditionError(id, `\`when\` is not CEL: ${(fault as Error).message}`);
  }
  const names: Names = { used: new Set(), depth: 0 };
  readNames(parsed.expr, new Set(), 0, names);
  const known = VARIABLES[on];
  for (const name of names.used)
    if (!known.includes(name))
      throw new ConditionError(id, `on a ${on} there is no \`${name}\`, there are ${known.join(', ')}`);
  if (names.depth > 1)
    throw new ConditionError(
      id,
      'a loop within a loop takes longer than a call may wait; write two conditions',
    );
  const run = cel.plan(env, parsed);
  return {
    condition,
    needsOutput: names.used.has('output'),
    evaluate: (facts) => {
      try {
        const value = run(facts as never);
        if (typeof value === 'boolean') return value ? 'holds' : 'does not';
        return cel.isCelError(value) ? value.message : 'gives neither true nor false';
      } catch (fault) {
        return (fault as Error).message;
      }
    },
  };
}

/** The conditions for one system. */
export class SystemConditions {
  readonly #ready: readonly Ready[];

  constructor(ready: readonly Ready[]) {
    this.#ready = ready;
  }

  /** Whether any is asked about such a thing; with `needsOutput`, only those that want to see, or need not see, the answer. */
  has(on: ConditionSubject, needsOutput?: boolean): boolean {
    return this.#ready.some(
      (one) => one.condition.on === on && (needsOutput === undefined || one.needsOutput === needsOutput),
    );
  }

  /** Those that hold, and those of which nobody can tell. @param needsOutput see {@link has} */
  judge(on: ConditionSubject, facts: Facts, needsOutput?: boolean): ConditionFinding[] {
    const found: ConditionFinding[] = [];
    for (const one of this.#ready) {
      if (one.condition.on !== on || (needsOutput !== undefined && one.needsOutput !== needsOutput)) continue;
      const said = one.evaluate(facts);
      if (said !== 'does not') found.push({ condition: one.condition, judged: said === 'holds' });
    }
    return found;
  }
}

/**
 * The conditions of an operator, ready to be asked. They are CEL: no loops but over lists, patterns in linear time, no
 * way to reach anything but the facts. What cannot be judged counts as wrong.
 */
export class ConditionSet {
  static readonly NONE = new ConditionSet([]);
  readonly #ready: readonly Ready[];
  readonly #bySystem = new Map<string, SystemConditions | null>();

  private constructor(conditions: readonly Condition[]) {
    this.#ready = conditions.map(makeReady);
  }

  /** Makes conditions ready whose tests held when they were read. @throws ConditionError */
  static of(conditions: readonly Condition[]): ConditionSet {
    return conditions.length === 0 ? ConditionSet.NONE : new ConditionSet(conditions);
  }

  /** Makes conditions ready and runs the tests in each. @throws ConditionError naming the condition and what is wrong */
  static compile(conditions: readonly Condition[]): ConditionSet {
    const ids = new Set<string>();
    for (const { id } of conditions) {
      if (ids.has(id)) throw new ConditionError(id, 'there are two of that name');
      ids.add(id);
    }
    const set = ConditionSet.of(conditions);
    for (const { condition, evaluate } of set.#ready) {
      const { id, tests } = condition;
      for (const [facts, wanted] of [
        ...tests.match.map((one) => [one, 'holds'] as const),
        ...tests.miss.map((one) => [one, 'does not'] as const),
      ]) {
        const said = evaluate(facts);
        if (said === wanted) continue;
        const example = JSON.stringify(facts);
        if (said === 'holds') throw new ConditionError(id, `holds of ${example}, of which it must not`);
        if (said === 'does not') throw new ConditionError(id, `does not hold of its own example ${example}`);
        throw new ConditionError(id, `cannot be judged of its own example ${example}: ${said}`);
      }
    }
    return set;
  }

  /** The conditions for a system; null where there are none. Systems that come and go are few, so each is remembered. */
  for(system: string): SystemConditions | null {
    let own = this.#bySystem.get(system);
    if (own === undefined) {
      const ready = this.#ready.filter(({ condition }) => condition.systems?.includes(system) ?? true);
      own = ready.length === 0 ? null : new SystemConditions(ready);
      this.#bySystem.set(system, own);
    }
    return own;
  }
}
