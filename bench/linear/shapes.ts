import type { InspectionRequest } from '@sallyport/core';
import { WORDS } from './inputs.ts';
import type { Pass } from './passes.ts';

/** Texts that never hold what a pass looks for next: a space, the end of a line, a mark that closes what was opened. */
const UNITS: Readonly<Record<string, string>> = {
  'without a space': 'VGhlIHF1YXJ0ZXJseSByZXBvcnQgc2hvd3MgdGhhdCByZXZlbnVlIGdyZXc',
  'figures without an end': '4071980362518',
  'one line of words': WORDS,
  'one line of links': 'see [the page](https://docs.example/a?b=c) and ![it](https://docs.example/i.png) ',
  'one line of tags': '<p class="a">said <b>so</b> &amp; done</p> ',
  'tags that never close': 'a <a href="x',
  'comments that never close': 'a <!-- b ',
  'marks that open code': 'say `this and ',
  'signs beside letters': 'a!b$c(d+e|f',
  'nothing but spaces': ' ',
  'nothing but ends of lines': '\n',
};

/** Characters of the smallest text; more of those that are read quickly, since a small text does not show quadratic time. */
const SIZE = 30_000;
const SIZES: Readonly<Record<string, number>> = { 'without a space': 500_000 };

/** Every such text through all that inspects it, as said by a user, read in a document, and said in an answer. */
export const shapePasses = (inspect: (request: InspectionRequest) => unknown): Record<string, Pass> =>
  Object.fromEntries(
    Object.entries(UNITS).flatMap(([name, unit]) =>
      (['user', 'document', 'output'] as const).map((channel) => [
        `inspect: ${name}, ${channel}`,
        {
          size: SIZES[name] ?? SIZE,
          make: (n: number) => {
            const text = unit.repeat(Math.ceil(n / unit.length)).slice(0, n);
            return () => inspect({ text, pointer: '', channel });
          },
        },
      ]),
    ),
  );
