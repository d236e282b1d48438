import { CodedError, clock, newId } from '@sallyport/core';
import type { TicketRow } from '@sallyport/store';
import type { AccessHome } from '../people/home.ts';
import { newToken, tokenHash } from '../token.ts';
import { jobOf, type UsedTokens } from './used-tokens.ts';

/** A token that was just used is asked for again by whoever lost the answer; later, by whoever stole it. */
const GRACE_MS = 10_000;

/** What a refresh token stands for. */
export interface Refreshable {
  /** Everything that came of one token of a platform. */
  readonly family: string;
  readonly rule: string;
  readonly subject: string;
  /** Id of the key that came with it. */
  readonly key: string;
  /** Digest of what the rule said when it was issued: a token gets nothing by another rule of that name. */
  readonly bound: string;
  /** When the last of the family ends, ISO 8601. */
  readonly until: string;
}

/** Tokens with which a job gets its next key. Each works once; one that is used twice ends all that came of it (RFC 9700, 4.14). */
export class RefreshTokens {
  readonly #home: AccessHome;
  readonly #used: UsedTokens;

  constructor(home: AccessHome, used: UsedTokens) {
    this.#home = home;
    this.#used = used;
  }

  /**
   * Issues one.
   * @param family null for the first of a family
   * @throws CodedError `token-invalid` where the family was ended since its token was used
   */
  async issue(of: Omit<Refreshable, 'family'>, family: string | null): Promise<string> {
    const token = newToken();
    const hash = tokenHash(token);
    const { store, secrets } = this.#home;
    const own: Refreshable = { ...of, family: family ?? newId('rft') };
    const ticket = {
      hash,
      kind: 'refresh',
      // Those of a family are found by its name.
      personId: own.family,
      // Only this installation can write what a token stands for.
      data: { sealed: secrets.seal(`refresh ${hash}`, Buffer.from(JSON.stringify(own))) },
      createdAt: clock.nowIso(),
      expiresAt: of.until,
    } as const;
    await this.#used.ready();
    return store.change(async (tx) => {
      await store.people.oneAtATime(tx);
      if (family !== null && this.#used.of('family', family)) throw stolen();
      await store.tickets.put(ticket, tx);
      return { result: token, event: [] };
    });
  }

  /** What a ticket stands for; null where this installation did not write it. */
  #read({ hash, data }: Pick<TicketRow, 'hash' | 'data'>): Refreshable | null {
    try {
      const text = this.#home.secrets.open(`refresh ${hash}`, String(data['sealed']));
      return JSON.parse(Buffer.from(text).toString()) as Refreshable;
    } catch {
      return null;
    }
  }

  /**
   * Uses one up.
   * @param onStolen ends the keys of a family, when one of its tokens comes a second time
   * @throws CodedError `token-invalid`
   */
  async use(token: string, onStolen: (keys: readonly string[]) => Promise<void>): Promise<Refreshable> {
    const { store } = this.#home;
    const hash = tokenHash(token);
    const now = clock.nowMs();
    await this.#used.ready();
    const refreshed = await store.change<Refreshable | null>(async (tx) => {
      await store.people.oneAtATime(tx);
      const none = { result: null, event: [] };
      if (this.#used.of('refresh', hash)) return none;
      const ticket = await store.tickets.use(tx, 'refresh', hash, new Date(now).toISOString());
      const own = ticket && this.#read(ticket);
      if (!own || Date.parse(own.until) <= now || this.#used.of('family', own.family)) return none;
      const { family, key } = own;
      const job = jobOf(own.rule, own.subject);
      this.#used.requireRoom(job);
      return { result: own, event: this.#used.use({ kind: 'refresh', token: hash, family, key, ...job }) };
    });
    if (refreshed) return refreshed;
    const used = this.#used.of('refresh', hash);
    if (used?.family !== undefined && now - Date.parse(used.at) > GRACE_MS) {
      await onStolen(await this.#end(used.family));
      throw stolen();
    }
    throw new CodedError(
      'token-invalid',
      'the refresh token is used or expired; show a token of your platform',
    );
  }

  /** Ends what came of a key by refreshing: its refresh token was used already. @returns the keys of the family */
  async endAfter(key: string): Promise<string[]> {
    await this.#used.ready();
    const families = this.#used.familiesOf(key);
    return (await Promise.all(families.map((family) => this.#end(family)))).flat();
  }

  /** Ends a family: whoever used a token of it a moment ago, and waits for the next, gets none. @returns its keys */
  #end(family: string): Promise<string[]> {
    const { store } = this.#home;
    return store.change(async (tx) => {
      await store.people.oneAtATime(tx);
      const open = (await store.tickets.endAll(tx, 'refresh', family)).flatMap(
        (ticket) => this.#read(ticket)?.key ?? [],
      );
      const before = this.#used.ofFamily(family).flatMap(({ key }) => key ?? []);
      const event = this.#used.of('family', family) ? [] : this.#used.use({ kind: 'family', token: family });
      return { result: [...new Set([...before, ...open])], event };
    });
  }
}

const stolen = (): CodedError =>
  new CodedError('token-invalid', 'this refresh token was used before: all that came of it is ended');
