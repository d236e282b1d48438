import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type * as Ort from 'onnxruntime-node';
import { onnxRuntime } from './onnx-runtime.ts';

const require = createRequire(import.meta.url);

/** Tokens of one text that are read, where the model does not say. */
const TOKENS_MAX = 512;
/** Where exporters put the network. */
const FILES = ['model.onnx', 'onnx/model.onnx', 'model_quantized.onnx', 'onnx/model_quantized.onnx'];

/** What a classifier makes of a text. */
export interface TextLabel {
  readonly label: string;
  /** 0 to 1. */
  readonly score: number;
}

interface Encoder {
  encode(text: string): { ids: number[] };
}

function readJson(folder: string, name: string): Record<string, unknown> {
  const path = join(folder, name);
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
  } catch (cause) {
    throw new RangeError(`\`${path}\` cannot be read: ${(cause as Error).message}`, { cause });
  }
}

/** Probabilities of logits. */
function softmax(logits: readonly number[]): number[] {
  const most = Math.max(...logits);
  const powers = logits.map((value) => Math.exp(value - most));
  const sum = powers.reduce((total, value) => total + value, 0);
  return powers.map((value) => value / sum);
}

/** A classifier of texts in a folder as Hugging Face keeps them: an ONNX network, its tokenizer and its labels. */
export class TextClassifier {
  readonly labels: readonly string[];
  readonly #ort: typeof Ort;
  readonly #session: Ort.InferenceSession;
  readonly #tokenizer: Encoder;
  readonly #tokensMax: number;
  readonly #padding: number;

  private constructor(
    ort: typeof Ort,
    session: Ort.InferenceSession,
    tokenizer: Encoder,
    config: Record<string, unknown>,
  ) {
    const names = config['id2label'];
    if (typeof names !== 'object' || names === null) throw new RangeError('`config.json` names no labels');
    this.labels = Object.entries(names)
      .sort(([a], [b]) => Number(a) - Number(b))
      .map(([, label]) => String(label));
    const positions = Number(config['max_position_embeddings']);
    this.#tokensMax = positions > 0 ? Math.min(positions, TOKENS_MAX) : TOKENS_MAX;
    this.#padding = Number(config['pad_token_id'] ?? 0);
    this.#ort = ort;
    this.#session = session;
    this.#tokenizer = tokenizer;
  }

  /**
   * Opens a folder with `config.json`, `tokenizer.json` and a network. Runtime and tokenizer are loaded only now.
   * @throws RangeError naming what is missing
   */
  static async open(folder: string, threads = 1): Promise<TextClassifier> {
    const file = FILES.map((name) => join(folder, name)).find((path) => existsSync(path));
    if (!file) throw new RangeError(`there is no ${FILES.join(', ')} in \`${folder}\``);
    const config = readJson(folder, 'config.json');
    const settings = existsSync(join(folder, 'tokenizer_config.json'))
      ? readJson(folder, 'tokenizer_config.json')
      : {};
    const { Tokenizer } = require('@huggingface/tokenizers') as typeof import('@huggingface/tokenizers');
    const tokenizer = new Tokenizer(readJson(folder, 'tokenizer.json'), settings);
    const ort = onnxRuntime();
    const session = await ort.InferenceSession.create(file, {
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      logSeverityLevel: 3,
    });
    return new TextClassifier(ort, session, tokenizer, config);
  }

  /** The likeliest label of each text. Texts longer than the model reads are cut. */
  async classify(texts: readonly string[]): Promise<TextLabel[]> {
    const rows = texts.map((text) => this.#tokenizer.encode(text).ids.slice(0, this.#tokensMax));
    const width = Math.max(1, ...rows.map((ids) => ids.length));
    const shape = [rows.length, width];
    const ids = new BigInt64Array(rows.length * width).fill(BigInt(this.#padding));
    const mask = new BigInt64Array(rows.length * width);
    rows.forEach((row, n) =>
      row.forEach((id, i) => {
        ids[n * width + i] = BigInt(id);
        mask[n * width + i] = 1n;
      }),
    );
    const inputs: Readonly<Record<string, BigInt64Array>> = {
      input_ids: ids,
      attention_mask: mask,
      token_type_ids: new BigInt64Array(rows.length * width),
    };
    const feeds = Object.fromEntries(
      this.#session.inputNames.map((name) => {
        const values = inputs[name];
        if (!values) throw new RangeError(`the network asks for \`${name}\`, which no text has`);
        return [name, new this.#ort.Tensor('int64', values, shape)];
      }),
    );
    const results = await this.#session.run(feeds);
    const logits = Array.from(results[this.#session.outputNames[0]!]!.data as Float32Array);
    const size = logits.length / rows.length;
    if (size !== this.labels.length)
      throw new RangeError(
        `the network gives ${size} values for a text, \`config.json\` names ${this.labels.length} labels`,
      );
    return rows.map((_, n) => {
      const chances = softmax(logits.slice(n * size, (n + 1) * size));
      const best = chances.indexOf(Math.max(...chances));
      return { label: this.labels[best]!, score: chances[best]! };
    });
  }

  async close(): Promise<void> {
    await this.#session.release();
  }
}
