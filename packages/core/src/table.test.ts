import assert from 'node:assert/strict';
import { it } from 'node:test';
import { tableOf } from './table.ts';

it('a table has nothing that it was not given', () => {
  const table = tableOf({ a: 1 });
  assert.equal(table['a'], 1);
  for (const name of ['constructor', '__proto__', 'toString', 'hasOwnProperty', 'valueOf'])
    assert.equal(table[name], undefined, name);
});
