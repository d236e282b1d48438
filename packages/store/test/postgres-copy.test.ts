import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { newEvent, newId } from '@sallyport/core';
import { loadPostgres, openPostgres } from '../src/engines.ts';
import type { Store } from '../src/store.ts';
import { createDatabase, startPostgres } from './postgres.ts';

describe('state of PostgreSQL that is copied while others write', () => {
  let postgres: Awaited<ReturnType<typeof startPostgres>>;
  let store: Store;
  before(async () => {
    postgres = await startPostgres();
    store = await openPostgres(await createDatabase(postgres.url));
  });
  after(async () => {
    await store.close();
    await postgres.stop();
  });
  const AT = '2026-01-01T00:00:00.000Z';
  /** A change: a hold, and the event of it that waits for the record. */
  const place = (of: Store): Promise<void> =>
    of.change(async (tx) => {
      await of.holds.place(tx, {
        ...{ id: newId('hld'), system: 'main', reason: 'r', placedAt: AT, placedBy: 'test' },
        ...{ liftedAt: null, liftedBy: null },
      });
      return { result: undefined, event: newEvent('hold-placed', { actor: 'test', subject: 'system:main' }) };
    });
  const read = async (lines: AsyncIterable<string>): Promise<string[]> => {
    const pieces: string[] = [];
    for await (const piece of lines) pieces.push(piece);
    return pieces;
  };
  async function* again(pieces: readonly string[]): AsyncGenerator<string> {
    yield* pieces;
  }
  /** How many rows of a table a copy has. */
  const count = (pieces: readonly string[], table: string): number => {
    const lines = pieces.join('').split('\n').filter(Boolean);
    const from = lines.findIndex((line) => line.startsWith(`{"table":"${table}"`)) + 1;
    const rest = lines.slice(from);
    const until = rest.findIndex((line) => line.startsWith('{'));
    return until < 0 ? rest.length : until;
  };

  it('is as it was while changes waited for it, whatever is written before it is read', async () => {
    for (let n = 0; n < 10; n++) await place(store);
    let then = 0;
    const lines = await store.dump(async () => {
      then = (await store.holds.list()).length;
    });
    for (let n = 0; n < 5; n++) await place(store);
    const pieces = await read(lines);
    assert.equal(count(pieces, 'holds'), then);
    assert.equal(count(pieces, 'outbox'), then);
  });

  it('has no change by halves, and can be read into another database, where changes go on', async () => {
    let isOver = false;
    const writing = (async () => {
      while (!isOver) await Promise.all([place(store), place(store), place(store)]);
    })();
    const copies: string[][] = [];
    for (let n = 0; n < 5; n++) copies.push(await read(await store.dump()));
    isOver = true;
    await writing;
    for (const pieces of copies) {
      assert.ok(count(pieces, 'holds') >= 15);
      assert.equal(count(pieces, 'holds'), count(pieces, 'outbox'));
    }
    const last = copies.at(-1)!;
    const url = await createDatabase(postgres.url);
    await loadPostgres(url, again(last));
    const restored = await openPostgres(url);
    const holds = (await restored.holds.list()).length;
    assert.equal(holds, count(last, 'holds'));
    const digests = await restored.granting.digests();
    const own = await store.granting.digests();
    for (const [row, { digest }] of digests) assert.equal(own.get(row)?.digest, digest, row);
    await place(restored);
    const waiting = (await restored.outbox.rows(100_000)).map(({ seq }) => seq);
    assert.equal(waiting.length, holds + 1);
    assert.equal(new Set(waiting).size, holds + 1);
    await restored.close();
    await assert.rejects(loadPostgres(url, again(last)), { code: 'config-invalid' });
  });
});
