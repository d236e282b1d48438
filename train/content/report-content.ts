import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Random } from '@sallyport/attacks';
import { CONTENT_CATEGORIES, ContentModel, canonicalise } from '../../packages/guard/src/index.ts';
import { readFolder } from '../guard/corpus.ts';
import { share } from '../share.ts';
import { MODELS } from '../sign-model.ts';
import { answersOf, harmlessNear } from './corpus.ts';
import { contentFile, fitContent, harmlessTexts } from './train.ts';

const TEXTS = 300;

/** Counts what the model of answers sees: of sentences it never learned, and of harmless texts of others. */
export function reportContent(data: string, say: (...lines: string[]) => void): void {
  say('', '## What answers hold', '');
  say(
    'Fitted without every fourth sentence of each category and tried on answers made of nothing but those, and on harmless ones with',
    'the same words; from which score a text is flagged was chosen with the same sentences. Sentences of ours are no sample of what models',
    'say: take all of this as the best case.',
    '',
    '| category | seen, of 300 | as another |',
    '|---|---|---|',
  );
  const random = new Random(31);
  const find = (model: ContentModel, text: string): string[] =>
    model.find(canonicalise(text).views[0]!.text).map(({ category }) => category);
  const partly = ContentModel.parse(contentFile(fitContent(harmlessTexts(data), 'train')));
  for (const category of CONTENT_CATEGORIES) {
    const found = answersOf(category, 'held', TEXTS, random).map((text) => find(partly, text));
    const hits = found.filter((list) => list.includes(category)).length;
    const others = found.filter((list) => list.some((one) => one !== category)).length;
    say(`| ${category} | ${share(hits, TEXTS)} | ${share(others, TEXTS)} |`);
  }
  const near = harmlessNear('held', TEXTS, random).filter((text) => find(partly, text).length > 0).length;
  say('', `Harmless answers with the same words that are taken for one of them: ${share(near, TEXTS)}.`);
  const model = ContentModel.parse(readFileSync(join(MODELS, 'content.model')));
  const harmless = [...readFolder(join(data, 'eval'))]
    .flatMap(([, rows]) => rows)
    .filter(({ label }) => label === 0);
  const flagged = harmless.filter(({ text }) => find(model, text).some((one) => one !== 'refusal')).length;
  say(
    `Harmless texts of the evaluation sets, whose questions often speak of harm: ${share(flagged, harmless.length)} are taken for an unsafe answer.`,
  );
}
