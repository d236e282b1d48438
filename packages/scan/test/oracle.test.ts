import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compareWithPython, python } from './oracle.ts';

const PICKLES = 20_000;

describe('the machine beside CPython', () => {
  const program = python();
  it(
    `looks up every name that either of its readers does, in ${PICKLES} random streams`,
    { skip: program === null && 'there is no python3' },
    async () => {
      const { pickles, lookedUp, missed } = await compareWithPython(program!, PICKLES, 20_261_122);
      assert.equal(pickles, PICKLES);
      assert.ok(lookedUp > PICKLES / 5, `${lookedUp} names`);
      assert.deepEqual(missed.slice(0, 5), []);
    },
  );
});
