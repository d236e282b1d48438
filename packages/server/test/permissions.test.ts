import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { startPostgres } from '../../store/test/postgres.ts';
import { followed } from './followed.ts';
import type { TestServer } from './harness.ts';
import { browserOf, ok, signedIn, type TestPerson } from './people.ts';
import {
  askAcross,
  GROUPS,
  type Neighbour,
  neighbours,
  openWorld,
  ROLES,
  type Route,
  refusal,
  routesOf,
  SYSTEMS,
  type World,
} from './permission-world.ts';

const MANY = 20_000;
const PARTS = 5;

/** Every cell of role x route x method x system, as the documentation says. */
async function everyCell({ server, ask }: World): Promise<void> {
  const routes = await routesOf(server);
  assert.ok(routes.length > 40);
  for (const { action } of routes) assert.ok(action in GROUPS, `the group of ${action} is known`);
  let cells = 0;
  let refused = 0;
  for (const [role, groups] of Object.entries(ROLES))
    for (const held of ['*', 'alpha-desk']) {
      const who = await signedIn(server, role === 'nobody' ? [] : [{ role, system: held }]);
      for (const route of routes)
        for (const system of SYSTEMS) {
          // Of a list everybody sees their part; of what is of no system, those with a role on every one.
          const within =
            held === '*' ||
            route.on === 'systems' ||
            route.on === 'anywhere' ||
            (['system', 'systems-in-body', 'key', 'exchange'].includes(route.on) && system === held);
          const group = GROUPS[route.action]!;
          const expected = group === 'own' || (groups.includes(group) && within);
          const got = await refusal(await ask(who, route, system));
          const cell = `${role} on ${held}: ${route.method} ${route.path} of ${system}`;
          assert.equal(got, expected ? null : 'not-permitted', cell);
          cells++;
          if (!expected) refused++;
        }
    }
  assert.ok(cells > 1_200 && refused > 600, `${cells} cells, ${refused} refused`);
}

describe('permissions over PostgreSQL', () => {
  let postgres: Awaited<ReturnType<typeof startPostgres>>;
  let world: World;
  before(async () => {
    postgres = await startPostgres();
    process.env['PERMISSIONS_TEST_DATABASE'] = postgres.url;
    world = await openWorld({ database: { urlRef: 'env:PERMISSIONS_TEST_DATABASE' } });
  });
  after(async () => {
    await world.close();
    await postgres.stop();
  });
  it('every role on every route, by every method, on every system', () => everyCell(world));
  it('2,000 requests of people with one system tell nothing of the other', async () => {
    assert.ok((await askAcross(world, await neighbours(world), 2_000, 7)) > 400);
  });
});

describe('permissions', () => {
  let server: TestServer;
  let world: World;
  let people: Neighbour[] = [];
  before(async () => {
    world = await openWorld();
    server = world.server;
  });
  after(() => world.close());
  const ask = (who: Pick<TestPerson, 'call'>, route: Route, system: string): Promise<Response> =>
    world.ask(who, route, system);

  it('every role on every route, by every method, on every system, for roles held on one system and on all', () =>
    everyCell(world));

  it('nobody who holds more than viewer does anything with one factor, administrators nothing with two', async () => {
    const routes = await routesOf(server);
    for (const role of Object.keys(ROLES).slice(1)) {
      const who = await signedIn(server, [{ role }], false);
      for (const route of routes) {
        const group = GROUPS[route.action]!;
        const permitted = group === 'own' || ROLES[role]!.includes(group);
        const expected =
          group === 'own' || (role === 'viewer' && permitted)
            ? null
            : permitted
              ? 'factor-needed'
              : 'not-permitted';
        assert.equal(
          await refusal(await ask(who, route, 'alpha-desk')),
          expected,
          `${role}: ${route.method} ${route.path}`,
        );
      }
    }
  });

  it('what is dangerous needs a fresh proof', async () => {
    const admin = await signedIn(server, [{ role: 'administrator' }]);
    const hash = (await server.control.accounts.sessions.list(admin.id)).sessions[0]!.hash;
    const age = (minutes: number): Promise<unknown> =>
      server.control.installation.store.change(async (tx) => {
        const at = new Date(Date.now() - minutes * 60_000).toISOString();
        await tx.updateTable('sessions').set({ proven_at: at }).where('hash', '=', hash).execute();
        await followed(tx, 'sessions');
        return { result: undefined, event: [] };
      });
    const content = `/api/v1/exchanges/${world.exchanges.get('alpha-desk')}?content=true`;
    await ok(await admin.call('GET', content), 200);
    await age(6);
    assert.equal(await refusal(await admin.call('GET', content)), 'proof-needed');
    assert.equal(await refusal(await admin.call('POST', '/api/v1/people', { name: 'x' })), 'proof-needed');
    assert.equal(await refusal(await admin.call('POST', '/api/v1/account/recovery-codes')), 'proof-needed');
    await ok(await admin.call('GET', '/api/v1/people'), 200);
    const { ticket, options } = await ok<{ ticket: string; options: { challenge: string } }>(
      await admin.call('POST', '/api/v1/account/passkey-request'),
      200,
    );
    const before = admin.cookie();
    await ok(
      await admin.call('POST', '/api/v1/account/proof', {
        proof: { ticket, passkey: admin.passkey!.get(options) },
      }),
      200,
    );
    assert.notEqual(admin.cookie(), before, 'the session got another token');
    await ok(await admin.call('GET', content), 200);
  });

  it('nobody changes what they hold themselves, however they spell themselves', async () => {
    const admin = await signedIn(server, [{ role: 'administrator' }]);
    for (const own of [
      admin.id,
      admin.name,
      admin.name.toUpperCase(),
      encodeURIComponent(admin.name).replace('-', '%2D'),
    ])
      for (const [path, body] of [
        ['grants', { role: 'approver' }],
        ['disable', {}],
        ['link', {}],
      ] as const)
        assert.equal(
          await refusal(await admin.call('POST', `/api/v1/people/${own}/${path}`, body)),
          'not-permitted',
          `${own} ${path}`,
        );
    const { grants } = (await server.control.accounts.directory.list()).find(({ id }) => id === admin.id)!;
    assert.equal(grants.length, 1);
  });

  for (let part = 0; part < PARTS; part++)
    it(`${MANY.toLocaleString('en')} requests of people with one system tell nothing of the other: part ${part + 1} of ${PARTS}`, async () => {
      if (people.length === 0) people = await neighbours(world);
      const told = await askAcross(world, people, MANY / PARTS, 11 + part);
      assert.ok(told > MANY / PARTS / 5, `${told} were answered`);
    });

  it('every decision is in the record, with its policies', async () => {
    const who = await signedIn(server, [{ role: 'operator', system: 'alpha-desk' }]);
    await refusal(await who.call('DELETE', '/api/v1/systems/beta-desk'));
    await ok(await who.call('GET', '/api/v1/systems'), 200);
    await server.control.authoriser.flush();
    await server.control.installation.flush();
    const { events } = await server.control.installation.store.events.page(
      ['access-decided'],
      { actor: `person:${who.id}` },
      50,
    );
    const told = events.map(({ subject, data }) => [
      subject,
      data['action'],
      data['allowed'],
      data['policyIds'],
    ]);
    assert.ok(
      told.some((one) => JSON.stringify(one) === '["system:beta-desk","remove-systems",false,[]]'),
      JSON.stringify(told),
    );
    assert.ok(
      told.some((one) => JSON.stringify(one) === '["system:alpha-desk","see-systems",true,["operator"]]'),
      JSON.stringify(told),
    );
    const auditor = await signedIn(server, [{ role: 'auditor' }]);
    const { entries } = await ok<{ entries: { actor: string }[] }>(
      await auditor.call('GET', `/api/v1/access-log?kind=refused&actor=person:${who.id}`),
      200,
    );
    assert.equal(entries.length, 1);
  });

  it('a live stream ends when whoever listens is shut out', async () => {
    const who = await signedIn(server, [{ role: 'viewer' }]);
    const live = await who.call('GET', '/api/v1/live');
    const reader = live.body!.getReader();
    await reader.read();
    await server.control.accounts.directory.setDisabled('test', who.id, true);
    const end = async (): Promise<string> => {
      for (;;) if ((await reader.read()).done) return 'over';
    };
    assert.equal(await Promise.race([end(), delay(3_000, 'still there')]), 'over');
    assert.equal((await who.call('GET', '/api/v1/session')).status, 401);
  });

  it('somebody without a session gets nothing', async () => {
    for (const route of await routesOf(server))
      assert.equal(
        await refusal(await ask(browserOf(server), route, 'alpha-desk')),
        'not-signed-in',
        route.path,
      );
  });
});
