import { issueKey } from '@sallyport/access';
import {
  CodedError,
  clock,
  type KeyScope,
  newEvent,
  newId,
  parseDurationMs,
  type SallyportEvent,
  type UsageLimits,
} from '@sallyport/core';
import { SLOTS_MAX } from '@sallyport/gateway';
import type { Connection, KeyRow } from '@sallyport/store';
import { type Principal, principalText } from './authorisation/authoriser.ts';
import type { KeyAction, KeyRights } from './authorisation/key-rights.ts';
import { inForce, isInForce } from './in-force.ts';
import type { Installation } from './installation.ts';
import { type KnownSystem, SLOT_KEPT_MS } from './snapshot.ts';

const DAY_MS = 86_400_000;
/** Longest time in which a key and its successor are both good. */
const OVERLAP_MAX_MS = 30 * DAY_MS;
const KEY_LIFE_MAX_MS = 365 * DAY_MS;
/** Keys of one system, and of one service account, that have a place in the counters: the others keep theirs. */
export const KEYS_OF_ONE_MAX = SLOTS_MAX / 4;
/** Places that no key takes. */
export const PLACES_FOR_SYSTEMS = 1_024;

/** A key as shown: never its secret or hash. */
export type KeyView = Omit<KeyRow, 'hash' | 'synthetic'>;

const keyView = ({
  id,
  name,
  prefix,
  systems,
  scope,
  limits,
  createdAt,
  expiresAt,
  revokedAt,
  demo,
  program,
  owner,
}: KeyRow): KeyView => ({
  id,
  name,
  prefix,
  systems,
  scope,
  limits,
  createdAt,
  expiresAt,
  revokedAt,
  demo,
  program,
  owner: owner ?? null,
});

/** Where keys live. */
export interface KeyHome {
  readonly installation: Installation;
  /** Decides who may handle a key. */
  readonly keyRights: KeyRights;
  systems(): Promise<KnownSystem[]>;
  /** Hands the keys as they are to the gateway. */
  publish(): Promise<void>;
  /** Ends what jobs get by the refresh token of a key. @returns ids of the keys that came of it */
  endRefreshing(key: string): Promise<string[]>;
  /** Shuts keys out of every worker at once. */
  shutOut(what: { readonly keys: readonly string[] }): Promise<void>;
}

/** What a new key is to be. */
export interface NewKey {
  readonly name: string;
  readonly systems: readonly string[];
  readonly expires?: string | undefined;
  readonly limits?: Partial<UsageLimits> | undefined;
  readonly scope?: KeyScope | undefined;
  readonly demo?: boolean;
  /** The service account that it is for; such a key may open no system at all. */
  readonly program?: string | null;
  /** Id of a key that it comes after: there is none once that was revoked. */
  readonly after?: string;
  /** When it ends at the latest, in milliseconds, whatever `expires` says. */
  readonly untilMs?: number;
}

/** How a rotation goes. */
export interface KeyRotation {
  readonly overlap?: string | undefined;
  readonly expires?: string | undefined;
  readonly untilMs?: number;
}

/** A key that was made; the only time its secret is shown. */
export interface IssuedKey {
  readonly id: string;
  readonly key: string;
  readonly expiresAt: string;
}

/** The API keys of an installation. */
export class ApiKeys {
  readonly #home: KeyHome;

  constructor(home: KeyHome) {
    this.#home = home;
  }

  /** Makes a key. The secret is in the answer and nowhere else. @throws CodedError `request-invalid`, `system-unknown` */
  create(actor: string, input: NewKey): Promise<IssuedKey> {
    return this.#make(actor, input, async () => []);
  }

  /** @param along what changes in the same transaction, told the id of the new key */
  async #make(
    actor: string,
    input: NewKey,
    along: (tx: Connection, by: string) => Promise<SallyportEvent[]>,
  ): Promise<IssuedKey> {
    const lifeMs = lifeOf(input);
    if (lifeMs <= 0 || lifeMs > KEY_LIFE_MAX_MS)
      throw new CodedError('request-invalid', 'a key lives for at least a second and at most 365 days');
    if (!/^[^\x00-\x1f\x7f]{1,128}$/.test(input.name))
      throw new CodedError('request-invalid', '`name` must be 1 to 128 printable characters');
    if (input.systems.length === 0 && !input.program)
      throw new CodedError('request-invalid', '`systems` must name at least one system');
    const known = new Map((await this.#home.systems()).map((system) => [system.name, system]));
    for (const name of input.systems) {
      if (!known.has(name))
        throw new CodedError(
          'system-unknown',
          `no system \`${name.slice(0, 64)}\` is known; list them with \`sallyport upstream list\``,
        );
    }
    const demo =
      input.demo ?? (input.systems.length > 0 && input.systems.every((name) => known.get(name)!.demo));
    if (demo && !input.systems.every((name) => known.get(name)!.demo))
      throw new CodedError('request-invalid', 'a demonstration key opens demonstrations only');
    const issued = issueKey();
    const now = clock.nowMs();
    const row: KeyRow = {
      id: newId('key', now),
      name: input.name,
      prefix: issued.prefix,
      hash: issued.hash,
      systems: [...new Set(input.systems)],
      scope: input.scope ?? {},
      limits: (input.limits ?? {}) as UsageLimits,
      createdAt: new Date(now).toISOString(),
      expiresAt: new Date(Math.min(now + lifeMs, input.untilMs ?? Number.POSITIVE_INFINITY)).toISOString(),
      revokedAt: null,
      demo,
      synthetic: false,
      program: input.program ?? null,
      owner: /^person:(.+)$/.exec(actor)?.[1] ?? null,
    };
    const { store } = this.#home.installation;
    await store.change(async (tx) => {
      await this.requirePlace(tx, input);
      const before = input.after === undefined ? null : await store.keys.byId(input.after, tx);
      if (before !== null && before.revokedAt !== null)
        throw new CodedError('token-invalid', 'the key before was revoked; show a token of your platform');
      await store.keys.insert(tx, row);
      const { name, prefix, systems, scope, expiresAt, program } = row;
      const data = { name, prefix, systems, scope, expiresAt, ...(program ? { program } : {}) };
      const made = newEvent('key-created', { actor, subject: `key:${row.id}`, demo, data });
      return { result: undefined, event: [made, ...(await along(tx, row.id))] };
    });
    await this.#home.publish();
    return { id: row.id, key: issued.secret, expiresAt: row.expiresAt };
  }

  /** Whether there is a place for one more: a key without one would be refused. @throws CodedError `conflict`, `overloaded` */
  async requirePlace(
    tx: Connection,
    { systems, program = null }: Pick<NewKey, 'systems' | 'program'>,
  ): Promise<void> {
    const since = new Date(clock.nowMs() - SLOT_KEPT_MS).toISOString();
    const placed = (await this.#home.installation.store.keys.list(tx)).filter(
      ({ revokedAt, expiresAt }) => expiresAt > since && (revokedAt === null || revokedAt > since),
    );
    const full = (what: string, own: readonly KeyRow[]): void => {
      if (own.length >= KEYS_OF_ONE_MAX)
        throw new CodedError(
          'conflict',
          `there are ${KEYS_OF_ONE_MAX} keys of \`${what}\`; those that are not needed are to be revoked: two hours later there is room`,
        );
    };
    for (const name of new Set(systems))
      full(
        name,
        placed.filter((key) => key.systems.includes(name)),
      );
    if (program !== null)
      full(
        program,
        placed.filter((key) => key.program === program),
      );
    if (placed.length >= SLOTS_MAX - PLACES_FOR_SYSTEMS)
      throw new CodedError('overloaded', 'there are too many keys; revoke some, or let them expire');
  }

  /** Forgets keys of jobs, probes and test calls a day after they ended: there are many, and the record keeps who had them. */
  async forgetJobs(): Promise<void> {
    const { store } = this.#home.installation;
    await store.change(async (tx) => {
      await store.keys.forget(tx, 'workload:', new Date(clock.nowMs() - DAY_MS).toISOString());
      return { result: undefined, event: [] };
    });
  }

  async list(): Promise<KeyView[]> {
    return (await this.#home.installation.store.keys.list()).filter((key) => !key.synthetic).map(keyView);
  }

  /**
   * Revokes a key, and where someone says so or it leaked, all that came of it by rotating or refreshing: whoever had it
   * may have made those. When this resolves no worker takes them any more, nor when it throws `not-recorded-yet`.
   * @param why for the event @param alone whether its successors stay
   * @returns the key, and ids of its successors that ended with it
   * @throws CodedError `not-found`, `not-recorded-yet`
   */
  async revoke(
    actor: string,
    id: string,
    why: Readonly<Record<string, string>> = {},
    alone = actor === 'sallyport' && why['reason'] !== 'leaked',
  ): Promise<KeyView & { successors: string[] }> {
    const { store } = this.#home.installation;
    if (!(await store.keys.byId(id)))
      throw new CodedError('not-found', `there is no key \`${id.slice(0, 64)}\``);
    const faults: unknown[] = [];
    const end = (one: string, because: Readonly<Record<string, string>>): Promise<boolean> =>
      this.#revokeOne(actor, one, because).catch((fault: unknown) => {
        if (!isInForce(fault)) throw fault;
        faults.push(fault);
        return true;
      });
    await end(id, why);
    const successors: string[] = [];
    const seen = new Set([id]);
    // A key that is revoked gets no further successor: what is asked for afterwards is all there is.
    for (const one of alone ? [] : seen)
      for (const next of await this.#successorsOf(one)) {
        if (seen.has(next)) continue;
        seen.add(next);
        if (await end(next, { ...why, after: id })) successors.push(next);
      }
    if (faults.length > 0) throw faults[0];
    return { ...keyView((await store.keys.byId(id))!), successors };
  }

  /** @returns whether it was there, and not revoked before */
  async #revokeOne(actor: string, id: string, why: Readonly<Record<string, string>>): Promise<boolean> {
    const { store } = this.#home.installation;
    const row = await store.keys.byId(id);
    if (row === null) return false;
    const at = clock.nowIso();
    const revoke = () =>
      store.shutOut(async (tx) => {
        const revoked = await store.keys.revoke(tx, id, at);
        const data = { actor, subject: `key:${id}`, demo: row.demo, data: why };
        return { result: revoked, event: revoked ? newEvent('key-revoked', data) : [] };
      });
    return inForce(revoke, () => this.#home.shutOut({ keys: [id] }));
  }

  /** Ids of the keys that came of one: by rotating it, as the log says, and by its refresh token. */
  async #successorsOf(id: string): Promise<string[]> {
    const { installation } = this.#home;
    const rotated = (await installation.state.said()).about(`key:${id}`, ['key-rotated']);
    return [
      ...rotated.flatMap(({ data }) => (typeof data['by'] === 'string' ? [data['by']] : [])),
      ...(await this.#home.endRefreshing(id)),
    ];
  }

  /**
   * Makes a key that may do what another one may, which ends after an overlap in which both are good.
   * @throws CodedError `not-found`, `request-invalid` when the key is dead already
   */
  async rotate(
    actor: string,
    id: string,
    input: KeyRotation,
  ): Promise<IssuedKey & { replaces: string; overlapUntil: string }> {
    const { store } = this.#home.installation;
    const row = await this.#shown(id);
    const now = clock.nowMs();
    const requireLive = ({ revokedAt, expiresAt }: KeyRow): void => {
      if (revokedAt !== null || Date.parse(expiresAt) <= now)
        throw new CodedError('request-invalid', 'the key is revoked or expired already; make a new one');
    };
    requireLive(row);
    const overlapMs = parseDurationMs(input.overlap ?? '24h');
    if (overlapMs < 0 || overlapMs > OVERLAP_MAX_MS)
      throw new CodedError('request-invalid', 'both keys may be good for at most 30 days');
    const until = new Date(Math.min(now + overlapMs, Date.parse(row.expiresAt))).toISOString();
    const { name, systems, scope, limits, demo, program } = row;
    const successor = {
      ...{ name, systems, scope, limits, demo, program },
      expires: input.expires,
      ...(input.untilMs === undefined ? {} : { untilMs: input.untilMs }),
    };
    const made = await this.#make(actor, successor, async (tx, by) => {
      // Asked again within: what is revoked meanwhile has no successor.
      requireLive((await store.keys.byId(id, tx))!);
      await store.keys.endBy(tx, id, until);
      const data = { by, overlapUntil: until };
      return [newEvent('key-rotated', { actor, subject: `key:${id}`, demo, data })];
    });
    // Without an overlap this is a revocation.
    if (overlapMs === 0) await this.#home.shutOut({ keys: [id] });
    return { ...made, replaces: id, overlapUntil: until };
  }

  /** Makes a key for whoever may. @throws CodedError `not-permitted` and its kin, and those of {@link create} */
  async createAs(principal: Principal, address: string, input: NewKey): Promise<IssuedKey> {
    const { systems, scope = {}, program = null } = input;
    const { keyRights } = this.#home;
    const powers = { systems, scope, program, lifeMs: lifeOf(input) };
    await keyRights.require(principal, 'make-keys', powers, address);
    const untilMs = await keyRights.untilMs(principal, powers, address);
    return this.create(principalText(principal), { ...input, untilMs });
  }

  /** Rotates a key for whoever may handle it. @throws CodedError */
  async rotateAs(
    principal: Principal,
    address: string,
    id: string,
    input: KeyRotation,
  ): Promise<IssuedKey & { replaces: string; overlapUntil: string }> {
    const { keyRights } = this.#home;
    const key = await this.#shown(id);
    await keyRights.require(principal, 'make-keys', { ...key, lifeMs: lifeOf(input) }, address);
    const untilMs = await keyRights.untilMs(principal, key, address);
    return this.rotate(principalText(principal), id, { ...input, untilMs });
  }

  /** Lets pass who may handle a key. @throws CodedError */
  async requireHandling(principal: Principal, action: KeyAction, address: string, id: string): Promise<void> {
    await this.#home.keyRights.require(principal, action, await this.#shown(id), address);
  }

  /** Revokes a key for whoever may handle it. @throws CodedError */
  async revokeAs(
    principal: Principal,
    address: string,
    id: string,
    alone = false,
  ): Promise<KeyView & { successors: string[] }> {
    await this.requireHandling(principal, 'revoke-keys', address, id);
    return this.revoke(principalText(principal), id, {}, alone);
  }

  /** A key that people are shown: those of probes are no one's. @throws CodedError `not-found` */
  async #shown(id: string): Promise<KeyRow> {
    const row = await this.#home.installation.store.keys.byId(id);
    if (!row || row.synthetic) throw new CodedError('not-found', `there is no key \`${id.slice(0, 64)}\``);
    return row;
  }
}

const lifeOf = ({ expires }: Pick<NewKey, 'expires'>): number => parseDurationMs(expires ?? '30d');
