// How long the program takes from its start until it takes calls, on a folder with a million calls:
// `npm run bench start [-- CALLS STARTS FOLDER]`. The folder is made once, by the product's own ledger and projection, and kept.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { type IntentLeaf, newId, type OutcomeLeaf, parseConfig } from '@sallyport/core';
import { openControl } from '@sallyport/server';
import { processorSeconds } from '../processor.ts';

const CALLS = Number(process.argv[2] ?? 1_000_000);
const STARTS = Number(process.argv[3] ?? 5);
const FOLDER = process.argv[4] ?? join(tmpdir(), `sallyport-bench-start-${CALLS}`);
const DATA = join(FOLDER, 'data');
const ROOT_KEY = join(FOLDER, 'root.key');
const CONFIG = join(FOLDER, 'sallyport.json');
const WHOLE = join(FOLDER, 'whole');
/** Calls appended together; over so many days they are spread. */
const BATCH = 500;
const DAYS = Number(process.env.BENCH_DAYS ?? 90);
const DAY_MS = 86_400_000;

const { environment, FLAGS } = (await import('../../packages/cli/bin/runtime.mjs' as string)) as {
  environment: (cache: string) => NodeJS.ProcessEnv;
  FLAGS: string[];
};

const settings = {
  systems: Object.fromEntries(
    [0, 1, 2, 3].map((n) => [
      `system-${n}`,
      { dialect: 'openai', urls: [`http://127.0.0.1:${9_000 + n}`], allowPrivate: true },
    ]),
  ),
};

const commitment = (text: string): string => createHash('sha256').update(text).digest('base64');

/** Both entries of a call, as a worker records them. */
function entriesOf(seq: number, run: string): { leaf: Buffer; payload: null }[] {
  const atMs = Date.now() - DAYS * DAY_MS + (seq / CALLS) * DAYS * DAY_MS;
  const id = newId('exc', Math.floor(atMs));
  const system = `system-${seq % 4}`;
  const at = new Date(atMs).toISOString();
  const base = { v: 1 as const, id, worker: 0, seq, run, synthetic: false, demo: false };
  const actor = `key:key_${'0'.repeat(23)}${seq % 20 < 10 ? '0' : ''}${seq % 20}`;
  const detections =
    seq % 10 === 0
      ? [
          {
            id: newId('det'),
            detector: 'pii',
            technique: 'email',
            place: 'messages[0].content',
            severity: 'medium',
            score: 1,
          },
        ]
      : [];
  const intent: IntentLeaf = {
    ...base,
    type: 'exchange-intent',
    at,
    ...{
      actor,
      system,
      dialect: 'openai',
      operation: 'chat.completions',
      model: 'gpt-5',
      stream: false,
      mode: 'enforce',
    },
    policy: { ids: ['allow-keys'], version: commitment('policies').slice(0, 16) },
    trace: null,
    ...{ reservedTokens: 900, reservedMicroUsd: 1_200 },
    input: { bytes: 900, commitment: commitment(`in ${seq}`), kept: 0 },
    verdict: { action: 'allow', wouldBe: 'allow', texts: 2, detections: detections as never },
  };
  const outcome: OutcomeLeaf = {
    ...base,
    type: 'exchange-outcome',
    at: new Date(atMs + 800).toISOString(),
    ...{ system, actor, outcome: 'answered', status: 200, code: null },
    output: { bytes: 700, commitment: commitment(`out ${seq}`), kept: 0 },
    verdict: { action: 'allow', wouldBe: 'allow', texts: 1, detections: [] },
    ...{ inputTokens: 210, outputTokens: 160 },
    tokenKinds: {
      cacheRead: 0,
      cacheWrite: 0,
      reasoning: 0,
      audioInput: 0,
      audioOutput: 0,
    } as OutcomeLeaf['tokenKinds'],
    costMicroUsd: 1_100,
    restorations: [],
    timingsMs: { read: 0.2, inspect: 0.7, record: 1.1, upstream: 790, judge: 0.5 },
  };
  return [intent, outcome].map((leaf) => ({ leaf: Buffer.from(JSON.stringify(leaf)), payload: null }));
}

/** Makes the folder, once. */
async function make(): Promise<void> {
  if (existsSync(WHOLE)) return;
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(CONFIG, JSON.stringify(settings));
  const control = await openControl({ data: DATA, config: parseConfig(settings), rootKey: ROOT_KEY });
  const { installation } = control;
  const begun = performance.now();
  for (let at = 0; at < CALLS; at += BATCH) {
    const batch = Array.from({ length: Math.min(BATCH, CALLS - at) }, (_, i) =>
      entriesOf(at + i, installation.run),
    );
    await installation.ledger.append(batch.flat());
    if (at % (BATCH * 20) === 0) await installation.flush();
  }
  await installation.ledger.checkpointNow();
  await control.close();
  writeFileSync(WHOLE, '');
  process.stdout.write(`made ${CALLS} calls in ${((performance.now() - begun) / 1000).toFixed(0)} s\n`);
}

const freePort = (): Promise<number> =>
  new Promise((done) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => done(port));
    });
  });

/** Starts the program as `npm start` does. @returns seconds until it says that it takes calls, and of processor time */
async function start(): Promise<{ took: number; processor: number }> {
  const [gateway, control] = [await freePort(), await freePort()];
  const begun = performance.now();
  const main = join(import.meta.dirname, '../../packages/cli/src/main.ts');
  const own = ['--data', DATA, '--root-key', ROOT_KEY, '--config', CONFIG];
  const ports = ['--gateway-port', String(gateway), '--control-port', String(control), '--workers', '1'];
  const child = spawn(
    process.execPath,
    [...FLAGS, ...(process.env['NODE_MORE']?.split(' ') ?? []), main, 'up', '--no-demo', ...ports, ...own],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: environment(join(import.meta.dirname, '../../node_modules/.cache/sallyport-compiled')),
    },
  );
  const exited = new Promise<void>((done) => child.once('exit', () => done()));
  for (;;) {
    const ready = await fetch(`http://127.0.0.1:${gateway}/readyz`).then(
      ({ status }) => status === 200,
      () => false,
    );
    if (ready || child.exitCode !== null) break;
    await delay(10);
  }
  const took = (performance.now() - begun) / 1000;
  const processor = processorSeconds(child.pid!);
  // It works on for a moment: what it does then is none of the start.
  await delay(2_000);
  child.kill('SIGINT');
  await exited;
  return { took, processor };
}

await make();
for (let n = 0; n < STARTS; n++) {
  const { took, processor } = await start();
  process.stdout.write(`start to ready: ${took.toFixed(2)} s, ${processor.toFixed(2)} s of processor time\n`);
}
