import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ENCODERS, expand, grammarOf, LANGUAGES, Random } from '@sallyport/attacks';
import type { InspectionRequest } from '@sallyport/core';
import { probesFor, runProbes } from '../tools/pattern-fuzz.ts';
import { allPatterns, REVIEWED } from '../tools/patterns.ts';

// The patterns that files make when they are imported are seen only the first time.
const { patterns } = await allPatterns();
const { Inspector, learnTrainingEcho } = await import('@sallyport/guard');

const ROUNDS = Number(process.env['ROUNDS'] ?? 600);
const [SHORT, LONG] = [16_384, 131_072];
/** Eight times the text may take this many times as long; a square would take 64. */
const RATIO_MAX = 24;
/** Below this many milliseconds a long text may take what it wants: a clock shows nothing there. */
const FREE_MS = 60;

const SIGNS = [
  ...'abz019 .,:;@#/\\|_-+=*~^%&$!?()[]{}<>"\'`\n\t',
  '\u200b',
  '\u202e',
  '\ue0041',
  'ﬁ',
  'é',
  'а',
  '中',
  '🙂',
];
const BITS = [
  ...[
    'eyJ',
    'sk-',
    'AKIA',
    '-----BEGIN ',
    'ghp_',
    '![',
    '](',
    'http://',
    '<img ',
    '<!--',
    '&#x41;',
    '%41',
    '=41',
    '0x41',
  ],
  ...[
    '\\u0041',
    '.- ',
    '010',
    'SGVsbG8',
    '&amp;',
    '```',
    '> ',
    '| ',
    '1-',
    '(0',
    '+44 ',
    'DE89 ',
    '::',
    '127.',
    'ssn ',
  ],
  ...[
    'born ',
    'ignore ',
    'previous ',
    'instructions ',
    'you are ',
    'reveal the ',
    '$(',
    '; rm ',
    '../',
    "' or ",
    '[EMAIL_1]',
  ],
];
const model = (name: string): Uint8Array =>
  readFileSync(fileURLToPath(import.meta.resolve(`@sallyport/guard/model/${name}.model`)));

it(`${ROUNDS} texts made to be slow take time linear in their length`, (t) => {
  const inspector = Inspector.open({
    injection: model('injection'),
    names: model('names'),
    content: model('content'),
  });
  const random = new Random(Number(process.env['SEED'] ?? 11));
  const echo = learnTrainingEcho(['the parties agree that the price of the meadow is due in may']);
  const encoders = Object.values(ENCODERS);
  const piece = (): string =>
    random.pick([
      () => random.pick(SIGNS),
      () => random.pick(BITS),
      () => random.pick(SIGNS).repeat(1 + random.below(30)),
      () => random.pick(BITS) + random.pick(SIGNS),
      () => expand(grammarOf(random.pick(LANGUAGES)), '{attack}', random),
      () => random.pick(encoders)(expand(grammarOf('en'), '{attack}', random)),
    ])();
  const took = (text: string, channel: InspectionRequest['channel']): number => {
    const begun = performance.now();
    inspector.inspect({
      text,
      channel,
      pointer: '',
      names: true,
      content: true,
      tool: true,
      echo,
      canaries: ['HARBOUR-1234-LANTERN'],
      systemPrompts: ['the parties agree that the price of the meadow is due in may and not before'],
    });
    return performance.now() - begun;
  };
  let worst = { ratio: 0, long: 0, unit: '' };
  let slowest = { ratio: 0, long: 0, unit: '' };
  for (let n = 0; n < ROUNDS; n++) {
    const unit = Array.from({ length: 1 + random.below(3) }, piece).join('');
    const channel = random.pick(['user', 'document', 'output'] as const);
    const text = unit.repeat(Math.ceil(LONG / unit.length)).slice(0, LONG);
    let [short, long] = [took(text.slice(0, SHORT), channel), took(text, channel)];
    // The collector may strike once.
    if (long / short > RATIO_MAX) {
      short = Math.max(short, took(text.slice(0, SHORT), channel));
      long = Math.min(long, took(text, channel));
    }
    const seen = { ratio: long / short, long, unit };
    if (long > FREE_MS && seen.ratio > worst.ratio) worst = seen;
    if (long > slowest.long) slowest = seen;
  }
  for (const { ratio, long, unit } of [worst, slowest])
    t.diagnostic(
      `${ratio.toFixed(1)} times as long, ${long.toFixed(0)} ms: ${JSON.stringify(unit.slice(0, 120))}`,
    );
  assert.ok(worst.ratio <= RATIO_MAX);
});

/** Texts made for each pattern. */
const PROBES = Number(process.env['PROBES'] ?? 40);

it(`each pattern takes time linear in ${PROBES} texts that its own grammar makes`, async (t) => {
  const reviewed = new Set(REVIEWED.map(({ source }) => source));
  const seed = Number(process.env['SEED'] ?? 11);
  const probes = patterns
    .filter(({ source }) => !reviewed.has(source))
    .flatMap((pattern, n) => probesFor(pattern, PROBES, seed * 10_000 + n));
  t.diagnostic(`${patterns.length} patterns, ${probes.length} texts`);
  const slow = await runProbes(probes, true, 20_000);
  assert.deepEqual(
    slow.map(({ probe, said }) => ({ ...probe, said })),
    [],
  );
});
