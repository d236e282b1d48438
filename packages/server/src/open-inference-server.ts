import { createServer, type IncomingMessage, type Server } from 'node:http';
import { LISTENER_OPTIONS, Listener } from '@sallyport/access';
import { GatheredBytes } from '@sallyport/core';

const CONNECTIONS_MAX = 256;
const BODY_BYTES_MAX = 16 * 1024 * 1024;

/** One tensor of a request, unchecked. */
export interface AskedTensor {
  readonly name?: string;
  readonly shape?: number[];
  readonly datatype?: string;
  readonly data?: unknown[];
}

/** A tensor of an answer. */
export interface AnsweredTensor {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  readonly data: readonly unknown[];
}

/** A model that is served. */
export interface ServedModel {
  readonly name: string;
  readonly platform: string;
  readonly description: string;
  readonly inputs: readonly object[];
  readonly outputs: readonly object[];
  /** Headers of every answer. */
  readonly headers?: Readonly<Record<string, string>>;
  /** @throws RangeError with what is wrong with the tensors */
  infer(inputs: readonly AskedTensor[]): Promise<readonly AnsweredTensor[]>;
}

async function readJson(req: IncomingMessage): Promise<{ id?: string; inputs?: AskedTensor[] }> {
  const gathered = new GatheredBytes();
  for await (const chunk of req) {
    gathered.push(chunk as Buffer);
    if (gathered.bytes > BODY_BYTES_MAX) throw new RangeError('the body is too large');
  }
  return JSON.parse(gathered.whole().toString()) as never;
}

/** Serves one model over the Open Inference Protocol v2. */
export function serveModel({ infer, headers, ...described }: ServedModel): Server {
  const { name } = described;
  const route = new RegExp(`^/v2/models/${name}(?:/versions/1)?(/ready|/infer)?$`);
  const server = createServer(LISTENER_OPTIONS, async (req, res) => {
    const answer = (status: number, body: unknown): void => {
      const bytes = Buffer.from(JSON.stringify(body));
      res.writeHead(status, {
        'content-type': 'application/json',
        'content-length': bytes.length,
        'x-content-type-options': 'nosniff',
        ...headers,
      });
      res.end(bytes);
    };
    try {
      if (req.url === '/v2') return answer(200, { name: `sallyport-${name}`, version: '1', extensions: [] });
      if (req.url?.startsWith('/v2/health/')) return answer(200, { live: true, ready: true });
      const path = route.exec(req.url ?? '');
      if (!path) return answer(404, { error: `no such model; there is one, \`${name}\`` });
      if (path[1] === undefined) return answer(200, { ...described, versions: ['1'] });
      if (path[1] === '/ready') return answer(200, { name, ready: true });
      const body = await readJson(req);
      const outputs = await infer(body.inputs ?? []);
      answer(200, { model_name: name, model_version: '1', ...(body.id ? { id: body.id } : {}), outputs });
    } catch (fault) {
      answer(400, {
        error: fault instanceof RangeError ? fault.message : 'the body is not a valid inference request',
      });
    }
  });
  new Listener(server, { connectionsMax: CONNECTIONS_MAX });
  return server;
}
