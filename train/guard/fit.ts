import { AGAIN, extractFeatures, FeatureBuffer } from '../../packages/guard/src/model/features.ts';
import { WINDOW_FEATURES_MIN, worstWindow } from '../../packages/guard/src/model/linear.ts';
import { canonicalise } from '../../packages/guard/src/views/canonicalise.ts';

/** Characters of a text that are trained on. */
const CHARACTERS_MAX = 4_000;

/** A labelled text, as the trainer takes it. */
export interface Row {
  readonly text: string;
  readonly label: 0 | 1;
  readonly source: string;
  readonly weight?: number;
}

/** A text as features. */
export interface Example {
  readonly hashes: Uint32Array;
  readonly ends: Int32Array;
  readonly label: 0 | 1;
  readonly weight: number;
  readonly source: string;
}

/** The bucket of a feature, without its mark. */
const INDEX = 0x7fff_ffff;
const buffer = new FeatureBuffer();

/** Features of the first reading of a text. */
export function toExample(row: Row, mask: number): Example {
  const { views } = canonicalise(row.text.slice(0, CHARACTERS_MAX));
  extractFeatures(views[0]!.text, buffer);
  const hashes = buffer.hashes.slice(0, buffer.count);
  for (let i = 0; i < hashes.length; i++) hashes[i] = (hashes[i]! & mask) + (hashes[i]! >= AGAIN ? AGAIN : 0);
  return {
    hashes,
    ends: Int32Array.from(buffer.ends),
    label: row.label,
    weight: row.weight ?? 1,
    source: row.source,
  };
}

/** How a model is fitted. */
export interface FitOptions {
  readonly bits: number;
  readonly epochs: number;
  readonly rate: number;
  readonly l2: number;
  readonly seed: number;
  /** Share of features left out of each example each time, so that weight spreads over all that speak for a label. */
  readonly dropout: number;
}

/** Weights as fitted, before they are rounded to bytes. */
export interface Fitted {
  readonly weights: Float32Array;
  readonly bias: number;
}

/** The window with the highest score: features from, to, score. */
export function bestWindow(
  example: Example,
  weights: Float32Array,
  bias: number,
  sums: Float64Array,
): [number, number, number] {
  const { hashes, ends } = example;
  let at = 0;
  let sum = 0;
  let once = 0;
  let count = 0;
  for (let s = 0; s < ends.length; s++) {
    for (; at < ends[s]!; at++) {
      const weight = weights[hashes[at]! & INDEX]!;
      sum += weight;
      if (hashes[at]! < AGAIN) {
        once += weight;
        count++;
      }
    }
    sums[s + 1] = sum;
  }
  if (ends.length === 0) return [0, 0, bias];
  const { first, last, score } = worstWindow(ends.length, sums, ends, once, count, 1);
  return [first === 0 ? 0 : ends[first - 1]!, ends[last]!, score + bias];
}

/**
 * Logistic regression by AdaGrad. A text counts as its worst window (multiple-instance learning, Dietterich 1997): a
 * harmless text must have none that reads like an attack, an attack must have one.
 */
export function fit(
  examples: readonly Example[],
  options: FitOptions,
  onEpoch?: (n: number, loss: number) => void,
): Fitted {
  const size = 2 ** options.bits;
  const weights = new Float32Array(size);
  const history = new Float32Array(size).fill(1e-3);
  const sums = new Float64Array(4_096);
  let bias = 0;
  let biasHistory = 1e-3;
  let state = options.seed >>> 0;
  const random = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 4_294_967_296;
  };
  let salt = 0;
  const limit = options.dropout * 65_536;
  const dropped = (i: number): boolean => {
    let h = Math.imul(i ^ salt, 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    return ((h >>> 16) & 0xffff) < limit;
  };
  const order = Uint32Array.from(examples, (_, i) => i);
  for (let epoch = 0; epoch < options.epochs; epoch++) {
    for (let i = order.length - 1; i > 0; i--) {
      const j = Math.floor(random() * (i + 1));
      [order[i], order[j]] = [order[j]!, order[i]!];
    }
    let loss = 0;
    for (const n of order) {
      const example = examples[n]!;
      if (example.ends.length === 0) continue;
      let [from, to] = bestWindow(example, weights, bias, sums);
      // To begin with nothing is known of windows: the whole text is taken, of attacks always in the first round.
      if (epoch === 0 && (example.label === 1 || random() < 0.5)) {
        [from, to] = [0, example.hashes.length];
      }
      const { hashes } = example;
      // The whole text counts what it says twice once.
      const whole = from === 0 && to === hashes.length;
      let counted = 0;
      for (let i = from; i < to; i++) if (!whole || hashes[i]! < AGAIN) counted++;
      const root = Math.sqrt(Math.max(counted, WINDOW_FEATURES_MIN));
      salt = (random() * 4_294_967_296) >>> 0;
      let sum = 0;
      for (let i = from; i < to; i++)
        if (!(whole && hashes[i]! >= AGAIN) && !dropped(i)) sum += weights[hashes[i]! & INDEX]!;
      const score = bias + sum / (1 - options.dropout) / root;
      const p = 1 / (1 + Math.exp(-score));
      loss += example.weight * -Math.log(Math.max(1e-9, example.label === 1 ? p : 1 - p));
      const error = (p - example.label) * example.weight;
      if (Math.abs(error) < 1e-4) continue;
      const step = error / root;
      for (let i = from; i < to; i++) {
        if ((whole && hashes[i]! >= AGAIN) || dropped(i)) continue;
        const h = hashes[i]! & INDEX;
        const w = weights[h]!;
        const g = step + options.l2 * w;
        const past = history[h]! + g * g;
        history[h] = past;
        weights[h] = w - (options.rate * g) / Math.sqrt(past);
      }
      biasHistory += error * error;
      bias -= (options.rate * error) / Math.sqrt(biasHistory);
    }
    onEpoch?.(epoch, loss / examples.length);
  }
  return { weights, bias };
}
