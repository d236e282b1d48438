import assert from 'node:assert/strict';
import { readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import { type CodedError, ERRORS, parseConfig } from '@sallyport/core';
import { Installation } from '../src/installation.ts';
import { scratch, type TestServer, testServer } from './harness.ts';
import { signedIn } from './people.ts';

const isState = (name: string): boolean => name.startsWith('state.db');

describe(
  'state that is not there any more',
  { skip: process.env['TEST_POSTGRES'] !== undefined && 'it is of the embedded engine' },
  () => {
    it('is not replaced in silence, by nothing and by that of another installation', async () => {
      const folders = [join(scratch(), 'data'), join(scratch(), 'data')] as const;
      for (const data of folders) {
        const server = await testServer({ data });
        const person = await signedIn(server, [{ role: 'administrator' }]);
        for (let i = 0; i < 40; i++)
          await person.call('POST', '/api/v1/systems', {
            name: `s${i}`,
            dialect: 'openai',
            urls: ['http://models.example'],
          });
        await server.stop();
      }
      const [data, other] = folders;
      const kept = scratch();
      const states = readdirSync(data).filter(isState);
      for (const name of states) renameSync(join(data, name), join(kept, name));
      const entries = (): string =>
        readdirSync(join(data, 'ledger', 'tile'), { recursive: true })
          .sort()
          .join();
      const before = entries();
      await assert.rejects(testServer({ data }), (fault: { code: string; message: string }) => {
        assert.equal(fault.code, 'state-lost');
        assert.match(fault.message, /the record has \d+ entries, and the state has seen none of them/);
        return true;
      });
      for (const name of readdirSync(data).filter(isState)) rmSync(join(data, name));
      for (const name of readdirSync(other).filter(isState)) renameSync(join(other, name), join(data, name));
      await assert.rejects(testServer({ data }), { code: 'state-lost' });
      assert.equal(entries(), before, 'nothing was written to the record');
      for (const name of readdirSync(data).filter(isState)) rmSync(join(data, name));
      for (const name of states) renameSync(join(kept, name), join(data, name));
      const again = await testServer({ data });
      assert.equal(again.setupUrl, null);
      assert.equal((await again.control.systems()).length, 40);
      await again.stop();
    });

    for (const [what, live] of [
      [
        'an administrator',
        async (server: TestServer) => void (await signedIn(server, [{ role: 'administrator' }])),
      ],
      [
        'a key',
        async (server: TestServer) =>
          void (await server.control.apiKeys.create('local:test', { name: 'k', systems: ['s'] })),
      ],
      [
        'a system',
        async (server: TestServer) =>
          void (await server.control.addSystem(
            'local:test',
            's',
            { dialect: 'openai', urls: ['http://a.example'] },
            false,
          )),
      ],
    ] as const)
      it(`is missed by a record of a few entries too, that remembers ${what}`, async () => {
        const data = join(scratch(), 'data');
        const systems = what === 'a key' ? { s: { dialect: 'openai', urls: ['http://a.example'] } } : {};
        const server = await testServer({ data, systems });
        await live(server);
        assert.ok(server.control.installation.ledger.size < 40);
        await server.stop();
        for (const name of readdirSync(data).filter(isState)) rmSync(join(data, name));
        await assert.rejects(testServer({ data, systems }), (fault: CodedError) => {
          assert.equal(fault.code, 'state-lost');
          assert.match(
            fault.message,
            /the state knows none of what the record remembers, such as `(?:people|api_keys|systems)\//,
          );
          assert.match(ERRORS['state-lost'].action, /`sallyport restore/);
          return true;
        });
      });

    it('was never there after a first start that was cut short, and the next one goes on', async () => {
      const data = join(scratch(), 'data');
      await (await Installation.open(data, parseConfig({}), `${data}.key`, true)).close();
      for (const name of readdirSync(data).filter(isState)) rmSync(join(data, name));
      const server = await testServer({ data });
      assert.notEqual(server.setupUrl, null);
      await server.stop();
    });

    it('or was written by a newer version is told so, and left as it is', async () => {
      const data = join(scratch(), 'data');
      await (await testServer({ data })).stop();
      const db = new DatabaseSync(join(data, 'state.db'));
      db.prepare('insert into schema_migrations (name, applied_at) values (?, ?)').run('9999-later', 'then');
      db.close();
      await assert.rejects(testServer({ data }), {
        code: 'config-invalid',
        message: /newer version.*9999-later/,
      });
    });
  },
);
