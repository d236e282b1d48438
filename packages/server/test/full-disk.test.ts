import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { enforced, type FakeSystem, fakeSystem, scratch, type TestServer, testServer } from './harness.ts';
import { browserOf, ok, PASSWORD, signedIn } from './people.ts';
import { killPrograms, type Program, startProgram } from './program.ts';

const sleep = (ms: number): Promise<void> => new Promise((tick) => setTimeout(tick, ms));
const status = async (asked: Promise<Response>): Promise<number> => {
  const answer = await asked;
  await answer.arrayBuffer();
  return answer.status;
};

describe('shutting out on a full disk', () => {
  after(killPrograms);

  it('a revocation is stored in the room that is kept for it, and outlives the program', async (t) => {
    const folder = scratch();
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=90m', 'tmpfs', folder], { stdio: 'ignore' });
    } catch {
      t.skip('needs the right to mount a small disk');
      return;
    }
    const fake = await fakeSystem();
    const file = join(folder, 'sallyport.yaml');
    mkdirSync(join(folder, 'ballast'));
    writeFileSync(
      file,
      `systems:\n  main: { dialect: openai, urls: ["${fake.url}"], allowPrivate: true, mode: enforce }\n`,
    );
    const start = (): Promise<Program> =>
      startProgram({
        data: join(folder, 'data'),
        rootKey: join(folder, 'root.key'),
        config: file,
        args: ['--workers', '1'],
      });
    const call = (program: Program, key: string): Promise<number> =>
      status(
        fetch(`${program.gateway}/v1/chat/completions`, {
          method: 'POST',
          headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
          body: JSON.stringify({ model: 'main', messages: [{ role: 'user', content: 'hello' }] }),
        }),
      );
    /** Fills the disk to its last byte. */
    const fill = (): void => {
      for (const bytes of [1024 * 1024, 4096, 1])
        try {
          for (let n = 0; ; n++)
            writeFileSync(join(folder, 'ballast', `${bytes}-${n % 8}`), Buffer.alloc(bytes), { flag: 'a' });
        } catch {
          // The disk is full.
        }
    };
    try {
      const first = await start();
      const make = (name: string) =>
        first.sallyport('key', 'create', '--name', name, '--systems', 'main') as { id: string; key: string };
      const [one, two, kept] = [make('one'), make('two'), make('kept')];
      assert.equal(await call(first, one.key), 200);
      for (const { id, key } of [one, two]) {
        fill();
        first.sallyport('key', 'revoke', id);
        // That it is refused cannot be recorded, which is said then.
        assert.ok([401, 503].includes(await call(first, key)));
      }
      fill();
      await first.kill();
      rmSync(join(folder, 'ballast'), { recursive: true });
      const again = await start();
      for (const { key } of [one, two]) assert.equal(await call(again, key), 401);
      assert.equal(await call(again, kept.key), 200);
      const verified = again.sallyport('ledger', 'verify') as { problems: unknown[] };
      assert.deepEqual(verified.problems, []);
      assert.equal(await again.stop(), 0);
    } finally {
      await fake.close();
      execFileSync('umount', ['-l', folder], { stdio: 'ignore' });
    }
  });

  describe('where nothing can be stored at all', () => {
    let fake: FakeSystem;
    let server: TestServer;
    before(async () => {
      fake = await fakeSystem();
      server = await testServer({
        config: { access: { groupRoles: { operators: ['operator'] } } },
      });
    });
    after(async () => {
      await server.stop();
      await fake.close();
    });

    /** Has every change fail as on a full disk, at its end. @returns ends it */
    const fillDisk = (): (() => void) => {
      const { outbox } = server.control.installation.store;
      const { enqueue } = outbox;
      outbox.enqueue = async () => {
        throw Object.assign(new Error('database or disk is full'), { code: 'ERR_SQLITE_ERROR', errcode: 13 });
      };
      return () => {
        outbox.enqueue = enqueue;
      };
    };
    const answer = async (asked: Promise<Response>): Promise<string> => {
      const response = await asked;
      const text = await response.text();
      return `${response.status} ${/"code":"([\w-]+)"/.exec(text)?.[1] ?? ''} ${/acts|in force/.test(text)}`;
    };

    /** What the gateway says of a call, once it can record that. */
    const call = async (key: string, model: string): Promise<string> => {
      for (let n = 0; ; n++) {
        const response = await server.chat(key, 'hello', { model });
        const code = /"code":"([\w-]+)"/.exec(await response.text())?.[1] ?? '';
        if (code !== 'record-unavailable' || n === 50) return `${response.status} ${code}`;
        await sleep(100);
      }
    };

    it('every route that shuts out acts, says so, and is stored as soon as that can be', async () => {
      const { control } = server;
      const { accounts, apiKeys, installation } = control;
      const admin = await signedIn(server, [{ role: 'administrator' }]);
      await signedIn(server, [{ role: 'administrator' }]);
      const person = (grants = [{ role: 'viewer' }]) =>
        signedIn(server, grants, grants[0]!.role !== 'viewer');
      const [disabled, ended, ungranted, self] = [
        await person(),
        await person(),
        await person([{ role: 'operator' }]),
        await person(),
      ];
      const grant = async (id: string) =>
        (await accounts.directory.list()).find((one) => one.id === id)!.grants[0]!.id;
      const program = async (name: string, role: string) => {
        const { id } = await accounts.programs.add('test', {
          name,
          purpose: '',
          owner: null,
          grants: [{ role }],
        });
        const { key } = await apiKeys.create('test', { name, systems: [], program: id });
        return { id, key };
      };
      const [shut, lesser, idp] = [
        await program('shut', 'viewer'),
        await program('lesser', 'viewer'),
        await program('idp', 'provisioner'),
      ];
      for (const name of ['gone', 'stays'])
        await control.addSystem('test', name, enforced(fake, { models: [name] }));
      const key = await apiKeys.create('test', { name: 'k', systems: ['stays'] });
      const onGone = await server.key(['gone', 'stays']);
      const scim = (method: string, path: string, body?: object) =>
        fetch(`${server.controlUrl}/scim/v2${path}`, {
          method,
          headers: { authorization: `Bearer ${idp.key}`, 'content-type': 'application/scim+json' },
          body: body === undefined ? null : JSON.stringify(body),
        });
      const provided = async (userName: string) => {
        const { id } = await ok<{ id: string }>(await scim('POST', '/Users', { userName }), 201);
        return { id };
      };
      const out = await provided('out');
      const group = await ok<{ id: string }>(
        await scim('POST', '/Groups', { displayName: 'operators', members: [{ value: out.id }] }),
        201,
      );
      const roles = async (id: string) =>
        (await accounts.directory.list()).find((one) => one.id === id)!.grants.map(({ role }) => role);
      assert.deepEqual(await roles(out.id), ['operator']);
      const bearer = (token: string) =>
        status(
          fetch(`${server.controlUrl}/api/v1/systems`, { headers: { authorization: `Bearer ${token}` } }),
        );
      const see = (who: { call: typeof admin.call }) => status(who.call('GET', '/api/v1/systems'));
      const other = await (async () => {
        const browser = browserOf(server);
        await ok(await browser.call('POST', '/api/v1/session', { name: self.name, password: PASSWORD }), 201);
        return browser;
      })();

      /** What is asked for, and what shows that it acts. */
      const routes: [
        name: string,
        ask: () => Promise<Response>,
        acts: () => Promise<number | string>,
        then: number | string,
      ][] = [
        [
          'revoke a key',
          () => admin.call('POST', `/api/v1/keys/${key.id}/revoke`, {}),
          () => call(key.key, 'stays'),
          '401 key-revoked',
        ],
        [
          'remove a system',
          () => admin.call('DELETE', '/api/v1/systems/gone'),
          () => call(onGone, 'gone'),
          '503 system-quarantined',
        ],
        [
          'disable a person',
          () => admin.call('POST', `/api/v1/people/${disabled.id}/disable`, {}),
          () => see(disabled),
          401,
        ],
        [
          'end sessions',
          () => admin.call('DELETE', `/api/v1/people/${ended.id}/sessions`),
          () => see(ended),
          401,
        ],
        [
          'take a role away',
          () => admin.call('DELETE', `/api/v1/people/${ungranted.id}/grants/${ungrantedGrant}`),
          () => see(ungranted),
          401,
        ],
        [
          'end one’s other sessions',
          () => self.call('DELETE', '/api/v1/account/sessions'),
          () => see(other),
          401,
        ],
        [
          'sign out',
          () => self.call('DELETE', '/api/v1/session'),
          async () => (await accounts.sessions.list(self.id)).sessions.length,
          0,
        ],
        [
          'disable a program',
          () => admin.call('POST', `/api/v1/programs/${shut.id}/disable`, {}),
          () => bearer(shut.key),
          401,
        ],
        [
          'take a role away from a program',
          () => admin.call('DELETE', `/api/v1/programs/${lesser.id}/grants/${lesserGrant}`),
          async () => (await accounts.programs.list()).find(({ id }) => id === lesser.id)!.grants.length,
          0,
        ],
        [
          'a group of the provider that goes',
          () => scim('DELETE', `/Groups/${group.id}`),
          async () => (await roles(out.id)).join(),
          '',
        ],
        [
          'a leaver of the provider',
          () => scim('PUT', `/Users/${out.id}`, { userName: 'out', active: false }),
          async () => String((await accounts.directory.find(out.id)).disabledAt !== null),
          'true',
        ],
      ];
      const ungrantedGrant = await grant(ungranted.id);
      const lesserGrant = (await accounts.programs.list()).find(({ id }) => id === lesser.id)!.grants[0]!.id;
      for (const [name, , acts, then] of routes) assert.notEqual(await acts(), then, `${name}, before`);

      const empty = fillDisk();
      try {
        for (const [name, ask, acts, then] of routes) {
          for (const again of ['', ', asked again']) {
            if (name === 'sign out' && again !== '') continue;
            const said = await answer(ask());
            const expected = name.includes('provider') ? /^503 {2}true$/ : /^503 not-recorded-yet true$/;
            assert.match(said, expected, `${name}${again}`);
          }
          assert.equal(await acts(), then, name);
        }
        // Another state is handed out, and nothing comes back with it.
        await control.publish();
        for (const [name, , acts, then] of routes) assert.equal(await acts(), then, `${name}, later`);
        assert.equal(await see(admin), 200, 'others go on');
        assert.ok(installation.store.unstored.length >= routes.length - 1);
      } finally {
        empty();
      }
      for (let n = 0; n < 100 && installation.store.unstored.length > 0; n++) await sleep(100);
      assert.deepEqual(installation.store.unstored, []);
      for (const [name, , acts, then] of routes)
        if (name !== 'remove a system') assert.equal(await acts(), then, `${name}, stored`);
      assert.deepEqual(
        (await control.systems()).map(({ name }) => name),
        ['stays'],
      );
      await installation.flush();
      for (const type of [
        'key-revoked',
        'upstream-removed',
        'person-disabled',
        'grant-removed',
        'session-ended',
        'program-disabled',
        'group-changed',
      ] as const)
        assert.equal(
          typeof (await installation.store.events.latest(type))?.data['inForceSince'],
          'string',
          `${type} is in the record, with since when it acts`,
        );
    });
  });
});
