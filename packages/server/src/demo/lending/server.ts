import type { Server } from 'node:http';
import { join } from 'node:path';
import { OnnxModel } from '@sallyport/models';
import { serveModel } from '../../open-inference-server.ts';
import { FEATURES } from './data.ts';

const ROWS_MAX = 1024;

/** A demonstration: credit screening by a small network, over the Open Inference Protocol v2. */
export async function startLending(): Promise<Server> {
  const model = await OnnxModel.open(join(import.meta.dirname, 'lending.onnx'));
  return serveModel({
    name: 'lending',
    platform: 'onnx',
    description: 'demonstration: credit screening on invented data',
    headers: { 'x-sallyport-demo': 'lending' },
    inputs: [
      {
        name: model.inputs[0],
        datatype: 'FP32',
        shape: [-1, FEATURES.length],
        parameters: { features: FEATURES.join(',') },
      },
    ],
    outputs: [{ name: model.outputs[0], datatype: 'FP32', shape: [-1, 1] }],
    infer: async ([input]) => {
      const values = (input?.data ?? []).flat(2) as number[];
      const rows = values.length / FEATURES.length;
      if (!Number.isInteger(rows) || rows < 1 || rows > ROWS_MAX)
        throw new RangeError(`send rows of ${FEATURES.length} numbers: ${FEATURES.join(', ')}`);
      const outputs = await model.run(Float32Array.from(values), [rows, FEATURES.length]);
      return Object.entries(outputs).map(([name, { data, dims }]) => ({
        name,
        datatype: 'FP32',
        shape: dims,
        data,
      }));
    },
  });
}
