import { bestTags, TAGS, tagScores } from '../../packages/guard/src/names/tagger.ts';
import { FEATURES, featuresOf, tokensOf } from '../../packages/guard/src/names/tokens.ts';
import type { Corpus, Labelled } from './corpus.ts';

/** A text as tokens with their tags. */
interface Example {
  readonly features: Uint32Array;
  readonly tags: Uint8Array;
}

/** Share of names whose letters are hidden in training: most names that will be met were never seen. */
const HIDDEN = 0.35;
/** Share of the other words hidden: nor will what stands around them be what it was. */
const HIDDEN_AROUND = 0.15;
/** Share of texts in which nobody is named. */
const NAMELESS = 0.35;

function toExample({ text, spans }: Labelled, corpus: Corpus): Example {
  const tokens = tokensOf(text);
  const tags = new Uint8Array(tokens.length);
  let next = 0;
  tokens.forEach(({ start, end }, n) => {
    while (next < spans.length && spans[next]!.end <= start) next++;
    const span = spans[next];
    if (span && start >= span.start && end <= span.end) tags[n] = TAGS.indexOf(span.kind);
  });
  const hide = tokens.map((_, n) => corpus.below(1_000) < (tags[n] === 0 ? HIDDEN_AROUND : HIDDEN) * 1_000);
  return { features: featuresOf(tokens, (n) => hide[n]!), tags };
}

/** A tagger as fitted. */
export interface FittedTagger {
  readonly weights: Float32Array;
  readonly transitions: number[][];
}

/** The averaged structured perceptron (Collins 2002). */
export function fitTagger(
  corpus: Corpus,
  background: readonly Labelled[],
  texts: number,
  bits: number,
  onProgress: (done: number, errors: number) => void,
): FittedTagger {
  const size = TAGS.length;
  const mask = 2 ** bits - 1;
  const weights = new Float32Array(2 ** bits * size);
  const totals = new Float64Array(weights.length);
  const since = new Uint32Array(weights.length);
  const transitions = TAGS.map(() => new Array<number>(size).fill(0));
  const transitionTotals = TAGS.map(() => new Array<number>(size).fill(0));
  let step = 1;
  const move = (index: number, by: number): void => {
    totals[index]! += weights[index]! * (step - since[index]!);
    since[index] = step;
    weights[index]! += by;
  };
  let errors = 0;
  let seen = 0;
  for (let n = 1; n <= texts; n++, step++) {
    const { features, tags } = toExample(
      background.length > 0 && corpus.below(1_000) < NAMELESS * 1_000
        ? corpus.pick(background)
        : corpus.next(),
      corpus,
    );
    const count = tags.length;
    const scores = tagScores(features, weights, mask);
    const guess = bestTags(scores, count, transitions);
    for (let t = 0; t < count; t++) {
      seen++;
      const [right, wrong] = [tags[t]!, guess[t]!];
      if (right !== wrong) {
        errors++;
        for (let k = 0; k < FEATURES; k++) {
          const row = (features[t * FEATURES + k]! & mask) * size;
          move(row + right, 1);
          move(row + wrong, -1);
        }
      }
      if (t > 0 && (right !== wrong || tags[t - 1] !== guess[t - 1])) {
        transitions[tags[t - 1]!]![right]! += 1;
        transitions[guess[t - 1]!]![wrong]! -= 1;
      }
    }
    for (let a = 0; a < size; a++)
      for (let b = 0; b < size; b++) transitionTotals[a]![b]! += transitions[a]![b]!;
    if (n % 10_000 === 0) {
      onProgress(n, errors / seen);
      errors = 0;
      seen = 0;
    }
  }
  const averaged = new Float32Array(weights.length);
  for (let i = 0; i < weights.length; i++)
    averaged[i] = (totals[i]! + weights[i]! * (step - since[i]!)) / step;
  return { weights: averaged, transitions: transitionTotals.map((row) => row.map((total) => total / step)) };
}
