import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, it } from 'node:test';
import { scratch, type TestServer, testServer } from './harness.ts';

const skip = process.env['TEST_POSTGRES'] !== undefined;
const data = join(scratch(), 'data');
let server: TestServer;
before(async () => {
  process.env['TEST_BOUND'] = 'a secret that is bound';
  process.env['TEST_FREE'] = 'a secret that is bound nowhere';
  const config = { secrets: { environment: ['TEST_BOUND', 'TEST_FREE'] } };
  server = await testServer({ data, config, diverges: true });
});
after(async () => {
  await server.stop();
  delete process.env['TEST_BOUND'];
  delete process.env['TEST_FREE'];
});

it(
  'a secret whose origins were changed or removed in the database is bound to no other by a first use',
  {
    skip,
  },
  async () => {
    const { state } = server.control.installation;
    const add = (name: string, variable: string): Promise<string> =>
      server.control
        .addSystem('person:per_b', name, {
          dialect: 'openai',
          urls: [`https://${name}.example`],
          apiKeyRef: `env:${variable}`,
        })
        .then(
          () => 'done',
          (fault: { code: string }) => fault.code,
        );
    const behind = async (statement: string, found: string): Promise<string> => {
      const db = new DatabaseSync(join(data, 'state.db'));
      db.exec('pragma busy_timeout = 5000');
      db.exec(statement);
      db.close();
      await state.look();
      const [own] = state.diverging;
      assert.equal(`${own?.row.split('/')[0]} ${own?.why}`, found);
      return own!.row;
    };
    assert.equal(await add('good', 'TEST_BOUND'), 'done');
    assert.equal(await add('evil', 'TEST_BOUND'), 'origin-not-approved');
    await behind(`update secret_origins set asked_by = 'x'`, 'secret_origins changed');
    assert.equal(await add('evil', 'TEST_BOUND'), 'origin-not-approved', 'changed');
    assert.equal(await add('free', 'TEST_FREE'), 'done', 'another secret is bound by its first use');
    const row = await behind(
      `delete from secret_origins where ref = 'env:TEST_BOUND'`,
      'secret_origins missing',
    );
    assert.equal(await add('evil', 'TEST_BOUND'), 'origin-not-approved', 'missing');
    await state.accept('local:test', row, 'a repair by hand');
    assert.equal(await add('evil', 'TEST_BOUND'), 'done', 'its owner has judged it');
  },
);
