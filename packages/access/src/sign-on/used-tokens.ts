import { CodedError, clock, newEvent, type SallyportEvent } from '@sallyport/core';
import type { AccessHome } from '../people/home.ts';
import { tokenHash } from '../token.ts';

/** Oldest use that matters, in milliseconds: refresh tokens live for a day at most, tokens of platforms for an hour. */
const KEPT_MS = 25 * 3_600_000;
/** Uses that are remembered, at most: of half of them every rule has its own share, whatever others use. */
const USED_MAX = 200_000;
/** Of the share of a rule, one job gets this part at most: one of many does not shut out the others. */
const JOB_PART = 4;

/** The use of a token. */
export interface TokenUse {
  /** What was used: a token of a platform, a refresh token, or a family of those, which is ended. */
  readonly kind: 'workload' | 'refresh' | 'family';
  /** Its hash; the name of a family. */
  readonly token: string;
  /** When it was used, ISO 8601. */
  readonly at: string;
  /** The rule of the configuration that the job meets, and which job of it that is. */
  readonly rule?: string;
  readonly job?: string;
  /** Of a refresh token: its family, and the key that came with it. */
  readonly family?: string;
  readonly key?: string;
}

/** Whose use of a token it is. @param subject what the platform calls the job */
export const jobOf = (rule: string, subject: string): { rule: string; job: string } => ({
  rule,
  job: tokenHash(JSON.stringify([rule, subject])),
});

const nameOf = ({ kind, token }: Pick<TokenUse, 'kind' | 'token'>): string => `${kind} ${token}`;

/** Tokens of jobs that were used, as the record says: who writes to the database makes none of them new. */
export class UsedTokens {
  readonly #home: AccessHome;
  readonly #uses = new Map<string, TokenUse>();
  /** Uses of each rule that its share holds, and all uses of each job. */
  readonly #shares = new Map<string, number>();
  readonly #jobs = new Map<string, number>();
  /** Uses that a share holds, by name. */
  readonly #ofShare = new Set<string>();
  #read: Promise<void> | null = null;

  constructor(home: AccessHome) {
    this.#home = home;
  }

  /** Reads what the record says, once. Whoever asks here waits for it first. */
  ready(): Promise<void> {
    this.#read ??= this.#load().catch((fault: unknown) => {
      this.#read = null;
      throw fault;
    });
    return this.#read;
  }

  async #load(): Promise<void> {
    const since = new Date(clock.nowMs() - KEPT_MS).toISOString();
    for (const { at, data } of await this.#home.store.events.since(['token-used'], since, 2 * USED_MAX))
      this.#keep({ ...(data as unknown as Omit<TokenUse, 'at'>), at });
  }

  #keep(use: TokenUse): void {
    const name = nameOf(use);
    this.#uses.set(name, use);
    if (use.job !== undefined) count(this.#jobs, use.job, 1);
    if (use.rule === undefined || this.#isCommonFree()) return;
    this.#ofShare.add(name);
    count(this.#shares, use.rule, 1);
  }

  #forgetOld(): void {
    const old = new Date(clock.nowMs() - KEPT_MS).toISOString();
    for (const [name, { at, rule, job }] of this.#uses) {
      if (at > old) break;
      this.#uses.delete(name);
      if (job !== undefined) count(this.#jobs, job, -1);
      if (this.#ofShare.delete(name)) count(this.#shares, rule!, -1);
    }
  }

  /** Whether there is room that is no one's own. */
  #isCommonFree(): boolean {
    return this.#uses.size - this.#ofShare.size <= USED_MAX / 2;
  }

  /** Sees to it that the use of a token by a job can be remembered. @throws CodedError `overloaded` */
  requireRoom({ rule, job }: { rule: string; job: string }): void {
    this.#forgetOld();
    if (this.#uses.size - this.#ofShare.size < USED_MAX / 2) return;
    const share = USED_MAX / 2 / Math.max(1, this.#home.settings().jobRules ?? 1);
    if ((this.#shares.get(rule) ?? 0) >= share || (this.#jobs.get(job) ?? 0) >= share / JOB_PART)
      throw new CodedError(
        'overloaded',
        `jobs of \`${rule}\` used too many tokens within a day; ask for one less often, or let it last longer`,
      );
  }

  /** The use of a token; null for one that was not used. */
  of(kind: TokenUse['kind'], token: string): TokenUse | null {
    return this.#uses.get(nameOf({ kind, token })) ?? null;
  }

  /** Uses of the refresh tokens of a family. */
  ofFamily(family: string): TokenUse[] {
    return [...this.#uses.values()].filter((use) => use.family === family);
  }

  /** Families of refresh tokens that came with a key, of those that were used. */
  familiesOf(key: string): string[] {
    return [...this.#uses.values()].flatMap((use) => (use.key === key ? (use.family ?? []) : []));
  }

  /** Notes a use within the change that it is made in. @returns what is to be recorded with that */
  use(use: Omit<TokenUse, 'at'>): SallyportEvent {
    const event = newEvent('token-used', { actor: 'sallyport', subject: 'organisation', data: { ...use } });
    this.#keep({ ...use, at: event.at });
    return event;
  }
}

function count(counts: Map<string, number>, name: string, by: 1 | -1): void {
  const now = (counts.get(name) ?? 0) + by;
  if (now > 0) counts.set(name, now);
  else counts.delete(name);
}
