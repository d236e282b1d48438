import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import type { Accounts } from '@sallyport/access';
import { openSqlite, type Store } from '@sallyport/store';
import { type Attempted, type Counters, Throttle } from '../src/people/throttle.ts';
import { accountsOver, from, PASSWORD } from './people.ts';

/** Attempts by strangers; a million takes forty seconds. */
const STRANGERS = Number(process.env['TEST_STRANGERS'] ?? 100_000);

describe('who fails too often waits, and no one else', () => {
  let store: Store;
  let accounts: Accounts;
  before(async () => {
    store = await openSqlite(':memory:');
    accounts = accountsOver(store);
  });
  after(() => store.close());

  const person = async (name: string) => {
    const { token } = await accounts.directory.add('test', { name, grants: [{ role: 'viewer' }] });
    return accounts.links.use(token!, { name: '', password: PASSWORD }, from());
  };

  it('a name made to share twenty bits with an account does not use up its attempts', async () => {
    await person('victim');
    for (const counter of ['account', 'hour']) {
      const bits = (name: string): string => hash('sha256', `password ${counter} ${name}`, 'hex').slice(0, 5);
      let n = 0;
      while (bits(`twin-${n}`) !== bits('victim')) n++;
      for (let i = 0; i < 12; i++)
        await accounts.signIn.password(`twin-${n}`, 'wrong', from()).catch(() => {});
      assert.ok('begun' in (await accounts.signIn.password('victim', PASSWORD, from())), counter);
    }
  });

  it('a known device is not held up by strangers at its own address', async () => {
    const { device } = await person('at-home');
    for (let i = 0; i < 60; i++)
      await accounts.signIn.password(`stranger-${i}`, 'wrong', from('203.0.113.200')).catch(() => {});
    await assert.rejects(accounts.signIn.password('at-home', PASSWORD, from('203.0.113.200')), {
      code: 'rate-limited',
    });
    const begun = await accounts.signIn.password('at-home', PASSWORD, from('203.0.113.200', device));
    assert.ok('begun' in begun);
  });

  /** Counts as the store does, in memory: a million rows on a disk are for another test. */
  function counters(): Counters & { readonly names: () => string[] } {
    const counts = new Map<string, number>();
    return {
      names: () => [...counts.keys()],
      attempt: async (key, nowMs) => {
        const count = (counts.get(key) ?? 0) + 1;
        counts.set(key, count);
        return { count, sinceMs: nowMs };
      },
      takeBack: async (key) => {
        counts.set(key, Math.max(0, (counts.get(key) ?? 0) - 1));
      },
      purgeAttempts: async () => {},
      countAttempts: async () => counts.size,
    };
  }

  it('failures from any address at any name hold up no account and no device, however many there are', async () => {
    const kept = counters();
    const throttle = new Throttle(kept, 5_000);
    const stranger = (i: number): Attempted => ({
      kind: i % 4 === 0 ? 'second-factor' : 'password',
      person: null,
      name: `nobody-${i}`,
      address: `${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}.7`,
      knownDevice: null,
    });
    for (let i = 0; i < STRANGERS; i++) await throttle.attempt(stranger(i), 0).catch(() => {});
    // Beyond that many, strangers share counters with names of five digits.
    const own = kept.names().filter((name) => /~[0-9a-f]{32}$/.test(name));
    assert.ok(own.length >= 4_900 && own.length <= 5_000, `${own.length} counters of strangers' own`);
    const odd = kept.names().filter((name) => !/~(?:[0-9a-f]{32}|[0-9a-f]{5})$/.test(name));
    assert.deepEqual(odd, []);
    for (let i = 0; i < 1_000; i++)
      for (const knownDevice of [null, `dev_${i}`])
        await throttle.attempt(
          {
            kind: 'password',
            person: `per_${i}`,
            name: `p${i}`,
            address: `2001:db8:${i.toString(16)}::1`,
            knownDevice,
          },
          0,
        );
  });

  it('an account that is attacked from everywhere keeps its known devices', async () => {
    const throttle = new Throttle(counters());
    const at = (i: number, knownDevice: string | null): Attempted => ({
      kind: 'password',
      person: 'per_1',
      name: 'ann',
      address: `198.51.${i >> 8}.${i & 255}`,
      knownDevice,
    });
    let refused = 0;
    for (let i = 0; i < 10_000; i++) await throttle.attempt(at(i, null), 0).catch(() => refused++);
    assert.equal(refused, 9_990);
    for (let i = 0; i < 10; i++) await throttle.attempt(at(i, 'dev_1'), 0);
    await assert.rejects(
      throttle.attempt(at(1, 'dev_1'), 0),
      { code: 'rate-limited' },
      'its own failures count',
    );
    await throttle.attempt(at(1, 'dev_2'), 0);
  });

  it('an account takes 80 failures an hour, whatever devices they come from', async () => {
    const throttle = new Throttle(counters());
    const from = (n: number): Promise<unknown> =>
      throttle.attempt(
        { kind: 'password', person: 'per_1', name: 'ann', address: '198.51.100.1', knownDevice: `dev_${n}` },
        0,
      );
    for (let n = 0; n < 80; n++) await from(n);
    await assert.rejects(from(80), { code: 'rate-limited' });
  });
});
