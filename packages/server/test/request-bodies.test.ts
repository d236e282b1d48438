import assert from 'node:assert/strict';
import { lstatSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { scratch, type TestServer, testServer } from './harness.ts';

describe('requests to the control plane', () => {
  let server: TestServer;
  const mask = process.umask();
  before(async () => {
    // As on a machine where everybody may read what is made.
    process.umask(0o000);
    server = await testServer({ data: join(scratch(), 'keep', 'data'), demo: true });
  });
  after(async () => {
    await server.stop();
    process.umask(mask);
  });

  it('of another type are 415, malformed ones 400: never 500, with no session', async () => {
    const document = (await (await fetch(`${server.controlUrl}/openapi.json`)).json()) as {
      paths: Record<string, Record<string, { requestBody?: { content: Record<string, unknown> } }>>;
    };
    const wrong: string[] = [];
    let asked = 0;
    for (const [path, methods] of Object.entries(document.paths))
      for (const [method, { requestBody }] of Object.entries(methods)) {
        if (method === 'get') continue;
        const own = Object.keys(requestBody?.content ?? { 'application/json': 0 })[0]!;
        const ask = async (type: string | null, body: string | Uint8Array<ArrayBuffer>): Promise<number> => {
          asked++;
          const response = await fetch(`${server.controlUrl}${path.replaceAll(/\{[^}]+\}/g, 'x')}`, {
            method: method.toUpperCase(),
            headers: type === null ? {} : { 'content-type': type },
            body: new Blob([body]),
          });
          await response.body?.cancel();
          return response.status;
        };
        for (const type of [
          'text/plain',
          'text/html',
          'application/xml',
          'multipart/form-data',
          '',
          'a/b;c',
          `${own}; charset=utf-7`,
          `${own}; charset=utf-16`,
          null,
        ]) {
          const status = await ask(type, '{"a":1}');
          if (status !== 415) wrong.push(`${method} ${path} ${type}: ${status}`);
        }
        const isJson = own === 'application/json';
        for (const body of [
          '{',
          'x',
          '[',
          '{"a":1,"a":2}',
          '['.repeat(100_000),
          new Uint8Array([0xff, 0xfe]),
          '{"a":"\\ud800"}',
        ]) {
          const status = await ask(own, body);
          if (status >= 500 || (isJson && typeof body !== 'string' && status !== 400))
            wrong.push(`${method} ${path} ${String(body).slice(0, 16)}: ${status}`);
        }
        for (const body of [
          'null',
          '1',
          '"x"',
          '[]',
          '{}',
          '{"__proto__":{"a":1}}',
          '{"constructor":null}',
        ]) {
          const status = await ask(own, body);
          if (status >= 500) wrong.push(`${method} ${path} ${body}: ${status}`);
        }
      }
    assert.deepEqual(wrong.slice(0, 20), []);
    assert.ok(asked > 1_000, `${asked} requests`);
  });

  it('what is made on the disk is readable by its owner alone, whatever the umask', () => {
    const found: string[] = [];
    const walk = (path: string): void => {
      const stats = lstatSync(path);
      const mode = (stats.mode & 0o777).toString(8);
      const open = stats.isDirectory() ? mode !== '700' : mode !== '600';
      // Public keys and certificates are for others to read.
      const isPublic = /\/(?:verifier[a-z-]*\.key|checkpoint\.cosigned)$|\.(?:verifier|authority)[^/]*$/.test(
        path,
      );
      if (open && !isPublic) found.push(`${path.slice(server.data.length)} ${mode}`);
      if (stats.isDirectory()) for (const name of readdirSync(path)) walk(join(path, name));
    };
    walk(server.data);
    for (const name of readdirSync(dirname(server.data)))
      if (name.startsWith('data.')) walk(join(dirname(server.data), name));
    assert.deepEqual(found, []);
  });
});
