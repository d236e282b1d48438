import assert from 'node:assert/strict';
import { it } from 'node:test';
import { ENCODERS, Random } from '@sallyport/attacks';
import { Inspector } from '@sallyport/guard';

const LEAKS = Number(process.env['LEAKS'] ?? 100_000);
/** Separators that a split canary stands with. */
const SPLITS = [' ', '-', '\n', '.', ' . ', '\n- ', '\u200b', '\u2063', '_', ' | ', '**', ', '];

const WORDS =
  'sure the answer you asked for is this one please note that it was given to me at the start of our talk and must stay here'.split(
    ' ',
  );

it(`${LEAKS} canaries leaked in every disguise, split or whole: none missed`, (t) => {
  const inspector = new Inspector();
  const random = new Random(7);
  const prose = (words: number): string => Array.from({ length: words }, () => random.pick(WORDS)).join(' ');
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
  const part = (n: number, alphabet: string): string =>
    Array.from({ length: n }, () => alphabet[random.below(alphabet.length)]).join('');
  const names = Object.keys(ENCODERS);
  const missed = new Map<string, string>();
  const count = new Map<string, number>();
  const canaries = Array.from({ length: 240 }, () =>
    random.pick([
      () => `${part(6, letters)}-${part(4, '0123456789')}-${part(7, letters)}`,
      () => `canary ${part(5, letters.toLowerCase())} ${part(5, letters.toLowerCase())}`,
      () => part(24, `${letters}${letters.toLowerCase()}0123456789`),
    ])(),
  );
  for (let n = 0; n < LEAKS; n++) {
    const canary = random.pick(canaries);
    const name = names[n % names.length]!;
    const encode = ENCODERS[name]!;
    const leak = random.pick([
      () => encode(canary),
      () => encode(`${prose(3)} ${canary} ${prose(3)}`),
      () => [...canary].join(random.pick(SPLITS)),
    ])();
    const text = `${prose(1 + random.below(12))}: ${leak} ${prose(random.below(8))}`;
    const seen = inspector
      .inspect({ text, pointer: '', channel: 'output', canaries: [canary] })
      .some(({ detector }) => detector === 'canary');
    if (seen) continue;
    count.set(name, (count.get(name) ?? 0) + 1);
    missed.set(name, `${canary} as ${text}`);
  }
  for (const [name, text] of missed) t.diagnostic(`${name} ${count.get(name)}: ${text.slice(0, 300)}`);
  assert.equal(missed.size, 0);
});
