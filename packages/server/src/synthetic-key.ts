import { issueKey } from '@sallyport/access';
import { clock, newEvent, newId, type UsageLimits } from '@sallyport/core';
import type { Connection } from '@sallyport/store';
import type { Installation } from './installation.ts';

/** What a key of our own is made with. */
export interface SyntheticKey {
  readonly actor: string;
  readonly name: string;
  readonly system: { readonly name: string; readonly demo: boolean };
  readonly limits: UsageLimits;
  readonly lifeMs: number;
  /** Whether it is revoked from the beginning. */
  readonly revoked?: boolean;
  /** Lets it take a place in the counters. @throws CodedError where there is none for it */
  readonly requirePlace?: (tx: Connection) => Promise<void>;
  /** Facts of the event that tells of it. */
  readonly data?: Readonly<Record<string, unknown>>;
}

/**
 * Works with a key that lives only for that: synthetic, known to the gateway when work begins and revoked everywhere
 * when it ends, however it ends.
 * @param publish hands the keys as they are to the gateway
 */
export async function withSyntheticKey<T>(
  { store }: Installation,
  publish: () => Promise<void>,
  key: SyntheticKey,
  work: (secret: string) => Promise<T>,
): Promise<T> {
  const { actor, system, revoked = false, data = {} } = key;
  const issued = issueKey();
  const id = newId('key');
  const now = clock.nowMs();
  const told = { actor, subject: `key:${id}`, synthetic: true };
  await store.change(async (tx) => {
    await key.requirePlace?.(tx);
    await store.keys.insert(tx, {
      id,
      name: key.name,
      prefix: issued.prefix,
      hash: issued.hash,
      systems: [system.name],
      scope: {},
      limits: key.limits,
      createdAt: new Date(now).toISOString(),
      expiresAt: new Date(now + key.lifeMs).toISOString(),
      revokedAt: revoked ? new Date(now).toISOString() : null,
      demo: system.demo,
      synthetic: true,
      program: null,
    });
    return { result: undefined, event: newEvent('key-created', { ...told, data }) };
  });
  try {
    await publish();
    return await work(issued.secret);
  } finally {
    await store.change(async (tx) => {
      await store.keys.revoke(tx, id, clock.nowIso());
      return { result: undefined, event: newEvent('key-revoked', told) };
    });
    await publish();
  }
}
