import assert from 'node:assert/strict';
import type { Random } from '@sallyport/attacks';
import { printableLine, shortened, visible, visibleJson } from '@sallyport/core';
import type { Boundary } from './boundary.ts';

/** Of what texts are made that move a cursor, turn letters round, hide some, or give a runner of pipelines a command. */
const PIECES = [
  ...['\u001b[2J', '\u009b1A', '\u001b]0;x\u0007', '\r', '\n', '\b', '\0', '\u007f', '\u0085', '\u2028'],
  ...['\u202e', '\u2066', '\u200b', '\u00ad', '\u3164', '\ufeff', '\u{e0041}', '\ud800', '\udfff', '\u034f'],
  ...['::set-output name=x::', '##[error]', '##vso[task.setvariable]', '##teamcity[x]', '#', ':', ' ', '\t'],
  ...['a', 'é', '中', '🙂', '\\', '"', '<', '`', '%0A', 'clean', '\u0301'],
];
/** What none of it may hold: controls, what turns or hides, and halves of characters. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\u3164\u115f\u1160\uffa0]/u;

const text = (random: Random): string =>
  Array.from({ length: 1 + random.below(40) }, () => random.pick(PIECES)).join('');

/** Names and texts that others wrote, on their way to terminals and pipelines. */
export async function printedTexts(): Promise<Boundary> {
  return {
    name: 'printed texts',
    deadlineMs: 5_000,
    send: async (random) => {
      const own = text(random);
      for (const line of [printableLine(own), printableLine(shortened(own, 20))]) {
        assert.doesNotMatch(line, UNSEEN);
        assert.doesNotMatch(line, /##(?=\[|[a-z]{1,32}\[)/i);
        assert.ok(!line.trimStart().startsWith('::'), line);
      }
      assert.doesNotMatch(visible(own), UNSEEN);
      const value = { [text(random)]: [own, { own }] };
      const json = visibleJson(value);
      assert.doesNotMatch(json, UNSEEN);
      assert.deepEqual(JSON.parse(json), value, 'as JSON it is the same value');
    },
    honest: async () => {
      assert.equal(printableLine('a model: café 🙂, 100 %'), 'a model: café 🙂, 100 %');
    },
    close: async () => {},
  };
}
