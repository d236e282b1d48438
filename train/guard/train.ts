// Trains the injection model: `npm run train:guard -- [DATA]`. The same data, sources and settings give the same file,
// byte for byte.
import { createHash } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeModel, type Head, type ModelHeader } from '../../packages/guard/src/model/injection-model.ts';
import { MODELS, writeSigned } from '../sign-model.ts';
import { buildCorpus, type Corpus } from './corpus.ts';
import { bestWindow, type Example, type FitOptions, type Fitted, fit, type Row, toExample } from './fit.ts';
import { thresholdAt } from './threshold.ts';

/** How both heads are fitted. */
const SETTINGS: FitOptions = { bits: 20, epochs: 6, rate: 0.05, l2: 1e-6, seed: 1, dropout: 0.5 };
const HEADS: readonly Head[] = ['user', 'document'];

/** Weights as bytes: half of the largest becomes 127. */
export function quantise({ weights }: Fitted): { bytes: Int8Array; scale: number } {
  let most = 0;
  for (const w of weights) most = Math.max(most, Math.abs(w));
  // The few largest weights are cut, so that the many small ones keep their differences.
  const scale = Math.max((most * 0.5) / 127, 1e-9);
  return {
    bytes: Int8Array.from(weights, (w) => Math.max(-127, Math.min(127, Math.round(w / scale)))),
    scale,
  };
}

/** Scores of examples by source, under weights as they will be shipped. */
export function scoreExamples(
  examples: Iterable<Example>,
  { bias }: Fitted,
  { bytes, scale }: { bytes: Int8Array; scale: number },
): Map<string, number[]> {
  const weights = Float32Array.from(bytes, (byte) => byte * scale);
  const sums = new Float64Array(8_192);
  const out = new Map<string, number[]>();
  for (const example of examples) {
    const list = out.get(example.source) ?? [];
    list.push(bestWindow(example, weights, bias, sums)[2]);
    out.set(example.source, list);
  }
  return out;
}

/** Scores of calibration texts by source. */
export const scoresBySource = (
  rows: readonly Row[],
  fitted: Fitted,
  quantised: { bytes: Int8Array; scale: number },
  bits: number,
): Map<string, number[]> =>
  scoreExamples(
    rows.map((row) => toExample(row, 2 ** bits - 1)),
    fitted,
    quantised,
  );

/** Fits one head and finds its thresholds. */
export function trainHead(
  corpus: Corpus,
  head: Head,
  keep: (row: Row) => boolean = () => true,
  say: (line: string) => void = () => {},
): { fitted: Fitted; bytes: Int8Array; scale: number; flagAt: number; denyAt: number } {
  const mask = 2 ** SETTINGS.bits - 1;
  const examples: Example[] = corpus[head].filter(keep).map((row) => toExample(row, mask));
  const fitted = fit(examples, SETTINGS, (n, loss) =>
    say(`${head}: round ${n + 1} of ${SETTINGS.epochs}, loss ${loss.toFixed(4)}\n`),
  );
  const quantised = quantise(fitted);
  const scores = scoresBySource(corpus.calibration[head], fitted, quantised, SETTINGS.bits);
  return { fitted, ...quantised, flagAt: thresholdAt(scores, 0.01), denyAt: thresholdAt(scores, 0.001) };
}

if (import.meta.main) {
  const data = process.argv[2] ?? join(import.meta.dirname, '../../../shared/guard');
  if (!existsSync(join(data, 'train'))) {
    process.stderr.write(`there is no training data in ${data}; name its folder\n`);
    process.exit(2);
  }
  const corpus = buildCorpus(data, 'all');
  const digest = createHash('sha256').update(JSON.stringify(SETTINGS));
  for (const rows of [corpus.user, corpus.document, corpus.calibration.user, corpus.calibration.document])
    for (const row of rows) digest.update(`${row.label}${row.source}${row.weight}${row.text}\n`);
  const version = digest.digest('hex').slice(0, 12);
  const heads: ModelHeader['heads'][number][] = [];
  const tables: Int8Array[] = [];
  for (const name of HEADS) {
    const trained = trainHead(corpus, name, undefined, (line) => process.stderr.write(line));
    const { scale, flagAt, denyAt, bytes } = trained;
    heads.push({ name, bits: SETTINGS.bits, scale, bias: trained.fitted.bias, flagAt, denyAt });
    tables.push(bytes);
  }
  const file = encodeModel({ format: 'sallyport-injection-2', version, heads }, tables);
  writeSigned('injection.model', file);
  const count = (rows: readonly Row[], label: number): number =>
    rows.filter((row) => row.label === label).length;
  const sources = new Map<string, number>();
  for (const row of corpus.user) sources.set(row.source, (sources.get(row.source) ?? 0) + 1);
  writeFileSync(
    join(MODELS, 'training.json'),
    `${JSON.stringify(
      {
        version,
        settings: SETTINGS,
        sha256: createHash('sha256').update(file).digest('hex'),
        user: { harmless: count(corpus.user, 0), attacks: count(corpus.user, 1) },
        document: { harmless: count(corpus.document, 0), attacks: count(corpus.document, 1) },
        calibration: { user: corpus.calibration.user.length, document: corpus.calibration.document.length },
        nearDuplicatesRemoved: corpus.removed,
        sources: Object.fromEntries(
          [...sources].filter(([name]) => !/^(?:generated|hidden|talk)-/.test(name)),
        ),
      },
      null,
      2,
    )}\n`,
  );
  process.stderr.write(`wrote ${file.length} bytes, version ${version}\n`);
}
