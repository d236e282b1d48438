// Holds the table of inputs that were read wrongly once (docs/SCAN.md) against a folder of them: `FAULTS=folder npm run prove
// prove/faults.test.ts`. Nothing of them is kept here, and nothing is loaded.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { FileSource } from '../packages/scan/src/bytes/byte-source.ts';
import { scanSource } from '../packages/scan/src/index.ts';

const FOLDER = process.env['FAULTS'];

/** Words of `expected.json`, as the verdicts that they let pass. */
const LETS: Readonly<Record<string, RegExp>> = {
  clean: /^clean$/,
  'malicious or suspicious': /^(?:malicious|suspicious)$/,
  susp: /^(?:malicious|suspicious)$/,
  notmal: /^(?!malicious)/,
  notclean: /^(?!clean$|unrecognised$)/,
};

it(
  'inputs that were read wrongly once are read as the table says',
  { skip: !FOLDER && 'FAULTS names no folder' },
  async () => {
    const text = readFileSync(join(import.meta.dirname, '..', 'docs', 'SCAN.md'), 'utf8');
    const table = new Map(
      [...text.matchAll(/^\|[^|\n]*\| `([A-Z]\d\d_[\w.]+)` \|[^|\n]*\| (\w+) \|$/gm)].map(([, name, is]) => [
        name!,
        is!,
      ]),
    );
    const expected = JSON.parse(readFileSync(join(FOLDER!, 'expected.json'), 'utf8')) as {
      path: string;
      expect: string;
    }[];
    assert.deepEqual([...table.keys()].sort(), expected.map(({ path }) => path).sort());
    for (const { path, expect } of expected) {
      assert.ok(existsSync(join(FOLDER!, path)), path);
      const { verdict } = await scanSource(path, FileSource.open(join(FOLDER!, path)));
      assert.equal(verdict, table.get(path), path);
      assert.match(verdict, LETS[expect]!, `${path} should be ${expect}`);
    }
  },
);
