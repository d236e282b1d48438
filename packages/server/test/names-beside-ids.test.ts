import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { Inspector } from '@sallyport/guard';
import { readGuardModels } from '../src/guard-models.ts';

const inspector = Inspector.open(readGuardModels());
const names = (text: string): string[] =>
  inspector
    .inspect({ text, pointer: '', channel: 'user', names: true })
    .filter(({ detector }) => detector === 'pii')
    .map(({ location }) => text.slice(location.start, location.end));
const digest = (n: number, length: number): string =>
  createHash('sha256').update(String(n)).digest('hex').slice(0, length);
const uuid = (n: number): string => digest(n, 32).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');

/* The tagger reads letters and figures apart: what it takes for a number of a house and a street may be a digest. */
describe('names where ids stand', () => {
  for (const [kind, write] of Object.entries<(n: number) => string>({
    'a commit': (n) => `Commit ${digest(n, 40)} of build ${uuid(n + 1)} failed at step 4.`,
    'a build': (n) => `Build ${digest(n, 10)} of the app is out.`,
    'a request': (n) => `Request ${uuid(n).toUpperCase()} failed.`,
    'short digests': (n) => `See ${digest(n, 7)} and ${digest(n + 1, 8)} on main.`,
  }))
    it(`are not found in ${kind}`, () => {
      const found = Array.from({ length: 100 }, (_, n) => names(write(n))).flat();
      assert.deepEqual(found, []);
    });

  for (const [text, ...said] of [
    ['I live at 12 Baker Street, London NW1 6XE.', '12 Baker Street, London NW1 6XE'],
    ['Ship it to 5d Church Lane, Leeds LS14AP.', '5d Church Lane, Leeds LS14AP'],
    ['Visit us at 221B Baker Street.', '221B Baker Street'],
    [`Jane Doe lives at 4567 Oak Drive. Commit ${digest(3, 40)} failed.`, 'Jane Doe', '4567 Oak Drive'],
    [`Build ${digest(4, 10)} was made by Peter Miller.`, 'Peter Miller'],
  ] as const)
    it(`are found: ${text.slice(0, 50)}`, () => assert.deepEqual(names(text), said));
});
