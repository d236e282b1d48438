import type { Server } from 'node:http';
import { InTurn } from '@sallyport/core';
import { TextClassifier } from '@sallyport/models';
import { serveModel } from './open-inference-server.ts';

const TEXTS_MAX = 256;
/** Texts that one run of the network takes. */
const BATCH = 16;

/**
 * Serves a classifier of texts that lies in a folder, such as Prompt Guard, over the Open Inference Protocol.
 * @param name of the model in paths
 * @throws RangeError naming what the folder lacks
 */
export async function classifierServer(folder: string, name: string, threads: number): Promise<Server> {
  const classifier = await TextClassifier.open(folder, threads);
  // One run at a time: each takes all of its threads.
  const runs = new InTurn();
  const server = serveModel({
    name,
    platform: 'onnx',
    description: `classifier of texts: ${classifier.labels.join(', ')}`,
    inputs: [{ name: 'text', datatype: 'BYTES', shape: [-1] }],
    outputs: [{ name: 'label', datatype: 'BYTES', shape: [-1] }],
    infer: async ([input]) => {
      const texts = (input?.data ?? []).flat(2);
      if (texts.length < 1 || texts.length > TEXTS_MAX || !texts.every((text) => typeof text === 'string'))
        throw new RangeError(`send 1 to ${TEXTS_MAX} texts as one tensor of BYTES`);
      const run = runs.do(async () => {
        const labels: string[] = [];
        for (let n = 0; n < texts.length; n += BATCH)
          for (const label of await classifier.classify(texts.slice(n, n + BATCH)))
            labels.push(JSON.stringify(label));
        return labels;
      });
      return [{ name: 'label', datatype: 'BYTES', shape: [texts.length], data: await run }];
    },
  });
  server.on('close', () => void classifier.close());
  return server;
}
