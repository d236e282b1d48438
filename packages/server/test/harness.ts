import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { type ControlResult, parseConfig, type UsageLimits } from '@sallyport/core';
import { type RunningServer, startServer } from '@sallyport/server';
import { SystemScope } from '../src/authorisation/system-scope.ts';

/** An AI system made for a test: answers as the test says, and keeps what it was sent. */
export interface FakeSystem {
  readonly url: string;
  readonly requests: { method: string; path: string; headers: IncomingMessage['headers']; body: Buffer }[];
  answer: (req: IncomingMessage, res: ServerResponse, body: Buffer) => void;
  close(): Promise<void>;
}

/** A chat completion with this content. */
export const completion = (content: unknown, more: object = {}): string =>
  JSON.stringify({
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1,
    model: 'm',
    choices: [{ index: 0, message: { role: 'assistant', content, ...more }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 3, completion_tokens: 5, total_tokens: 8 },
  });

/** One chunk of a streamed chat completion. */
export const chunk = (delta: object, index = 0, finish: string | null = null): string =>
  `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index, delta, finish_reason: finish }] })}\n\n`;

export const sendJson = (res: ServerResponse, text: string, status = 200): void => {
  res.writeHead(status, { 'content-type': 'application/json' });
  res.end(text);
};

export const sendEvents = (
  res: ServerResponse,
  pieces: readonly (string | Buffer)[],
  type = 'text/event-stream',
): void => {
  res.writeHead(200, { 'content-type': type });
  for (const piece of pieces) res.write(piece);
  res.end();
};

/** Starts a fake AI system on loopback. */
export async function fakeSystem(): Promise<FakeSystem> {
  const requests: FakeSystem['requests'] = [];
  const system: { answer: FakeSystem['answer'] } = {
    answer: (_req, res) => sendJson(res, completion('hello')),
  };
  const server: Server = createServer(async (req, res) => {
    const chunks: Buffer[] = [];
    try {
      for await (const piece of req) chunks.push(piece as Buffer);
    } catch {
      return;
    }
    const body = Buffer.concat(chunks);
    requests.push({ method: req.method!, path: req.url!, headers: req.headers, body });
    fake.answer(req, res, body);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  // A test that fails leaves it open; that must not keep the process.
  server.unref();
  const fake: FakeSystem = Object.assign(system, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    close: async () => {
      server.closeAllConnections();
      server.close();
    },
  });
  return fake;
}

/** A server under test, with the ways in that tests use. */
export interface TestServer extends RunningServer {
  readonly data: string;
  /** A key for these systems. */
  key(systems: string[], limits?: Partial<UsageLimits>): Promise<string>;
  /** Posts JSON (or bytes) to the gateway. */
  post(path: string, key: string | null, body: unknown, headers?: Record<string, string>): Promise<Response>;
  chat(key: string, content: unknown, more?: object): Promise<Response>;
  controls(): Promise<Map<string, ControlResult>>;
}

// What a server remembers apart from its data is no concern of whoever runs the tests.
process.env['XDG_CONFIG_HOME'] ??= mkdtempSync(join(tmpdir(), 'sallyport-config-'));

export const scratch = (): string => mkdtempSync(join(tmpdir(), 'sallyport-test-'));

/** Starts a whole server on free ports with an empty data folder. @param systems entries of `systems` in the configuration */
export async function testServer(
  options: {
    systems?: Record<string, unknown>;
    demo?: boolean;
    workers?: number;
    data?: string;
    config?: Record<string, unknown>;
    /** The test changes rows behind the product's back. */
    diverges?: boolean;
  } = {},
): Promise<TestServer> {
  const data = options.data ?? join(scratch(), 'data');
  const database = options.config?.['database'] === undefined ? await ownDatabase(data) : {};
  const server = await startServer({
    data,
    rootKey: `${data}.key`,
    demo: options.demo ?? false,
    workers: options.workers ?? 1,
    config: parseConfig({
      gateway: { port: 0 },
      control: { port: 0 },
      systems: options.systems ?? {},
      ...database,
      ...options.config,
    }),
  });
  const post: TestServer['post'] = (path, key, body, headers = {}) =>
    fetch(`${server.gatewayUrl}${path}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(key === null ? {} : { authorization: `Bearer ${key}` }),
        ...headers,
      },
      body: typeof body === 'string' || body instanceof Uint8Array ? (body as string) : JSON.stringify(body),
    });
  return {
    ...server,
    // Whatever a test did through the product, the rows that grant something follow from the log.
    stop: async () => {
      const { state } = server.control.installation;
      if (options.diverges !== true) {
        await state.look();
        assert.deepEqual(state.diverging, []);
      }
      await server.stop();
    },
    data,
    post,
    key: async (systems, limits) =>
      (await server.control.apiKeys.create('test', { name: 'test', systems, limits })).key,
    chat: (key, content, more = {}) =>
      post('/v1/chat/completions', key, { model: 'm', messages: [{ role: 'user', content }], ...more }),
    controls: async () => new Map((await server.control.posture()).map((control) => [control.id, control])),
  };
}

const databases = new Map<string, string>();

/**
 * A database of its own for each data folder, where `TEST_POSTGRES` names a server of PostgreSQL; else the embedded one.
 * So the tests of the server run over both: `npm run prove prove/postgres.test.ts`.
 */
async function ownDatabase(data: string): Promise<{ database?: { urlRef: string } }> {
  const server = process.env['TEST_POSTGRES'];
  if (server === undefined) return {};
  let variable = databases.get(data);
  if (variable === undefined) {
    const { createDatabase } = await import('../../store/test/postgres.ts');
    variable = `TEST_POSTGRES_${databases.size}`;
    process.env[variable] = await createDatabase(server);
    databases.set(data, variable);
  }
  return { database: { urlRef: `env:${variable}` } };
}

/** Every system, as somebody sees them to whom nothing is forbidden. */
export const everySystem = async ({ control }: Pick<TestServer, 'control'>): Promise<SystemScope> =>
  new SystemScope(true, await control.systems(), () => true);

/** The id an answer carries. */
export const exchangeOf = (response: Response): string => response.headers.get('x-sallyport-exchange')!;

/** What the record says that was seen in a call, as `detector/technique`: its caller is not told. */
export async function seenIn(server: RunningServer, response: Response): Promise<string> {
  const id = exchangeOf(response);
  const row = (await server.control.exchanges({ limit: 5 })).find((one) => one.id === id)!;
  const found = JSON.parse(row.detections) as { detector: string; technique: string }[];
  return found.map(({ detector, technique }) => `${detector}/${technique}`).join(' ');
}

/** Settings of a system that enforces, at a fake. */
export const enforced = (fake: FakeSystem, more: object = {}): Record<string, unknown> => ({
  dialect: 'openai',
  urls: [fake.url],
  allowPrivate: true,
  mode: 'enforce',
  ...more,
});

/** What the tests of one suite share: a server, the fake AI system behind it, and a key for it. */
export interface Served {
  readonly server: TestServer;
  readonly fake: FakeSystem;
  readonly key: string;
}

/**
 * Starts a server with one system, `main`, that enforces, before the tests of the suite that calls this, and stops it after them.
 * @param more settings of the system @returns what is there once the tests of the suite run
 */
export function served(more: object = {}): Served {
  const on = {} as Served;
  before(async () => {
    const fake = await fakeSystem();
    const server = await testServer({ systems: { main: enforced(fake, more) } });
    Object.assign(on, { server, fake, key: await server.key(['main']) });
  });
  after(async () => {
    await on.server.stop();
    await on.fake.close();
  });
  return on;
}
