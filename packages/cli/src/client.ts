import { request } from 'node:http';
import { resolve } from 'node:path';
import { CodedError, ERRORS, type ErrorCode } from '@sallyport/core';
import { controlSocketPath, loadConfig, localApis } from '@sallyport/server/local';
import type { Options } from './options.ts';

/** The control plane, wherever it is: in a running server, or opened for this one command. */
export interface Client {
  /** Whether a server answers. */
  readonly running: boolean;
  /** @throws CodedError as the control plane answered */
  call<T>(method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown): Promise<T>;
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

function overSocket(socketPath: string, method: string, path: string, body?: unknown): Promise<Answer> {
  return new Promise((done, fail) => {
    const content = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    const headers = content ? { 'content-type': 'application/json', 'content-length': content.length } : {};
    const req = request({ socketPath, method, path, headers: { host: 'localhost', ...headers } }, (res) => {
      const chunks: Buffer[] = [];
      res.on('data', (chunk: Buffer) => chunks.push(chunk));
      res.on('end', () => done({ status: res.statusCode ?? 0, text: Buffer.concat(chunks).toString() }));
      res.on('error', fail);
    });
    req.on('error', fail);
    req.end(content);
  });
}

function read<T>({ status, text }: Answer): T {
  const value = text === '' ? undefined : (JSON.parse(text) as unknown);
  if (status < 400) return value as T;
  const error = (value as { error?: { code?: string; message?: string } } | undefined)?.error;
  const code =
    error?.code !== undefined && Object.hasOwn(ERRORS, error.code) ? (error.code as ErrorCode) : 'internal';
  throw new CodedError(code, error?.message);
}

/** Whether a server answers on the socket of a data folder. */
export async function serverRuns(data: string): Promise<boolean> {
  try {
    return (await overSocket(controlSocketPath(resolve(data)), 'GET', '/healthz')).status === 200;
  } catch {
    return false;
  }
}

/**
 * Reaches the server that holds the data folder, else takes the lock and works on the folder itself.
 * @param create whether a folder that does not exist is made
 */
export async function connect(options: Options, create = false): Promise<Client> {
  const data = resolve(options.data);
  if (await serverRuns(data)) {
    const socket = controlSocketPath(data);
    return {
      running: true,
      call: async (method, path, body) => read(await overSocket(socket, method, path, body)),
      close: async () => {},
    };
  }
  const { localApi } = await localApis();
  const api = await localApi({ data, config: loadConfig(options.config), rootKey: options.rootKey, create });
  return {
    running: false,
    call: async (method, path, body) => read(await api.request(method, path, body)),
    close: api.close,
  };
}

/** Runs work with a client and closes it. */
export async function withClient<T>(
  options: Options,
  work: (client: Client) => Promise<T>,
  create = false,
): Promise<T> {
  const client = await connect(options, create);
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}
