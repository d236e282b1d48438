import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An object store as others run it, as far as this needs one (Amazon S3 API reference): objects, parts, lists in pages. */
export interface ObjectServer {
  readonly endpoint: string;
  readonly objects: Map<string, Buffer>;
  /** Answers of these statuses come first, one for each request. */
  readonly faults: number[];
  /** How many are open. */
  connections(): Promise<number>;
  close(): Promise<void>;
}

const PAGE = 2;

const body = async (req: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  for await (const chunk of req) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
};
const xml = (res: ServerResponse, text: string, status = 200): void => {
  res
    .writeHead(status, { 'content-type': 'application/xml' })
    .end(`<?xml version="1.0" encoding="UTF-8"?>${text}`);
};

/** Starts one that takes requests signed with this key. */
export async function objectServer(accessKeyId: string): Promise<ObjectServer> {
  const objects = new Map<string, Buffer>();
  const parts = new Map<string, Buffer[]>();
  const faults: number[] = [];
  const server: Server = createServer((req, res) => {
    void (async () => {
      const content = await body(req);
      const url = new URL(req.url!, 'http://localhost');
      const key = decodeURIComponent(url.pathname.split('/').slice(2).join('/'));
      const query = url.searchParams;
      const fault = faults.shift();
      if (fault !== undefined) return xml(res, '<Error><Code>SlowDown</Code></Error>', fault);
      if (!req.headers.authorization?.startsWith(`AWS4-HMAC-SHA256 Credential=${accessKeyId}/`))
        return xml(res, '<Error><Code>AccessDenied</Code></Error>', 403);
      if (req.method === 'GET' && key === '') {
        const names = [...objects.keys()].filter((name) => name.startsWith(query.get('prefix') ?? '')).sort();
        const from = Number(query.get('continuation-token') ?? 0);
        const more = from + PAGE < names.length;
        return xml(
          res,
          `<ListBucketResult><IsTruncated>${more}</IsTruncated>${more ? `<NextContinuationToken>${from + PAGE}</NextContinuationToken>` : ''}${names
            .slice(from, from + PAGE)
            .map((name) => `<Contents><Key>${name}</Key></Contents>`)
            .join('')}</ListBucketResult>`,
        );
      }
      if (req.method === 'POST' && query.has('uploads')) {
        parts.set(key, []);
        return xml(
          res,
          `<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>`,
        );
      }
      if (req.method === 'PUT' && query.has('partNumber')) {
        parts.get(key)![Number(query.get('partNumber')) - 1] = content;
        return void res
          .writeHead(200, { etag: `"${createHash('md5').update(content).digest('hex')}"` })
          .end();
      }
      if (req.method === 'POST' && query.has('uploadId')) {
        objects.set(key, Buffer.concat(parts.get(key)!));
        return xml(res, '<CompleteMultipartUploadResult><ETag>"e"</ETag></CompleteMultipartUploadResult>');
      }
      if (req.method === 'PUT') {
        objects.set(key, content);
        return void res.writeHead(200, { etag: '"e"' }).end();
      }
      const found = objects.get(key);
      if (!found) return xml(res, '<Error><Code>NoSuchKey</Code></Error>', 404);
      if (req.method === 'DELETE') {
        objects.delete(key);
        return void res.writeHead(204).end();
      }
      const range = /^bytes=(\d+)-(\d+)$/.exec(req.headers.range ?? '');
      const part = range ? found.subarray(Number(range[1]), Number(range[2]) + 1) : found;
      res.writeHead(range ? 206 : 200, { 'content-length': part.length, etag: '"e"' });
      res.end(req.method === 'HEAD' ? undefined : part);
    })();
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    objects,
    faults,
    connections: () => new Promise((done) => server.getConnections((_, count) => done(count))),
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}
