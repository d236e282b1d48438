// Trains the tagger of names: `npm run train:names -- [TEXTS] [DATA]`. Names are generated; sentences without any are the
// training data of the injection model, where it is there. The same seed and data give the same weights.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { encodeTagger, TAGS } from '../../packages/guard/src/names/tagger.ts';
import { readFolder } from '../guard/corpus.ts';
import { writeSigned } from '../sign-model.ts';
import { nameless } from './background.ts';
import { Corpus } from './corpus.ts';
import { fitTagger } from './fit.ts';

const BITS = 18;
const SEED = 20_261_121;
const texts = Number(process.argv[2] ?? 150_000);
const data = process.argv[3] ?? join(import.meta.dirname, '../../../shared/guard');
const background = nameless(readFolder(join(data, 'train')).values());
process.stderr.write(`${background.length} sentences in which nobody is named\n`);

const { weights, transitions } = fitTagger(new Corpus(SEED), background, texts, BITS, (done, errors) =>
  process.stderr.write(
    `${done} of ${texts} texts, ${(errors * 100).toFixed(2)} % of the words of the last 10,000 wrong\n`,
  ),
);
let most = 0;
for (const weight of weights) most = Math.max(most, Math.abs(weight));
// Few weights are large; what exceeds a quarter of the largest is cut to it, so that the small ones keep their steps.
const step = most / 4 / 127;
const bytes = Int8Array.from(weights, (weight) => Math.max(-127, Math.min(127, Math.round(weight / step))));
const version = createHash('sha256').update(bytes).digest('hex').slice(0, 12);
const file = encodeTagger(
  {
    format: 'sallyport-names-1',
    version,
    bits: BITS,
    transitions: transitions.map((row) => row.map((one) => Math.round((one / step) * 16) / 16)),
  },
  bytes,
);
writeSigned('names.model', file);
process.stderr.write(`wrote ${file.length} bytes, ${TAGS.length} tags, version ${version}\n`);
