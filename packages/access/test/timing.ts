import { randomInt } from 'node:crypto';
import { newId } from '@sallyport/core';
import { openSqlite } from '@sallyport/store';
import { hashPassword } from '../src/factors/password.ts';
import { accountsOver, CHEAP, from, PASSWORD } from './people.ts';

/** Failed attempts at one account before it is throttled, less some. */
const ATTEMPTS_EACH = 8;
/** The slowest share is left out: what the machine did besides. */
const KEPT = 0.9;

/** What telling known from unknown accounts by time came to. */
export interface Timing {
  readonly samples: number;
  /** Welch's t between the two kinds. */
  readonly t: number;
  readonly meanKnownMs: number;
  readonly meanUnknownMs: number;
}

const mean = (of: readonly number[]): number => of.reduce((sum, one) => sum + one, 0) / of.length;
const variance = (of: readonly number[]): number => {
  const middle = mean(of);
  return of.reduce((sum, one) => sum + (one - middle) ** 2, 0) / (of.length - 1);
};

/**
 * Times failed sign-ins with names that exist and names that do not, in random order. Hashes cost little here, so that
 * whatever else differs weighs more than it would.
 */
export async function timeSignIns(samples: number): Promise<Timing> {
  const store = await openSqlite(':memory:');
  const accounts = accountsOver(store);
  const password = await hashPassword(PASSWORD, CHEAP);
  const names = Math.ceil(samples / 2 / ATTEMPTS_EACH);
  for (let i = 0; i < names; i++) {
    const id = newId('per');
    await store.change(async (tx) => {
      await store.people.insert(tx, {
        id,
        name: `known-${i}`,
        displayName: '',
        email: null,
        password,
        passwordChangedAt: null,
        origin: 'local',
        externalId: null,
        createdAt: new Date().toISOString(),
        createdBy: 'test',
        disabledAt: null,
      });
      return { result: undefined, event: [] };
    });
  }
  await accounts.signIn.warm();
  const order = Array.from({ length: samples }, (_, i) => i);
  for (let i = order.length - 1; i > 0; i--) {
    const j = randomInt(i + 1);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  const times: { known: boolean; ms: number }[] = [];
  for (const [turn, i] of order.entries()) {
    const known = i % 2 === 0;
    const name = `${known ? 'known' : 'other'}-${Math.floor(i / 2) % names}`;
    const began = performance.now();
    await accounts.signIn.password(name, 'a wrong password', from()).catch(() => {});
    // The first ones warm the machine up.
    if (turn >= samples / 20) times.push({ known, ms: performance.now() - began });
  }
  await store.close();
  const limit = times.map(({ ms }) => ms).sort((a, b) => a - b)[Math.floor(times.length * KEPT)]!;
  const kept = times.filter(({ ms }) => ms <= limit);
  const [one, two] = [true, false].map((kind) =>
    kept.flatMap(({ known, ms }) => (known === kind ? [ms] : [])),
  );
  const t =
    (mean(one!) - mean(two!)) / Math.sqrt(variance(one!) / one!.length + variance(two!) / two!.length);
  return { samples: times.length, t, meanKnownMs: mean(one!), meanUnknownMs: mean(two!) };
}
