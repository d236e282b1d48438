import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { tokenHash } from '@sallyport/access';
import { clock, newEvent, newId } from '@sallyport/core';
import type { TicketKind, TicketRow } from '@sallyport/store';
import { inSqlite } from './behind.ts';
import { type TestServer, testServer } from './harness.ts';

/** How each kind of ticket is used: taken out, put in once, or read with what is sealed in it. */
const KINDS: Readonly<Record<TicketKind, 'taken' | 'put' | 'sealed'>> = {
  'set-up': 'taken',
  'provider-link': 'taken',
  'second-factor': 'taken',
  passkey: 'taken',
  'sign-on': 'taken',
  statement: 'taken',
  logout: 'put',
  refresh: 'sealed',
};
const TAKEN = (Object.keys(KINDS) as TicketKind[]).filter((kind) => KINDS[kind] === 'taken');

describe('what works once, to who writes to the database', () => {
  const place = inSqlite();
  let server: TestServer;
  const start = async (): Promise<void> => {
    server = await testServer({ data: place.data, config: place.config, diverges: true });
  };
  before(start);
  after(() => server.stop());
  const store = () => server.control.installation.store;
  const ticket = (kind: TicketKind): TicketRow => ({
    hash: newId('evt'),
    kind,
    personId: null,
    data: { kind },
    createdAt: clock.nowIso(),
    expiresAt: new Date(clock.nowMs() + 60_000).toISOString(),
  });
  const event = () => newEvent('setup-link-created', { actor: 'test', subject: 'organisation' });
  const put = (one: TicketRow): Promise<void> =>
    store().change(async (tx) => {
      await store().tickets.put(one, tx);
      return { result: undefined, event: event() };
    });
  const use = ({ kind, hash }: TicketRow): Promise<TicketRow | null> =>
    store().change(async (tx) => ({
      result: await store().tickets.use(tx, kind, hash, clock.nowIso()),
      event: event(),
    }));
  const insert = ({ hash, kind, data, createdAt, expiresAt }: TicketRow): string =>
    `insert into tickets (hash, kind, person_id, data, created_at, expires_at, used_at)
     values ('${hash}', '${kind}', null, '${JSON.stringify(data)}', '${createdAt}', '${expiresAt}', null)`;

  for (const kind of TAKEN)
    it(`${kind}: used twice, put back, made, changed`, async () => {
      const one = ticket(kind);
      await put(one);
      const putBack = await place.keep('tickets');
      assert.deepEqual(await use(one), one, 'once');
      assert.equal(await use(one), null, 'twice');
      await putBack();
      assert.equal(await store().tickets.open(kind, one.hash, clock.nowIso()), null, 'put back, looked at');
      assert.equal(await use(one), null, 'put back');
      const made = ticket(kind);
      await place.sql(insert(made), 'select 1');
      assert.equal(await use(made), null, 'made in the database');
      const other = ticket(kind);
      await put(other);
      await place.sql(
        `update tickets set data = '{"maker":"local:x"}' where hash = '${other.hash}'`,
        'select 1',
      );
      assert.equal(await use(other), null, 'changed');
    });

  it('a change that is not made uses nothing up', async () => {
    for (const kind of TAKEN) {
      const one = ticket(kind);
      await put(one);
      const failing = store().change(async (tx) => {
        await store().tickets.use(tx, kind, one.hash, clock.nowIso());
        throw new Error('not made');
      });
      await assert.rejects(failing, /not made/);
      assert.deepEqual(await use(one), one, kind);
    }
  });

  it('logout: noted once, though the note is removed', async () => {
    const one = ticket('logout');
    await put(one);
    await assert.rejects(put(one));
    await place.sql(`delete from tickets where hash = '${one.hash}'`, 'select 1');
    await assert.rejects(put(one));
  });

  it('refresh: used twice, put back, made, of a family that was ended, after a restart too', async (t) => {
    const refresh = () => server.control.accounts.refreshTokens;
    const until = new Date(clock.nowMs() + 3_600_000).toISOString();
    const of = { rule: 'r', subject: 's', key: 'key_1', bound: 'b', until };
    const refused = (token: string): Promise<void> =>
      assert.rejects(
        refresh().use(token, async () => {}),
        { code: 'token-invalid' },
      );
    const token = await refresh().issue(of, null);
    const putBack = await place.keep('tickets');
    const used = await refresh().use(token, async () => {});
    assert.deepEqual({ ...used, family: '' }, { ...of, family: '' });
    await refused(token);
    await putBack();
    await refused(token);
    const forged = { ...ticket('refresh'), hash: tokenHash('forged'), data: { ...of } };
    await place.sql(insert(forged), 'select 1');
    await refused('forged');
    await server.stop();
    await putBack();
    await start();
    await refused(token);
    // What came of it is ended by its second use, however the rows are.
    const second = await refresh().issue(of, null);
    const { family } = await refresh().use(second, async () => {});
    const next = await refresh().issue(of, family);
    const keepNext = await place.keep('tickets');
    const later = Date.now() + 60_000;
    t.mock.method(clock, 'nowMs', () => later);
    t.mock.method(clock, 'nowIso', () => new Date(later).toISOString());
    await refused(second);
    await keepNext();
    await refused(next);
    await assert.rejects(refresh().issue(of, family), { code: 'token-invalid' });
  });

  it('provider-link: one that waits is not used because its row is gone or old', async () => {
    const { accounts } = server.control;
    const { person } = await accounts.directory.add('local:test', {
      name: 'ann',
      grants: [{ role: 'viewer' }],
    });
    const signOn = (subject: string) =>
      accounts.directory.fromProvider({ externalId: subject, scimId: null, names: ['ann'], grants: [] });
    await accounts.directory.link('local:test', 'ann', 'idp|ann');
    const waiting = await place.keep('tickets');
    await place.sql(`delete from tickets where person_id = '${person.id}'`, 'select 1');
    await assert.rejects(signOn('idp|ann'), { code: 'not-permitted' });
    await waiting();
    for (const time of ['first', 'again, at once']) await assert.doesNotReject(signOn('idp|ann'), time);
    await waiting();
    await assert.rejects(signOn('idp|ann'), { code: 'not-permitted' }, 'put back');
    await accounts.directory.link('local:test', 'ann', 'idp|ann');
    await assert.doesNotReject(signOn('idp|ann'), 'linked again');
  });
});
