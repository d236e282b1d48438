import { createHash } from 'node:crypto';
import type { TicketRow } from './tickets.ts';

/** Tickets that are remembered, at most; of one person from one network, and of a kind that is of no person. The oldest of those are void then. */
const ISSUED_MAX = 100_000;
const OF_PERSON_MAX = 500;
const OF_KIND_MAX = ISSUED_MAX / 2;

/** A ticket that this process issued. */
interface Issued {
  /** Whose share of the places it takes. */
  readonly owner: string;
  readonly digest: string;
  readonly expiresAt: string;
  readonly used: boolean;
}

const digestOf = ({ kind, personId, data, createdAt, expiresAt }: TicketRow): string =>
  createHash('sha256')
    .update(JSON.stringify([kind, personId, data, createdAt, expiresAt]))
    .digest('base64url');

/**
 * Tickets that live for minutes, as this process issued them, and which of them are used up. Their rows alone say nothing:
 * who writes to the database could make one, change one or put back one that was used. A restart voids them.
 */
export class IssuedTickets {
  readonly #issued = new Map<string, Issued>();
  /** Hashes of the tickets of each owner, oldest first. */
  readonly #shares = new Map<string, Set<string>>();
  /** What a transaction does to them: it counts once that is stored. */
  readonly #within = new WeakMap<object, (() => void)[]>();

  /** Does something with them once a transaction is stored. */
  #once(tx: object, act: () => void): void {
    this.#within.set(tx, [...(this.#within.get(tx) ?? []), act]);
  }

  /** Does what was to be done once a transaction is stored. */
  stored(tx: object): void {
    for (const act of this.#within.get(tx) ?? []) act();
    this.#within.delete(tx);
  }

  /** Whether a ticket of this hash was issued before. */
  has(hash: string): boolean {
    return this.#issued.has(hash);
  }

  /** Notes a ticket. @param tx null where its row is stored already */
  add(tx: object | null, ticket: TicketRow): void {
    const { personId, kind, hash, expiresAt, createdAt, data } = ticket;
    const owner = personId === null ? `kind ${kind}` : `person ${personId} ${String(data['network'] ?? '')}`;
    const add = (): void => {
      this.#makeRoom(owner, personId === null ? OF_KIND_MAX : OF_PERSON_MAX, createdAt);
      this.#issued.set(hash, { owner, digest: digestOf(ticket), expiresAt, used: false });
      const own = this.#shares.get(owner);
      if (own) own.add(hash);
      else this.#shares.set(owner, new Set([hash]));
    };
    if (tx === null) add();
    else this.#once(tx, add);
  }

  /** Makes room for one more: only tickets of the one who has most of them are void. */
  #makeRoom(owner: string, most: number, now: string): void {
    const own = this.#shares.get(owner) ?? new Set();
    for (const hash of own) {
      if (own.size < most && this.#issued.get(hash)!.expiresAt > now) break;
      this.#drop(hash);
    }
    if (this.#issued.size < ISSUED_MAX) return;
    for (const [hash, { expiresAt }] of this.#issued) if (expiresAt <= now) this.#drop(hash);
    if (this.#issued.size < ISSUED_MAX) return;
    const [largest] = [...this.#shares.values()].sort((a, b) => b.size - a.size);
    for (const hash of largest!) {
      this.#drop(hash);
      break;
    }
  }

  #drop(hash: string): void {
    const owner = this.#issued.get(hash)?.owner;
    if (owner === undefined) return;
    this.#issued.delete(hash);
    const own = this.#shares.get(owner)!;
    own.delete(hash);
    if (own.size === 0) this.#shares.delete(owner);
  }

  /** Forgets tickets whose rows are removed: they open nothing, and take no room. @param tx null where that is stored already */
  forget(tx: object | null, hashes: readonly string[]): void {
    const forget = (): void => {
      for (const hash of hashes) this.#drop(hash);
    };
    if (tx === null) forget();
    else this.#once(tx, forget);
  }

  /** Whether a ticket is as it was issued, and not used. */
  isOpen(ticket: TicketRow): boolean {
    const known = this.#issued.get(ticket.hash);
    return known !== undefined && !known.used && known.digest === digestOf(ticket);
  }

  /** Uses a ticket up. */
  use(tx: object, hash: string): void {
    this.#once(tx, () => {
      const known = this.#issued.get(hash);
      if (known) this.#issued.set(hash, { ...known, used: true });
    });
  }
}
