import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, it } from 'node:test';
import type { Accounts, Begun } from '@sallyport/access';
import type { SallyportEvent } from '@sallyport/core';
import { openSqlite, type Store } from '@sallyport/store';
import { accountsOver, from, PASSWORD } from './people.ts';

describe('passwords and sessions', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-sessions-'));
  const path = join(folder, 'state.db');
  let store: Store;
  let accounts: Accounts;
  before(async () => {
    store = await openSqlite(path);
    accounts = accountsOver(store);
    await accounts.directory.add('test', { name: 'root', grants: [{ role: 'administrator' }] });
    const { token } = await accounts.directory.add('test', { name: 'ann', grants: [{ role: 'viewer' }] });
    await accounts.links.use(token!, { name: '', password: PASSWORD }, from());
  });
  after(async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  });
  const signIn = async (password = PASSWORD): Promise<Begun> => {
    const first = await accounts.signIn.password('ann', password, from());
    assert.ok('begun' in first);
    return first.begun;
  };

  it('a token of a session has 256 random bits, and no row holds it', async () => {
    const tokens = new Set<string>();
    for (let i = 0; i < 5; i++) tokens.add((await signIn()).token);
    assert.equal(tokens.size, 5);
    const files = ['', '-wal'].map((end) => readFileSync(`${path}${end}`, 'latin1')).join('');
    for (const token of tokens) {
      assert.equal(Buffer.from(token, 'base64url').length, 32);
      assert.ok(!files.includes(token));
    }
  });

  it('a password of any age goes on', async () => {
    const db = new DatabaseSync(path);
    db.exec("update people set password_changed_at = '1999-12-31T00:00:00.000Z' where name = 'ann'");
    db.close();
    assert.ok((await signIn()).token);
  });

  it('a password is changed by who says the one before', async () => {
    const { token } = await signIn();
    const who = (await accounts.sessions.who(token, true))!;
    const next = 'staple battery horse correct';
    for (const wrong of ['', 'x', PASSWORD.toUpperCase(), next])
      await assert.rejects(accounts.signIn.changePassword(who, wrong, next, from()), wrong);
    assert.ok((await signIn()).token, 'it is still the one before');
    const other = await signIn();
    await accounts.signIn.changePassword(who, PASSWORD, next, from());
    await assert.rejects(signIn(), 'the one before is over');
    assert.equal(await accounts.sessions.who(other.token, false), null, 'and so are other sessions');
    const again = await signIn(next);
    const back = (await accounts.sessions.who(again.token, true))!;
    await accounts.signIn.changePassword(back, next, PASSWORD, from());
  });

  it('signing in and failing to are events, with how', async () => {
    const before = (await store.outbox.rows(10_000)).length;
    await signIn();
    await assert.rejects(signIn('wrong'));
    const events = (await store.outbox.rows(10_000))
      .slice(before)
      .map(({ event }) => (typeof event === 'string' ? JSON.parse(event) : event) as SallyportEvent);
    const [created] = events.filter(({ type }) => type === 'session-created');
    assert.deepEqual(created!.data['methods'], ['password']);
    assert.match(created!.subject, /^person:/);
    assert.ok(created!.data['address'] && created!.at);
    assert.equal(events.filter(({ type }) => type === 'sign-in-failed').length, 1);
  });

  it('an administrator ends the sessions of a person', async () => {
    const [one, other] = [await signIn(), await signIn()];
    const { id } = await accounts.directory.find('ann');
    await accounts.sessions.endOf('person:root', id, {}, 'ended by an administrator');
    for (const { token } of [one, other]) assert.equal(await accounts.sessions.who(token, false), null);
    assert.ok((await signIn()).token);
  });
});
