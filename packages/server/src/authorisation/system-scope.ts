import type { ControlRequest, Decision, PolicySet, Target } from '@sallyport/policy';
import { removedName } from '@sallyport/store';
import type { KnownSystem } from '../snapshot.ts';

type SystemTarget = Extract<Target, { kind: 'system' }>;

const REMOVED = removedName('');

/** What a system is to policies. @param known absent for one that is not there */
export function systemTarget(name: string, known?: KnownSystem): SystemTarget {
  if (!known) return { kind: 'system', name };
  const { dialect, environment, dataClasses } = known.config;
  return { kind: 'system', name, demo: known.demo, dialect, environment, dataClasses };
}

/** Decides. What is left of a removed system is also under the policies that name it as it was called. */
export function decideOnSystem(policies: PolicySet, request: ControlRequest): Decision {
  const decision = policies.decideControl(request);
  const { target } = request;
  if (!decision.allowed || target.kind !== 'system' || !target.name.endsWith(REMOVED)) return decision;
  const name = target.name.slice(0, -REMOVED.length);
  // The roles stay those held on every system: a role on a system of this name is no role on the one before.
  return policies.decideControl({ ...request, target: { kind: 'system', name } });
}

/**
 * Which systems an answer may tell of. Each is asked about when it comes up: who may see the organisation's may be
 * forbidden one system.
 */
export class SystemScope {
  /** Whether it may tell of what is of no system, and of systems that are not there any more. */
  readonly organisation: boolean;
  readonly #known: ReadonlyMap<string, KnownSystem>;
  readonly #permits: (target: SystemTarget) => boolean;

  constructor(
    organisation: boolean,
    known: readonly KnownSystem[],
    permits: (target: SystemTarget) => boolean,
  ) {
    this.organisation = organisation;
    this.#known = new Map(known.map((one) => [one.name, one]));
    this.#permits = permits;
  }

  /** Which of the systems that are there, or of these others, an answer may not tell of. */
  hidden(others: readonly string[]): ReadonlySet<string> {
    return new Set([...this.#known.keys(), ...others].filter((name) => !this.has(name)));
  }

  /** Whether an answer may tell of what is of a system. @param system null for what is of none */
  has(system: string | null): boolean {
    if (system === null) return this.organisation;
    const known = this.#known.get(system);
    return (this.organisation || known !== undefined) && this.#permits(systemTarget(system, known));
  }

  /** The systems that are there and that an answer may tell of. */
  get systems(): KnownSystem[] {
    return [...this.#known.values()].filter(({ name }) => this.has(name));
  }

  /** What of a list an answer may tell. @param systemOf the system that a row is of; null for none */
  visible<T>(rows: readonly T[], systemOf: (row: T) => string | null): T[] {
    const told = new Map<string | null, boolean>();
    return rows.filter((row) => {
      const system = systemOf(row);
      const known = told.get(system) ?? this.has(system);
      told.set(system, known);
      return known;
    });
  }
}
