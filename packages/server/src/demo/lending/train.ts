import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FEATURES, generateApplications, random } from './data.ts';
import { encodeNetwork, type Layer } from './onnx-file.ts';

/** Seed of the invented data and of the first weights. */
export const SEED = 20_261_121;
const HIDDEN = [16, 8];
const EPOCHS = 30;
const BATCH = 64;
const RATE = 0.004;

/** What training gave. */
export interface Trained {
  readonly file: Buffer;
  /** Share of right answers on rows kept aside. */
  readonly accuracy: number;
  /** Share of rows kept aside that were repaid: what always saying yes would score. */
  readonly baseline: number;
}

class Dense {
  readonly w: number[][];
  readonly b: number[];
  readonly #m: number[][];
  readonly #v: number[][];
  #input: number[] = [];
  readonly #dw: number[][];
  #steps = 0;

  constructor(inputs: number, outputs: number, next: () => number) {
    const scale = Math.sqrt(2 / inputs);
    this.w = Array.from({ length: inputs }, () =>
      Array.from({ length: outputs }, () => (next() * 2 - 1) * scale),
    );
    this.b = new Array(outputs).fill(0);
    const zeros = (): number[][] => Array.from({ length: inputs + 1 }, () => new Array(outputs).fill(0));
    this.#m = zeros();
    this.#v = zeros();
    this.#dw = zeros();
  }

  forward(x: number[]): number[] {
    this.#input = x;
    return this.b.map((bias, j) => x.reduce((sum, value, i) => sum + value * this.w[i]![j]!, bias));
  }

  backward(grad: readonly number[]): number[] {
    grad.forEach((g, j) => {
      this.#input.forEach((value, i) => {
        this.#dw[i]![j]! += g * value;
      });
      this.#dw.at(-1)![j]! += g;
    });
    return this.w.map((row) => row.reduce((sum, weight, j) => sum + weight * grad[j]!, 0));
  }

  /** One step of Adam (Kingma and Ba 2015) over what was gathered. */
  step(count: number): void {
    this.#steps++;
    this.#dw.forEach((row, i) => {
      row.forEach((sum, j) => {
        const g = sum / count;
        const m = 0.9 * this.#m[i]![j]! + 0.1 * g;
        this.#m[i]![j] = m;
        const v = 0.999 * this.#v[i]![j]! + 0.001 * g * g;
        this.#v[i]![j] = v;
        const change =
          (RATE * (m / (1 - 0.9 ** this.#steps))) / (Math.sqrt(v / (1 - 0.999 ** this.#steps)) + 1e-8);
        if (i < this.w.length) this.w[i]![j]! -= change;
        else this.b[j]! -= change;
        row[j] = 0;
      });
    });
  }
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** Trains the lending model from the seed: the same bytes every time. */
export function trainLending(): Trained {
  const rows = generateApplications(6000, SEED);
  const train = rows.slice(0, 5000);
  const test = rows.slice(5000);
  const mean = FEATURES.map((_, i) => train.reduce((sum, row) => sum + row.features[i]!, 0) / train.length);
  const deviation = FEATURES.map((_, i) =>
    Math.sqrt(train.reduce((sum, row) => sum + (row.features[i]! - mean[i]!) ** 2, 0) / train.length),
  );
  const scaled = (features: readonly number[]): number[] =>
    features.map((value, i) => (value - mean[i]!) / deviation[i]!);
  const next = random(SEED + 1);
  const sizes = [FEATURES.length, ...HIDDEN, 1];
  const layers = sizes.slice(1).map((outputs, i) => new Dense(sizes[i]!, outputs, next));
  const predict = (features: readonly number[]): { activations: number[][]; p: number } => {
    const activations: number[][] = [];
    let x = scaled(features);
    layers.forEach((layer, i) => {
      x = layer.forward(x);
      if (i < layers.length - 1) x = x.map((value) => Math.max(0, value));
      activations.push(x);
    });
    return { activations, p: sigmoid(x[0]!) };
  };
  for (let epoch = 0; epoch < EPOCHS; epoch++) {
    for (let at = 0; at < train.length; at += BATCH) {
      const batch = train.slice(at, at + BATCH);
      for (const row of batch) {
        const { activations, p } = predict(row.features);
        let grad = [p - row.repaid];
        for (let i = layers.length - 1; i >= 0; i--) {
          const back = layers[i]!.backward(grad);
          grad = i > 0 ? back.map((g, j) => (activations[i - 1]![j]! > 0 ? g : 0)) : [];
        }
      }
      for (const layer of layers) layer.step(batch.length);
    }
  }
  const right = test.filter((row) => predict(row.features).p >= 0.5 === (row.repaid === 1)).length;
  const network: Layer[] = layers.map((layer) => ({ weights: layer.w, bias: layer.b }));
  const first = network[0]!;
  // Scaling becomes part of the first layer, so that the model takes plain numbers.
  network[0] = {
    weights: first.weights.map((row, i) => row.map((weight) => weight / deviation[i]!)),
    bias: first.bias.map(
      (bias, j) =>
        bias - first.weights.reduce((sum, row, i) => sum + (row[j]! * mean[i]!) / deviation[i]!, 0),
    ),
  };
  return {
    file: encodeNetwork(network, 'application', 'repayment_probability'),
    accuracy: right / test.length,
    baseline: test.filter((row) => row.repaid === 1).length / test.length,
  };
}

if (import.meta.main) {
  const { file, accuracy, baseline } = trainLending();
  writeFileSync(join(import.meta.dirname, 'lending.onnx'), file);
  process.stdout.write(
    `lending.onnx: ${file.length} bytes, accuracy ${accuracy} on 1000 rows kept aside (always yes: ${baseline})\n`,
  );
}
