import { hash } from 'node:crypto';
import { CodedError, type Config, clock, type KeyScope } from '@sallyport/core';
import { INVOKE, NEVER_OF_PROGRAMS, policySchema, type Target } from '@sallyport/policy';
import type { GrantRow, KeyRow, ProgramRow } from '@sallyport/store';
import type { Control } from '../control.ts';
import { type Principal, rolesOn } from './authoriser.ts';
import { requireOfEmergency } from './emergency.ts';
import { inEmergency, keepsForGood, lastsUntilMs, untilMs } from './lasting.ts';
import { systemTarget } from './system-scope.ts';

type WorkloadConfig = Config['access']['workloads'][number];

/** Digest of all that a rule for jobs says: who they are, and what they get. */
export const ruleDigest = (rule: WorkloadConfig): string =>
  hash('sha256', JSON.stringify(Object.entries(rule).sort(([a], [b]) => (a < b ? -1 : 1))), 'hex');

/** What is done with a key. */
export type KeyAction = 'make-keys' | 'revoke-keys' | 'see-keys';

/** What a key can do: the systems that it calls, its limits, and all that its service account may. */
export type KeyPowers = Pick<KeyRow, 'systems' | 'scope' | 'program'> & {
  /** The key itself, where there is one already. */
  readonly id?: string;
  readonly name?: string;
  /** How long it would live from now, in milliseconds, where that is asked for. */
  readonly lifeMs?: number;
};

/** Keys that jobs got for a token of their platform are named so. */
const JOB_KEYS = 'workload:';

/** Whether a key lies within what another is bound to. Only what is plainly narrower is. */
function isWithin(inner: KeyScope, outer: KeyScope): boolean {
  return Object.entries(outer).every(([name, limit]) => {
    if (limit === undefined) return true;
    const own = inner[name as keyof KeyScope];
    if (own === undefined) return false;
    if (Array.isArray(limit) && Array.isArray(own))
      return own.every((one) => (limit as unknown[]).includes(one));
    return JSON.stringify(own) === JSON.stringify(limit);
  });
}

/**
 * Decides who may handle a key, in one place for all that is done with keys. A key is as strong as everything that it can
 * do, so its handler must hold all of that, or be allowed to grant it.
 */
export class KeyRights {
  readonly #control: Control;

  constructor(control: Control) {
    this.#control = control;
  }

  /** Lets pass who may handle a key. @throws CodedError `not-permitted`, `proof-needed`, `factor-needed` */
  async require(principal: Principal, action: KeyAction, powers: KeyPowers, address: string): Promise<void> {
    const { authoriser } = this.#control;
    const shutsOut = action === 'revoke-keys';
    for (const target of await this.#targets(powers.systems))
      await authoriser.require(principal, action, target, address, action !== 'see-keys', shutsOut);
    if (principal.kind === 'program') this.#requireNoStronger(principal.known.key, powers);
    const program = await this.#programOf(powers);
    if (program === null) return;
    const organisation = { kind: 'organisation' } as const;
    if (action === 'make-keys' && inEmergency(principal)) requireOfEmergency(await this.#grantsOf(program));
    if (action === 'make-keys' && (await this.#control.fourEyes.isApprover(`program:${program.id}`)))
      await authoriser.require(principal, 'make-approvers', organisation, address, true);
    await this.#requireOwn(principal, action, powers, address);
    if (action === 'make-keys') await this.#requireLasting(principal, powers, program, address);
    if (await this.#holdsAll(principal, program, address)) return;
    // Whoever may grant roles to service accounts could grant them all.
    await authoriser.require(principal, 'change-programs', organisation, address, true, shutsOut);
  }

  /** Keys that somebody may be told of: those whose every power they hold or may grant. */
  async visible<K extends KeyPowers>(
    principal: Principal,
    keys: readonly K[],
    address: string,
  ): Promise<K[]> {
    const { authoriser } = this.#control;
    const scope = await authoriser.scope(principal, 'see-keys', address);
    const known = new Map<string, boolean>();
    const told: K[] = [];
    for (const key of keys) {
      if (!key.systems.every((one) => scope.has(one))) continue;
      if (key.program !== null) {
        let may = known.get(key.program);
        if (may === undefined) {
          const program = await this.#programOf(key);
          may =
            program !== null &&
            (authoriser.mayAtBest(principal, 'change-programs', { kind: 'organisation' }, address) ||
              (await this.#holdsAll(principal, program, address)));
          known.set(key.program, may);
        }
        if (!may) continue;
      }
      told.push(key);
    }
    return told;
  }

  /** What a program that keeps people gives does not end with its key: whoever gets one may make it for good, or has one. */
  async #requireLasting(
    principal: Principal,
    powers: KeyPowers,
    program: ProgramRow,
    address: string,
  ): Promise<void> {
    if (principal.kind === 'program' && principal.known.program.id === program.id) return;
    if (!this.#control.fourEyes.keepsPeople(await this.#grantsOf(program))) return;
    const until = await this.untilMs(principal, powers, address);
    if (until !== Number.POSITIVE_INFINITY) throw keepsForGood(until);
  }

  /** Until when a key may live that somebody makes: what they may for a time gives no key for longer. Milliseconds. */
  async untilMs(
    principal: Principal,
    powers: Pick<KeyPowers, 'systems' | 'program'>,
    address: string,
  ): Promise<number> {
    const targets = await this.#targets(powers.systems);
    const until = await untilMs(this.#control, principal, 'make-keys', targets, address);
    const program = await this.#programOf(powers as KeyPowers);
    if (program === null) return until;
    const organisation: Target[] = [{ kind: 'organisation' }];
    const may = (one: Principal, action: string): boolean =>
      this.#control.authoriser.mayAtBest(one, action, organisation[0]!, address);
    const isApprover = await this.#control.fourEyes.isApprover(`program:${program.id}`);
    // As in `require`: what the account may is theirs too, or theirs to grant.
    const powerful = await lastsUntilMs(
      principal,
      async (one) =>
        (!isApprover || may(one, 'make-approvers')) &&
        (may(one, 'change-programs') || (await this.#holdsAll(one, program, address))),
    );
    return Math.min(until, powerful);
  }

  /**
   * The service account that a job stands for, as the rule of the configuration says now. What a job may is what the
   * machine's owner wrote there; a refresh token carries on only what its rule said when it was issued.
   * @param bound digest of the rule under which a refresh token was issued; null for a token of the platform
   * @throws CodedError `token-invalid`
   */
  async requireTrade(rule: WorkloadConfig, bound: string | null): Promise<ProgramRow> {
    if (bound !== null && bound !== ruleDigest(rule))
      throw new CodedError('token-invalid', 'the rule has changed since; show a token of your platform');
    const program = await this.#control.accounts.programs.find(rule.program).catch(() => null);
    if (!program || program.disabledAt !== null)
      throw new CodedError(
        'token-invalid',
        `the service account \`${rule.program}\` is not there, or shut out`,
      );
    return program;
  }

  async #programOf({ program }: KeyPowers): Promise<ProgramRow | null> {
    return program === null ? null : this.#control.accounts.programs.find(program);
  }

  #grantsOf({ id }: Pick<ProgramRow, 'id'>): Promise<GrantRow[]> {
    return this.#control.installation.store.people.grants(clock.nowIso(), `program:${id}`);
  }

  async #targets(names: readonly string[]): Promise<Target[]> {
    if (names.length === 0) return [{ kind: 'organisation' }];
    const known = new Map((await this.#control.systems()).map((system) => [system.name, system]));
    return [...new Set(names)].map((name) => systemTarget(name, known.get(name)));
  }

  /** A program that was let in by a bound or short-lived key gets no other that is less so. */
  #requireNoStronger(shown: KeyRow, { scope, lifeMs }: KeyPowers): void {
    if (!isWithin(scope, shown.scope))
      throw new CodedError('not-permitted', 'the key that you show is bound more narrowly than this one');
    const own = Date.parse(shown.expiresAt) - Date.parse(shown.createdAt);
    if (lifeMs !== undefined && lifeMs > own)
      throw new CodedError('not-permitted', 'a program makes no key that lives longer than its own');
  }

  /** Programs handle, of the keys of service accounts, the one that they show; jobs not even that. */
  async #requireOwn(
    principal: Principal,
    action: KeyAction,
    powers: KeyPowers,
    address: string,
  ): Promise<void> {
    if (principal.kind !== 'program' || action === 'see-keys') return;
    const { key } = principal.known;
    if (powers.id === key.id && (action === 'revoke-keys' || !key.name.startsWith(JOB_KEYS))) return;
    await this.#control.authoriser.require(
      principal,
      'change-programs',
      { kind: 'organisation' },
      address,
      true,
      action === 'revoke-keys',
    );
  }

  /**
   * Whether a principal may do everything that a service account may, wherever it may. What it may at another time or from
   * another address counts: its key is good then and there.
   */
  async #holdsAll(principal: Principal, { id, name }: ProgramRow, address: string): Promise<boolean> {
    const { authoriser, snapshots } = this.#control;
    const grants = await this.#grantsOf({ id });
    const own = { program: { id, name }, grants } as unknown as Extract<
      Principal,
      { kind: 'program' }
    >['known'];
    const program: Principal = { kind: 'program', known: own };
    const could = (action: string, target: Target): boolean => {
      const { allowed, policyIds } = authoriser.decide(program, action, target, address);
      if (allowed || policyIds.some((one) => NEVER_OF_PROGRAMS.has(one))) return allowed;
      const roles = rolesOn(grants, target).map(({ role }) => role);
      return snapshots.policies.couldPermitProgram(id, roles, action);
    };
    const targets: Target[] = [
      { kind: 'organisation' },
      { kind: 'person', id: 'anyone-else' },
      { kind: 'proposal', id: 'any', author: 'anyone-else' },
      ...(await this.#control.systems()).map((one) => systemTarget(one.name, one)),
      ...(await this.#control.datasets()).map((one) => ({ kind: 'dataset', ...one }) as const),
    ];
    for (const [action, { appliesTo }] of Object.entries(policySchema().actions)) {
      if (appliesTo === undefined || action === INVOKE || !appliesTo.principalTypes.includes('Program'))
        continue;
      for (const target of targets) {
        if (!appliesTo.resourceTypes.some((type) => type.toLowerCase() === target.kind)) continue;
        if (!could(action, target)) continue;
        if (!authoriser.mayAtBest(principal, action, target, address)) return false;
      }
    }
    return true;
  }
}
