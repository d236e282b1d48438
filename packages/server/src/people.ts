import {
  hashPassword,
  newToken,
  PASSWORD_CHARACTERS_MIN,
  tokenHash,
  verifyPassword,
} from '@sallyport/access';
import { CodedError, clock, newEvent, newId } from '@sallyport/core';
import type { Installation } from './installation.ts';

/** How long a set-up link works, in milliseconds. */
export const SETUP_LINK_MS = 30 * 60_000;
/** How long a session lives at most, in milliseconds. */
export const SESSION_MS = 12 * 3_600_000;
/** How long a session lives while nobody does anything. */
const IDLE_MS = 30 * 60_000;
/** Wrong passwords in a row, over all accounts of an address, before it must wait. */
const FAILURES_MAX = 10;
const FAILURE_WINDOW_MS = 15 * 60_000;
const ADDRESSES_MAX = 10_000;
/** Password hashes computed at a time: each takes 64 MiB. */
const HASHES_MAX = 4;

/** The first administrator, sign-in and sessions. */
export class People {
  readonly #installation: Installation;
  readonly #failures = new Map<string, { count: number; since: number }>();
  #hashing = 0;

  constructor(installation: Installation) {
    this.#installation = installation;
  }

  /** Makes a one-time set-up link token, when there is no administrator yet; earlier ones are void. */
  async setupToken(nowMs: number = clock.nowMs()): Promise<string | null> {
    const { store } = this.#installation;
    if ((await store.administrators.count()) > 0) return null;
    const token = newToken();
    await store.change(async (tx) => {
      await store.administrators.putSetupLink(tx, {
        hash: tokenHash(token),
        createdAt: new Date(nowMs).toISOString(),
        expiresAt: new Date(nowMs + SETUP_LINK_MS).toISOString(),
      });
      return {
        result: undefined,
        event: newEvent('setup-link-created', { actor: 'sallyport', subject: 'organisation' }),
      };
    });
    return token;
  }

  /** Whether there is an administrator. */
  async any(): Promise<boolean> {
    return (await this.#installation.store.administrators.count()) > 0;
  }

  /** Whether a set-up token could be used now. */
  setupOpen(token: string): Promise<boolean> {
    return this.#installation.store.administrators.setupLinkOpen(tokenHash(token), clock.nowIso());
  }

  async #bounded<T>(work: () => Promise<T>): Promise<T> {
    if (this.#hashing >= HASHES_MAX)
      throw new CodedError('overloaded', 'too many people sign in at this moment');
    this.#hashing++;
    try {
      return await work();
    } finally {
      this.#hashing--;
    }
  }

  /** Uses the set-up link up and makes the first administrator. @returns a session token */
  async setUp(token: string, name: string, password: string): Promise<string> {
    if (!/^[\w.@+-]{1,64}$/.test(name))
      throw new CodedError('request-invalid', 'the name must be 1 to 64 letters, digits or . _ @ + -');
    if (password.length < PASSWORD_CHARACTERS_MIN || password.length > 256) {
      throw new CodedError(
        'request-invalid',
        `the password must have ${PASSWORD_CHARACTERS_MIN} to 256 characters`,
      );
    }
    if (!(await this.setupOpen(token))) throw new CodedError('setup-link-invalid');
    const stored = await this.#bounded(() => hashPassword(password));
    const { store } = this.#installation;
    const id = newId('adm');
    await store.change(async (tx) => {
      const now = clock.nowIso();
      if (!(await store.administrators.useSetupLink(tx, tokenHash(token), now)))
        throw new CodedError('setup-link-invalid');
      await store.administrators.insert(tx, { id, name, password: stored, createdAt: now });
      return {
        result: undefined,
        event: newEvent('admin-created', { actor: 'setup-link', subject: `admin:${id}`, data: { name } }),
      };
    });
    return this.#newSession(id);
  }

  /** Proves a password. @returns a session token @throws CodedError `not-signed-in`, `rate-limited` */
  async signIn(name: string, password: string, address: string): Promise<string> {
    const now = clock.nowMs();
    for (const key of [`address ${address}`, `account ${name}`]) {
      const entry = this.#failures.get(key);
      if (entry && now - entry.since < FAILURE_WINDOW_MS && entry.count >= FAILURES_MAX)
        throw new CodedError('rate-limited', 'too many wrong passwords; wait a quarter of an hour');
    }
    const admin = await this.#installation.store.administrators.byName(name);
    if (await this.#bounded(() => verifyPassword(password, admin?.password ?? null))) {
      this.#failures.delete(`account ${name}`);
      return this.#newSession(admin!.id);
    }
    for (const key of [`address ${address}`, `account ${name}`]) {
      const entry = this.#failures.get(key);
      const fresh = !entry || now - entry.since >= FAILURE_WINDOW_MS;
      if (fresh && this.#failures.size >= ADDRESSES_MAX)
        this.#failures.delete(this.#failures.keys().next().value!);
      this.#failures.set(
        key,
        fresh ? { count: 1, since: now } : { count: entry.count + 1, since: entry.since },
      );
    }
    await this.#installation.announce(
      newEvent('sign-in-failed', { actor: 'anonymous', subject: 'organisation', data: { address } }),
    );
    throw new CodedError('not-signed-in', 'name or password is wrong');
  }

  async #newSession(adminId: string): Promise<string> {
    const token = newToken();
    const now = clock.nowMs();
    const { store } = this.#installation;
    await store.change(async (tx) => {
      await store.administrators.putSession(tx, {
        hash: tokenHash(token),
        adminId,
        createdAt: new Date(now).toISOString(),
        expiresAt: new Date(now + SESSION_MS).toISOString(),
      });
      const data = { method: 'password', secondFactor: false };
      return {
        result: undefined,
        event: newEvent('session-created', { actor: `admin:${adminId}`, subject: `admin:${adminId}`, data }),
      };
    });
    return token;
  }

  /** The administrator behind a session token, or null. @param active whether the person did something */
  async administrator(
    token: string | undefined,
    active = true,
  ): Promise<{ id: string; name: string } | null> {
    if (!token) return null;
    const now = clock.nowMs();
    return this.#installation.store.administrators.sessionAdmin(
      tokenHash(token),
      new Date(now).toISOString(),
      new Date(now - IDLE_MS).toISOString(),
      active,
    );
  }

  async signOut(token: string): Promise<void> {
    const { store } = this.#installation;
    await store.change(async (tx) => {
      await store.administrators.endSession(tx, tokenHash(token));
      return {
        result: undefined,
        event: newEvent('session-ended', { actor: 'sallyport', subject: 'organisation' }),
      };
    });
  }
}
