import { mkdtempSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseConfig } from '@sallyport/core';
import { type RunningServer, startServer } from '@sallyport/server';

/** Where the built console lies. */
export const DIST = join(import.meta.dirname, '../dist');

/** A new folder for the data of a server, named after a test. */
export const newDataFolder = (name: string): string =>
  join(mkdtempSync(join(tmpdir(), `sallyport-${name}-`)), 'data');

/** The built console with a server behind it, on free ports. @param config besides the ports */
export const consoleServer = (data: string, config: object = {}, demo = false): Promise<RunningServer> =>
  startServer({
    data,
    rootKey: `${data}.key`,
    demo,
    workers: 1,
    console: DIST,
    config: parseConfig({ gateway: { port: 0 }, control: { port: 0 }, ...config }),
  });

/**
 * An AI system outside us: says hello.
 * @param more members of its answers; @param credential what it refuses every other than, where it asks for one
 */
export function helloSystem(more: object = {}, credential: string | null = null): Promise<Server> {
  const server = createServer((req, res) => {
    req.resume();
    req.on('end', () => {
      const good = credential === null || req.headers.authorization === `Bearer ${credential}`;
      res.writeHead(good ? 200 : 401, { 'content-type': 'application/json' });
      const message = { role: 'assistant', content: 'Hello to you.' };
      const choices = [{ index: 0, message, finish_reason: 'stop' }];
      const answer = { id: 'c', object: 'chat.completion', created: 1, model: 'm', choices, ...more };
      res.end(JSON.stringify(good ? answer : { error: {} }));
    });
  });
  return new Promise((done) => server.listen(0, '127.0.0.1', () => done(server)));
}
