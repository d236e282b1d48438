import assert from 'node:assert/strict';
import { it } from 'node:test';
import { GRANTING_TABLES, NOT_GRANTING } from '../src/granting.ts';
import { stateTables } from '../src/migrations.ts';

it('every table is held against the log, or it was judged why it need not be', () => {
  const held = Object.keys(GRANTING_TABLES);
  const judged = Object.keys(NOT_GRANTING);
  assert.deepEqual([...held, ...judged].sort(), [...stateTables().keys()].sort());
  for (const [table, why] of Object.entries(NOT_GRANTING)) assert.ok(why.length > 20, table);
});
