import type * as Ort from 'onnxruntime-node';
import { onnxRuntime } from './onnx-runtime.ts';

/** A local ONNX file, ready to run on the CPU. */
export class OnnxModel {
  readonly #ort: typeof Ort;
  readonly #session: Ort.InferenceSession;

  private constructor(ort: typeof Ort, session: Ort.InferenceSession) {
    this.#ort = ort;
    this.#session = session;
  }

  /** Opens a model; the runtime is loaded only now. @param threads worker threads inside one run */
  static async open(path: string, threads = 1): Promise<OnnxModel> {
    const ort = onnxRuntime();
    const session = await ort.InferenceSession.create(path, {
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      logSeverityLevel: 3,
    });
    return new OnnxModel(ort, session);
  }

  get inputs(): readonly string[] {
    return this.#session.inputNames;
  }

  get outputs(): readonly string[] {
    return this.#session.outputNames;
  }

  /** Runs one batch of rows through the only input. @returns flat values by output name */
  async run(
    rows: Float32Array,
    shape: readonly number[],
  ): Promise<Record<string, { data: number[]; dims: readonly number[] }>> {
    const feeds = { [this.#session.inputNames[0]!]: new this.#ort.Tensor('float32', rows, [...shape]) };
    const results = await this.#session.run(feeds);
    return Object.fromEntries(
      Object.entries(results).map(([name, tensor]) => [
        name,
        { data: Array.from(tensor.data as Float32Array), dims: tensor.dims },
      ]),
    );
  }

  async close(): Promise<void> {
    await this.#session.release();
  }
}
