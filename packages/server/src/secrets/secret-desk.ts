import { hash, timingSafeEqual } from 'node:crypto';
import { CodedError, clock, newEvent, newId, type SallyportEvent, type SystemConfig } from '@sallyport/core';
import type { Connection, SecretOriginRow } from '@sallyport/store';
import { resolveSecret } from '../config-file.ts';
import type { Control } from '../control.ts';
import type { KnownSystem } from '../snapshot.ts';
import { isOwner, originsOf, References } from './references.ts';

/** Most references with their origins that are kept. */
const ORIGINS_MAX = 2_000;

/** What a change of a system does to where its secret goes. */
export interface SecretUse {
  readonly config: SystemConfig;
  /** Binds the secret to the origins, in the transaction of the change. @returns what is recorded of it */
  bind(tx: Connection): Promise<SallyportEvent[]>;
}

const digest = (value: string): Buffer => Buffer.from(hash('sha256', value, 'hex'), 'latin1');

/** Says where secrets are sent: each stays with the origins it was bound to until a second person agrees. */
export class SecretDesk {
  readonly #control: Control;

  constructor(control: Control) {
    this.#control = control;
  }

  get #references(): References {
    return this.#control.references;
  }

  list(): Promise<SecretOriginRow[]> {
    return this.#control.installation.store.secretOrigins.list();
  }

  /**
   * Whether a system may name its secret and send it to its addresses. Changes nothing.
   * @throws CodedError `reference-not-allowed`, `origin-not-approved`
   */
  async use(
    actor: string,
    name: string,
    asked: SystemConfig,
    before: KnownSystem | undefined,
  ): Promise<SecretUse> {
    if (asked.apiKeyRef === undefined) return { config: asked, bind: async () => [] };
    const ref = this.#references.canonical(asked.apiKeyRef);
    const config = { ...asked, apiKeyRef: ref };
    if (before && References.sameUse(before.config, config)) return { config, bind: async () => [] };
    const rows = await this.list();
    const origins = originsOf(config.urls);
    if (isOwner(actor)) {
      if (ref.startsWith('file:')) this.#references.value(ref);
    } else {
      this.#references.requireAllowed(ref, rows);
      this.#requireOrigins(ref, origins, rows);
    }
    return { config, bind: (tx) => this.#bind(tx, actor, name, ref, origins, rows) };
  }

  /** Every name of the value of a reference, itself included, for which somebody said where it goes. */
  #names(ref: string, rows: readonly SecretOriginRow[]): Set<string> {
    const configured = new Set(this.#references.configuredRefs());
    const read = (one: string): string | null => {
      try {
        return configured.has(one) ? resolveSecret(one) : this.#references.value(one);
      } catch {
        return null;
      }
    };
    const value = read(ref);
    const names = new Set([ref]);
    if (value === null) return names;
    const own = digest(value);
    for (const one of new Set([...rows.map((row) => row.ref), ...configured])) {
      const other = read(one);
      if (other !== null && timingSafeEqual(own, digest(other))) names.add(one);
    }
    return names;
  }

  #requireOrigins(ref: string, origins: readonly string[], rows: readonly SecretOriginRow[]): void {
    const names = this.#names(ref, rows);
    // What was bound once counts, also when it was ended and is asked for again: else that would be a first use.
    const about = rows.filter((row) => names.has(row.ref) && row.approvedAt !== null);
    const good = this.#references.goodOrigins(ref, [...names], rows);
    // What was bound nowhere yet is bound by its first use.
    if (about.length === 0 && good.size === 0) {
      if (this.#control.installation.store.secretOrigins.isWhole) return;
      throw new CodedError(
        'origin-not-approved',
        `where secrets may be sent is not known whole, so \`${ref}\` is bound nowhere by its first use: \`sallyport state\` says which rows are missing`,
      );
    }
    const other = origins.find((origin) => !good.has(origin));
    if (other !== undefined)
      throw new CodedError(
        'origin-not-approved',
        `\`${ref}\` was not meant for \`${other}\`: ask for it under /api/v1/secret-origins and have a second person approve it, or run \`sallyport upstream add … --api-key-ref\` on the machine itself`,
      );
  }

  async #bind(
    tx: Connection,
    actor: string,
    name: string,
    ref: string,
    origins: readonly string[],
    rows: readonly SecretOriginRow[],
  ): Promise<SallyportEvent[]> {
    const { store } = this.#control.installation;
    const at = clock.nowIso();
    const owner = isOwner(actor);
    const known = new Map(rows.filter((row) => row.ref === ref).map((row) => [row.origin, row]));
    const isBound = (origin: string): boolean => {
      const row = known.get(origin);
      return row?.status === 'approved' && (row.byOwner || !owner);
    };
    const fresh = origins.filter((origin) => !isBound(origin));
    for (const origin of fresh)
      await store.secretOrigins.put(tx, {
        id: newId('sor'),
        ref,
        origin,
        status: 'approved',
        byOwner: owner,
        askedAt: at,
        askedBy: actor,
        approvedAt: at,
        approvedBy: actor,
      });
    if (fresh.length === 0) return [];
    const data = { ref, origins: fresh, allowed: owner };
    return [newEvent('secret-bound', { actor, subject: `system:${name}`, data })];
  }

  /** Asks that a secret may go to another origin. @throws CodedError `reference-not-allowed`, `conflict` */
  async propose(actor: string, asked: string, url: string): Promise<SecretOriginRow> {
    const ref = this.#references.canonical(asked);
    const { origin } = new URL(url);
    this.#references.requireAllowed(ref, await this.list());
    return this.#keep('secret-origin-proposed', actor, async (tx) => {
      const rows = await this.#control.installation.store.secretOrigins.list(tx);
      const known = rows.find((row) => row.ref === ref && row.origin === origin);
      if (known?.status === 'approved')
        throw new CodedError('conflict', 'that secret may be sent there already');
      if (rows.length >= ORIGINS_MAX)
        throw new CodedError('conflict', `more than ${ORIGINS_MAX} origins of secrets are not kept`);
      return {
        id: known?.id ?? newId('sor'),
        ref,
        origin,
        status: 'proposed',
        byOwner: false,
        askedAt: clock.nowIso(),
        askedBy: actor,
        approvedAt: known?.approvedAt ?? null,
        approvedBy: known?.approvedBy ?? null,
      };
    });
  }

  /** Approves what is proposed, as it was looked at. @throws CodedError `not-found`, `conflict` */
  approve(actor: string, id: string, seen: { ref: string; origin: string }): Promise<SecretOriginRow> {
    return this.#keep('secret-origin-approved', actor, async (tx) => {
      const row = await this.#find(id, tx);
      if (row.status !== 'proposed') throw new CodedError('conflict', 'it does not wait for approval');
      if (row.ref !== seen.ref || row.origin !== seen.origin)
        throw new CodedError('conflict', 'it is not what was looked at; look again');
      if (row.askedBy === actor) throw new CodedError('not-permitted', 'an author does not approve');
      return { ...row, status: 'approved', approvedAt: clock.nowIso(), approvedBy: actor };
    });
  }

  /** Lets a secret go to an origin no more. It counts as bound from then on: elsewhere it needs approval. @throws CodedError `not-found` */
  async end(actor: string, id: string): Promise<void> {
    await this.#keep('secret-origin-ended', actor, async (tx) => ({
      ...(await this.#find(id, tx)),
      status: 'ended',
    }));
  }

  async #find(id: string, tx: Connection): Promise<SecretOriginRow> {
    const row = await this.#control.installation.store.secretOrigins.find(id, tx);
    if (!row) throw new CodedError('not-found', 'there is no such origin of a secret');
    return row;
  }

  /** @param next what is kept, from what is there in the same transaction: two changes at once do not undo each other */
  #keep(
    type: 'secret-origin-proposed' | 'secret-origin-approved' | 'secret-origin-ended',
    actor: string,
    next: (tx: Connection) => Promise<SecretOriginRow>,
  ): Promise<SecretOriginRow> {
    const { store } = this.#control.installation;
    return store.change(async (tx) => {
      await store.people.oneAtATime(tx);
      const row = await next(tx);
      await store.secretOrigins.put(tx, row);
      const { ref, origin } = row;
      return {
        result: row,
        event: newEvent(type, { actor, subject: 'organisation', data: { ref, origin } }),
      };
    });
  }
}
