// Trains the model of what answers hold: `npm run train:content -- [DATA]`. Its categories are made of our own sentences,
// what is harmless of those and of the training data of the injection model. The same data and seeds give the same file.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  CONTENT_CATEGORIES,
  type ContentCategory,
  type ContentHeader,
  encodeContentModel,
} from '../../packages/guard/src/content/content-model.ts';
import { buildCorpus } from '../guard/corpus.ts';
import { type FitOptions, fit, type Row, toExample } from '../guard/fit.ts';
import { thresholdAt } from '../guard/threshold.ts';
import { quantise, scoreExamples } from '../guard/train.ts';
import { writeSigned } from '../sign-model.ts';
import { type Part, rowsFor } from './corpus.ts';

const SETTINGS: FitOptions = { bits: 16, epochs: 5, rate: 0.05, l2: 1e-6, seed: 1, dropout: 0.5 };
/** Raw scores from which a text is flagged: where few harmless sentences with the same words are, fitted without those. */
const [UNSAFE_FROM, REFUSAL_FROM] = [-1.5, -3.5];
/** Everyday texts that each category learns from. */
const EVERYDAY = 12_000;

/** One category as fitted, in bytes. */
export interface FittedCategory {
  readonly header: ContentHeader['categories'][number];
  readonly bytes: Int8Array;
}

/** Texts that are harmless: what is learned from, and sources kept apart that thresholds are set on. */
export interface Harmless {
  readonly everyday: readonly string[];
  readonly calibration: readonly Row[];
}

/** Harmless texts of the training data; near-duplicates of evaluation sets are removed. */
export function harmlessTexts(data: string): Harmless {
  const corpus = buildCorpus(data, 'all');
  const everyday = corpus.document.filter(({ label, source }) => label === 0 && !source.startsWith('talk'));
  const step = Math.max(1, Math.floor(everyday.length / EVERYDAY));
  return {
    everyday: everyday.filter((_, n) => n % step === 0).map(({ text }) => text.slice(0, 1_000)),
    calibration: [
      ...corpus.calibration.user,
      ...corpus.calibration.document.filter((row) => row.source !== 'xquad_q'),
    ],
  };
}

/** Fits every category. */
export function fitContent(
  { everyday, calibration }: Harmless,
  part: Part,
  say: (line: string) => void = () => {},
): FittedCategory[] {
  const mask = 2 ** SETTINGS.bits - 1;
  const held = calibration.map((row) => toExample(row, mask));
  return CONTENT_CATEGORIES.map((name: ContentCategory, n) => {
    const rows = rowsFor(name, part, everyday, n + 1);
    const fitted = fit(
      rows.map((row) => toExample(row, mask)),
      SETTINGS,
    );
    const quantised = quantise(fitted);
    const scores = scoreExamples(held, fitted, quantised);
    // Everyday texts are so far from every category that a share of them says nothing of those that are near.
    const flagAt = Math.max(thresholdAt(scores, 0.001), name === 'refusal' ? REFUSAL_FROM : UNSAFE_FROM);
    const denyAt = Math.max(thresholdAt(scores, 0.0001), flagAt + 1);
    say(`${name}: flagged at ${flagAt.toFixed(2)}, grave at ${denyAt.toFixed(2)}\n`);
    const { bytes, scale } = quantised;
    return { header: { name, scale, bias: fitted.bias, flagAt, denyAt }, bytes };
  });
}

/** The file of a fitted model. */
export function contentFile(fitted: readonly FittedCategory[]): Buffer {
  const size = fitted.length;
  const weights = new Int8Array(2 ** SETTINGS.bits * size);
  fitted.forEach(({ bytes }, c) => {
    for (let i = 0; i < bytes.length; i++) weights[i * size + c] = bytes[i]!;
  });
  const categories = fitted.map(({ header }) => header);
  const version = createHash('sha256')
    .update(weights)
    .update(JSON.stringify(categories))
    .digest('hex')
    .slice(0, 12);
  return encodeContentModel(
    { format: 'sallyport-content-1', version, bits: SETTINGS.bits, categories },
    weights,
  );
}

if (import.meta.main) {
  const data = process.argv[2] ?? join(import.meta.dirname, '../../../shared/guard');
  if (!existsSync(join(data, 'train'))) {
    process.stderr.write(`there is no training data in ${data}; name its folder\n`);
    process.exit(2);
  }
  const file = contentFile(fitContent(harmlessTexts(data), 'all', (line) => process.stderr.write(line)));
  writeSigned('content.model', file);
  process.stderr.write(`wrote ${file.length} bytes\n`);
}
