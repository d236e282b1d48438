import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import type { Random } from '@sallyport/attacks';
import { CodedError } from '@sallyport/core';
import { GRANTING_TABLES } from '@sallyport/store';
import { transitRoot } from '@sallyport/vault';
import { enforced, fakeSystem, scratch, testServer } from '../harness.ts';
import { signedIn } from '../people.ts';
import type { Boundary } from './boundary.ts';
import { mutateDocument } from './mutate.ts';

const TABLES = ['api_keys', 'systems', 'people', 'grants', 'programs'] as const;
const CELLS: readonly SQLInputValue[] = [
  '',
  '{',
  '[]',
  'null',
  '\u0000',
  '*',
  'administrator',
  'x'.repeat(5_000),
];
const NUMBERS: readonly SQLInputValue[] = [0, 1, -1, 2 ** 53, 1e300, -0.5, null];

/** Rows of the state that another program changes: a row that does not follow from the record grants nothing, and is told. */
export async function databaseRows(): Promise<Boundary> {
  const fake = await fakeSystem();
  const data = join(scratch(), 'data');
  const own = await testServer({ data, systems: { main: enforced(fake) }, diverges: true });
  const key = await own.key(['main']);
  await own.control.addSystem('test', 'other', enforced(fake));
  await own.key(['other']);
  await signedIn(own, [{ role: 'operator' }]);
  await own.control.accounts.programs.add('test', { name: 'p', purpose: 'x', owner: null, grants: [] });
  await own.control.installation.flush();
  const { state } = own.control.installation;
  const db = new DatabaseSync(join(data, 'state.db'), { enableForeignKeyConstraints: false });
  const change = async (random: Random): Promise<void> => {
    const table = random.pick(TABLES);
    const { columns, key: named } = GRANTING_TABLES[table];
    const rows = db.prepare(`select rowid as at, * from ${table}`).all();
    const row = random.pick(rows);
    const column = random.pick(columns);
    const value = random.pick([...CELLS, ...NUMBERS]);
    const put = db.prepare(`update ${table} set ${column} = ? where rowid = ?`);
    try {
      put.run(value, row['at']!);
    } catch {
      // A column that is never null, or that no two rows share.
      return;
    }
    try {
      const after = db.prepare(`select ${column} as now from ${table} where rowid = ?`).get(row['at']!)!;
      await state.look();
      const name = `${table}/${String(row[named])}`;
      const isSame = after['now'] === row[column] || (after['now'] === null && row[column] === null);
      const told = state.diverging.some(({ row: one }) => one === name);
      assert.equal(
        told,
        !isSame,
        `${name} ${column}: ${JSON.stringify(row[column])} → ${String(after['now'])}`,
      );
    } finally {
      put.run(row[column]!, row['at']!);
    }
  };
  return {
    name: 'rows of the database',
    deadlineMs: 20_000,
    send: change,
    honest: async () => {
      await state.look();
      assert.deepEqual(state.diverging, []);
      assert.equal((await own.chat(key, 'hello')).status, 200);
    },
    close: async () => {
      db.close();
      await own.stop();
      await fake.close();
    },
  };
}

/** What a key provider answers: it ends in the key that was wrapped, or in words. */
export async function keyProviderAnswers(): Promise<Boundary> {
  const plain = Buffer.alloc(32, 9);
  const ciphertext = `vault:v1:${Buffer.alloc(60, 3).toString('base64')}`;
  let answer = (_what: string): { status: number; text: string } => ({ status: 200, text: '{}' });
  const honestly = (what: string) => ({
    status: 200,
    text: JSON.stringify({
      data: what === 'encrypt' ? { ciphertext } : { plaintext: plain.toString('base64') },
    }),
  });
  const root = transitRoot({
    url: 'https://keys.example',
    mount: 'transit',
    key: 'root',
    token: () => 'token',
    post: async (url) => answer(url.split('/').at(-2)!),
  });
  return {
    name: 'answers of key providers',
    deadlineMs: 10_000,
    send: async (random) => {
      answer = (what) => {
        const { data } = JSON.parse(honestly(what).text) as { data: object };
        const text = mutateDocument({ data, errors: [], lease_id: '' }, random).toString();
        return { status: random.pick([200, 200, 200, 204, 400, 403, 404]), text };
      };
      const fault = (error: unknown): void => {
        assert.ok(error instanceof CodedError, String(error));
        assert.ok(!error.message.includes(plain.toString('base64')), 'no key in the words');
      };
      await root.wrap(plain, Buffer.from('context')).then((wrapped) => {
        assert.match(Buffer.from(wrapped).toString(), /^vault:v\d+:[A-Za-z0-9+/=]+$/);
      }, fault);
      await root
        .unwrap(Buffer.from(ciphertext), Buffer.from('context'))
        .then((key) => assert.ok(key.length > 0), fault);
    },
    honest: async () => {
      answer = honestly;
      assert.deepEqual(Buffer.from(await root.unwrap(Buffer.from(ciphertext), Buffer.from('c'))), plain);
    },
    close: async () => {},
  };
}
