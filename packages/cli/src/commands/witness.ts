import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { CodedError, GatheredBytes, isLoopback, TLS_GROUPS } from '@sallyport/core';
import {
  formatVerifierKey,
  parseVerifierKey,
  type VerifierKey,
  Witness,
  witnessKeys,
} from '@sallyport/ledger';
import { signingKey, writeDurably } from '@sallyport/vault';
import type { Command } from '../commands.ts';
import { goOnUnread, print, printFault, printJson } from '../output.ts';
import { readText } from '../read-text.ts';
import { untilStopped } from '../stopping.ts';

const BODY_BYTES_MAX = 1_000_000;
/** What is read of a longer one, so that its sender hears the answer. */
const DRAIN_BYTES_MAX = 8_000_000;
const SEED_BYTES = 64;
const REQUEST_MS = 10_000;
const CONNECTIONS_MAX = 256;
const PORT = 8082;
/** What monitors read, by the hash of the origin of a log. */
const CHECKPOINT_PATH = /^\/([0-9a-f]{64})\/checkpoint$/;

/** The key that a witness signs with, made at its first start. @throws CodedError `usage` for a file that holds none */
function openSeeds(folder: string): Buffer {
  const path = join(folder, 'witness.key');
  if (!existsSync(path)) writeDurably(path, `${randomBytes(SEED_BYTES).toString('base64')}\n`, 0o600, true);
  const seeds = Buffer.from(readFileSync(path, 'latin1').trim(), 'base64');
  if (seeds.length !== SEED_BYTES) throw new CodedError('usage', `\`${path}\` holds no key of a witness`);
  return seeds;
}

/** Keys of logs, by origin. A file holds one or more, a line each. */
function readLogs(files: readonly string[]): Map<string, VerifierKey[]> {
  const logs = new Map<string, VerifierKey[]>();
  for (const file of files) {
    for (const line of readText(file).trim().split('\n')) {
      const key = parseVerifierKey(line);
      logs.set(key.name, [...(logs.get(key.name) ?? []), key]);
    }
  }
  return logs;
}

async function bodyOf(req: IncomingMessage): Promise<Buffer | null> {
  const gathered = new GatheredBytes();
  let bytes = 0;
  for await (const piece of req) {
    bytes += (piece as Buffer).length;
    if (bytes > DRAIN_BYTES_MAX) break;
    if (bytes <= BODY_BYTES_MAX) gathered.push(piece as Buffer);
  }
  if (bytes > BODY_BYTES_MAX) return null;
  return gathered.whole();
}

function answerWith(witness: Witness): (req: IncomingMessage, res: ServerResponse) => void {
  const say = (res: ServerResponse, status: number, type: string, body: string): void => {
    res.writeHead(status, { 'content-type': type, 'x-content-type-options': 'nosniff' });
    res.end(body);
  };
  const answer = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const path = new URL(req.url ?? '/', 'http://localhost').pathname;
    if (path === '/healthz') return say(res, 200, 'text/plain', 'ok\n');
    const log = CHECKPOINT_PATH.exec(path)?.[1];
    if (log !== undefined) {
      if (req.method !== 'GET') return say(res, 405, 'text/plain', 'it is read with GET\n');
      const { status, type, body } = witness.checkpointOf(log);
      return say(res, status, type, body);
    }
    if (path !== '/add-checkpoint')
      return say(res, 404, 'text/plain', 'there are only /add-checkpoint and /<origin hash>/checkpoint\n');
    if (req.method !== 'POST') return say(res, 405, 'text/plain', 'it is posted\n');
    const body = await bodyOf(req);
    if (body === null) return say(res, 413, 'text/plain', 'the request is too long\n');
    const { status, type, body: said } = await witness.addCheckpoint(body);
    say(res, status, type, said);
  };
  return (req, res) => {
    answer(req, res).catch((fault: Error) => {
      printFault(`sallyport: the witness cannot answer: ${fault.message}`);
      if (!res.headersSent) say(res, 500, 'text/plain', 'the witness cannot answer now\n');
      else res.destroy();
    });
  };
}

/** Runs a witness until it is told to stop. */
export const witness: Command = {
  name: 'witness',
  usage:
    'witness --name NAME --log KEYFILE… [--state DIR] [--host ADDRESS] [--port N] [--tls-cert FILE --tls-key FILE]',
  summary: 'cosign checkpoints of logs (C2SP tlog-witness), each only as a continuation of what was seen',
  options: {
    name: { type: 'string' },
    log: { type: 'string', multiple: true },
    state: { type: 'string' },
    host: { type: 'string' },
    port: { type: 'string' },
    'tls-cert': { type: 'string' },
    'tls-key': { type: 'string' },
  },
  async run(options) {
    const name = options.needed('name');
    const folder = resolve(options.text('state') ?? '.sallyport-witness');
    const host = options.text('host') ?? '127.0.0.1';
    const [cert, key] = [options.text('tls-cert'), options.text('tls-key')];
    if (!isLoopback(host) && (cert === undefined || key === undefined))
      throw new CodedError('tls-required', `\`${host}\` is not loopback: name --tls-cert and --tls-key`);
    const logs = readLogs(options.texts('log'));
    if (logs.size === 0) throw new CodedError('usage', 'name files with the public keys of logs with --log');
    const { DataFolderLock } = await import('@sallyport/store');
    // Two that share what they saw, each remembering its own, would cosign two histories between them.
    const lock = DataFolderLock.acquire(folder);
    const signer = { name, ...signingKey(openSeeds(folder)) };
    const own = new Witness({
      folder: join(folder, 'seen'),
      signer,
      keysOf: (origin) => logs.get(origin) ?? null,
      onFork: (origin, seen, shown) =>
        printFault(
          `sallyport: ${origin} shows another history: of ${seen.size} entries were seen, and ${shown.size} shown do not go on from them`,
        ),
    });
    for (const origin of logs.keys()) own.seen(origin);
    const { LISTENER_OPTIONS, Listener } = await import('@sallyport/server');
    const settings = { ...LISTENER_OPTIONS, requestTimeout: REQUEST_MS };
    const server =
      cert !== undefined && key !== undefined
        ? createTlsServer(
            {
              ...settings,
              cert: readFileSync(cert),
              key: readFileSync(key),
              minVersion: 'TLSv1.3',
              ecdhCurve: TLS_GROUPS,
            },
            answerWith(own),
          )
        : createServer(settings, answerWith(own));
    const listener = new Listener(server, { connectionsMax: CONNECTIONS_MAX });
    await new Promise<void>((done, fail) => {
      server.once('error', fail);
      server.listen(options.whole('port', 0, 65_535) ?? PORT, host, done);
    });
    const { port } = server.address() as AddressInfo;
    const url = `${cert === undefined ? 'http' : 'https'}://${host.includes(':') ? `[${host}]` : host}:${port}`;
    const stopped = untilStopped();
    const keys = witnessKeys(signer).map(formatVerifierKey);
    if (options.json) printJson({ url, keys, logs: [...logs.keys()] });
    else print(`witnessing ${[...logs.keys()].join(', ')} at ${url}`, ...keys);
    goOnUnread();
    await stopped;
    server.close();
    listener.closeAll();
    lock.release();
    return 0;
  },
};
