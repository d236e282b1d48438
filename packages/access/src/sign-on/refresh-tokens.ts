import { CodedError, clock, newId } from '@sallyport/core';
import type { AccessHome } from '../people/home.ts';
import { newToken, tokenHash } from '../token.ts';

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

  constructor(home: AccessHome) {
    this.#home = home;
  }

  /**
   * Issues one.
   * @param family null for the first of a family
   * @throws CodedError `token-invalid` where the family was ended since its token was used
   */
  async issue(of: Omit<Refreshable, 'family'>, family: string | null): Promise<string> {
    const token = newToken();
    const { rule, subject, key, until, bound } = of;
    const { people, tickets } = this.#home.store;
    const ticket = {
      hash: tokenHash(token),
      kind: 'refresh',
      // Those of a family are found by its name.
      personId: family ?? newId('rft'),
      data: { rule, subject, key, until, bound },
      createdAt: clock.nowIso(),
      expiresAt: until,
    } as const;
    return this.#home.store.change(async (tx) => {
      await people.oneAtATime(tx);
      if (family !== null && (await tickets.ofPerson('refresh', family, tx)).length === 0) throw stolen();
      await tickets.put(ticket, tx);
      return { result: token, event: [] };
    });
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
    const ticket = await store.change(async (tx) => ({
      result: await store.tickets.use(tx, 'refresh', hash, new Date(now).toISOString()),
      event: [],
    }));
    if (ticket) {
      const data = ticket.data as Omit<Refreshable, 'family' | 'bound'> & { readonly bound?: string };
      return { ...data, bound: data.bound ?? '', family: ticket.personId! };
    }
    const used = await store.tickets.used('refresh', hash);
    if (used !== null && now - Date.parse(used.usedAt) > GRACE_MS) {
      // Whoever used a token of it a moment ago, and waits for the next, finds the family gone.
      const ended = await store.change(async (tx) => {
        await store.people.oneAtATime(tx);
        return { result: await store.tickets.endAll(tx, 'refresh', used.personId!), event: [] };
      });
      await onStolen(ended.map(({ data }) => String(data['key'])));
      throw stolen();
    }
    throw new CodedError(
      'token-invalid',
      'the refresh token is used or expired; show a token of your platform',
    );
  }
}

const stolen = (): CodedError =>
  new CodedError('token-invalid', 'this refresh token was used before: all that came of it is ended');
