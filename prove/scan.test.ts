import assert from 'node:assert/strict';
import { it } from 'node:test';
import { compareWithPython, python } from '../packages/scan/test/oracle.ts';

const PICKLES = Number(process.env['PICKLES'] ?? 1_000_000);
const STEP = 50_000;

it(
  `${PICKLES} random pickles look up nothing that the machine misses`,
  {
    skip: python() === null && 'there is no python3',
  },
  async () => {
    let lookedUp = 0;
    for (let done = 0; done < PICKLES; done += STEP) {
      const compared = await compareWithPython(python()!, Math.min(STEP, PICKLES - done), 1_000 + done);
      assert.deepEqual(compared.missed.slice(0, 5), []);
      lookedUp += compared.lookedUp;
      process.stderr.write(`${done + STEP} pickles, ${lookedUp} names\n`);
    }
    assert.ok(lookedUp > PICKLES / 5, `${lookedUp} names`);
  },
);
