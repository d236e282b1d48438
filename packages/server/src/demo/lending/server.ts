import { createServer, type IncomingMessage, type Server } from 'node:http';
import { join } from 'node:path';
import { OnnxModel } from '@sallyport/models';
import { FEATURES } from './data.ts';

const ROWS_MAX = 1024;

async function readJson(
  req: IncomingMessage,
): Promise<{ id?: string; inputs?: { shape?: number[]; data?: unknown[] }[] }> {
  const chunks: Buffer[] = [];
  for await (const chunk of req) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString()) as never;
}

/** A demonstration: credit screening by a small network, over the Open Inference Protocol v2. */
export async function startLending(): Promise<Server> {
  const model = await OnnxModel.open(join(import.meta.dirname, 'lending.onnx'));
  const describe = {
    name: 'lending',
    versions: ['1'],
    platform: 'onnx',
    description: 'demonstration: credit screening on invented data',
    inputs: [
      {
        name: model.inputs[0],
        datatype: 'FP32',
        shape: [-1, FEATURES.length],
        parameters: { features: FEATURES.join(',') },
      },
    ],
    outputs: [{ name: model.outputs[0], datatype: 'FP32', shape: [-1, 1] }],
  };
  return createServer(async (req, res) => {
    const answer = (status: number, body: unknown): void => {
      const bytes = Buffer.from(JSON.stringify(body));
      res.writeHead(status, {
        'content-type': 'application/json',
        'content-length': bytes.length,
        'x-sallyport-demo': 'lending',
      });
      res.end(bytes);
    };
    try {
      if (req.url === '/v2')
        return answer(200, { name: 'sallyport-demo-lending', version: '1', extensions: [] });
      if (req.url?.startsWith('/v2/health/')) return answer(200, { live: true, ready: true });
      const path = /^\/v2\/models\/lending(?:\/versions\/1)?(\/ready|\/infer)?$/.exec(req.url ?? '');
      if (!path) return answer(404, { error: 'no such model; there is one, `lending`' });
      if (path[1] === undefined) return answer(200, describe);
      if (path[1] === '/ready') return answer(200, { name: 'lending', ready: true });
      const body = await readJson(req);
      const values = (body.inputs?.[0]?.data ?? []).flat(2) as number[];
      const rows = values.length / FEATURES.length;
      if (!Number.isInteger(rows) || rows < 1 || rows > ROWS_MAX)
        return answer(400, { error: `send rows of ${FEATURES.length} numbers: ${FEATURES.join(', ')}` });
      const outputs = await model.run(Float32Array.from(values), [rows, FEATURES.length]);
      answer(200, {
        model_name: 'lending',
        model_version: '1',
        ...(body.id ? { id: body.id } : {}),
        outputs: Object.entries(outputs).map(([name, { data, dims }]) => ({
          name,
          datatype: 'FP32',
          shape: dims,
          data,
        })),
      });
    } catch {
      answer(400, { error: 'the body is not a valid inference request' });
    }
  });
}
