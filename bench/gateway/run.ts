// Prices the gateway against its peers in one run: `npm run bench gateway [-- SECONDS]`.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { Pool } from 'undici';
import { environment, FLAGS } from '../../packages/cli/bin/runtime.mjs';
import { processorSeconds } from '../processor.ts';
import { REQUEST } from './payload.ts';

const HERE = import.meta.dirname;
const SECONDS = Number(process.argv[2] ?? 8);
const ROUNDS = Number(process.argv[3] ?? 3);

interface Target {
  readonly name: string;
  readonly child: ChildProcess | null;
  readonly url: string;
  readonly headers: Record<string, string>;
}

interface Measured {
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly cpuMicros: number;
  readonly rssMb: number;
}

async function start(name: string, command: string[], parse = true): Promise<Target> {
  const isOurs = command[0] === 'target-sallyport.ts';
  // Ours as the program starts it.
  const flags = isOurs ? FLAGS : ['--disable-warning=ExperimentalWarning'];
  const own = isOurs ? environment(join(HERE, '.compiled')) : process.env;
  const child = spawn(process.execPath, [...flags, ...command], {
    cwd: HERE,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...own, PORT: '18787' },
  });
  process.on('exit', () => child.kill('SIGKILL'));
  if (!parse) {
    await new Promise((tick) => setTimeout(tick, 4000));
    return { name, child, url: 'http://127.0.0.1:18787', headers: {} };
  }
  const line = await new Promise<string>((done, fail) => {
    let text = '';
    child.stdout!.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes('\n')) done(text.slice(0, text.indexOf('\n')));
    });
    child.on('exit', () => fail(new Error(`${name} did not start`)));
  });
  return { name, child, headers: {}, ...(JSON.parse(line) as { url: string }) };
}

/** CPU time of a process and its threads so far, in microseconds. */
const cpuMicros = (child: ChildProcess | null): number => (child ? processorSeconds(child.pid!) * 1e6 : 0);

function rssMb(child: ChildProcess | null): number {
  if (!child) return 0;
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))![1]) / 1024;
}

async function measure(target: Target, concurrency: number, seconds: number): Promise<Measured> {
  const pool = new Pool(target.url, { connections: concurrency });
  const until = performance.now() + seconds * 1000;
  const latencies: number[] = [];
  const cpuBefore = cpuMicros(target.child);
  const started = performance.now();
  await Promise.all(
    Array.from({ length: concurrency }, async () => {
      while (performance.now() < until) {
        const begun = performance.now();
        const answer = await pool.request({
          path: '/v1/chat/completions',
          method: 'POST',
          headers: { 'content-type': 'application/json', ...target.headers },
          body: REQUEST,
        });
        const body = await answer.body.text();
        if (answer.statusCode !== 200)
          throw new Error(`${target.name} answered ${answer.statusCode}: ${body.slice(0, 200)}`);
        latencies.push(performance.now() - begun);
      }
    }),
  );
  const elapsed = (performance.now() - started) / 1000;
  const cpu = cpuMicros(target.child) - cpuBefore;
  await pool.close();
  latencies.sort((a, b) => a - b);
  return {
    requestsPerSecond: latencies.length / elapsed,
    p50Ms: latencies[Math.floor(latencies.length * 0.5)]!,
    p99Ms: latencies[Math.floor(latencies.length * 0.99)]!,
    cpuMicros: cpu / latencies.length,
    rssMb: rssMb(target.child),
  };
}

const median = (values: number[]): number => values.sort((a, b) => a - b)[Math.floor(values.length / 2)]!;

mkdirSync(join(HERE, 'out'), { recursive: true });
const portkey = join(HERE, 'node_modules/@portkey-ai/gateway/build/start-server.js');
if (!existsSync(portkey)) {
  const done = spawnSync(
    'npm',
    ['install', '--no-audit', '--no-fund', '--loglevel=error', '--no-package-lock'],
    { cwd: HERE, stdio: 'inherit' },
  );
  if (done.status !== 0) process.stderr.write('Portkey could not be installed; it is left out\n');
}
const upstream = await start('upstream', ['upstream.ts']);
const targets: Target[] = [{ ...upstream, name: 'direct', child: null }];
targets.push(await start('bare proxy', ['target-bare.ts', upstream.url]));
if (existsSync(portkey)) {
  const target = await start('Portkey', [portkey, '--headless', '--port=18787'], false);
  targets.push({
    ...target,
    headers: {
      'x-portkey-provider': 'openai',
      'x-portkey-custom-host': `${upstream.url}/v1`,
      authorization: 'Bearer none',
    },
  });
}
targets.push(await start('Sallyport, every stage', ['target-sallyport.ts', upstream.url]));
targets.push(
  await start('Sallyport, detectors off', ['target-sallyport.ts', upstream.url, '--no-detectors']),
);

process.stdout.write(
  `${cpus().length} × ${cpus()[0]!.model}, Node ${process.versions.node}, ${REQUEST.length} bytes in; median of ${ROUNDS} rounds of ${SECONDS} s\n`,
);
for (const concurrency of [64, 1]) {
  const rounds = new Map<string, Measured[]>();
  for (const target of targets) await measure(target, concurrency, 3);
  for (let round = 0; round < ROUNDS; round++) {
    for (const target of targets)
      rounds.set(target.name, [
        ...(rounds.get(target.name) ?? []),
        await measure(target, concurrency, SECONDS),
      ]);
  }
  const of = (name: string, field: keyof Measured): number =>
    median((rounds.get(name) ?? []).map((one) => one[field]));
  process.stdout.write(
    `\nconcurrency ${concurrency}\n${'target'.padEnd(26)} requests/s     p50 ms    p99 ms   CPU µs/req   × bare   RSS MB\n`,
  );
  for (const { name, child } of targets) {
    const cpu = of(name, 'cpuMicros');
    process.stdout.write(
      `${name.padEnd(26)} ${of(name, 'requestsPerSecond').toFixed(0).padStart(10)} ${of(name, 'p50Ms').toFixed(2).padStart(10)} ${of(name, 'p99Ms').toFixed(2).padStart(9)} ${(child ? cpu.toFixed(0) : '-').padStart(12)} ${(child ? (cpu / of('bare proxy', 'cpuMicros')).toFixed(2) : '-').padStart(8)} ${(child ? of(name, 'rssMb').toFixed(0) : '-').padStart(8)}\n`,
    );
  }
  if (rounds.has('Portkey'))
    process.stdout.write(
      `every stage on: ${(of('Sallyport, every stage', 'cpuMicros') / of('Portkey', 'cpuMicros')).toFixed(2)} × Portkey's CPU (target ≤ 0.5)\n`,
    );
  process.stdout.write(
    `detectors off: ${(of('Sallyport, detectors off', 'cpuMicros') / of('bare proxy', 'cpuMicros')).toFixed(2)} × the bare proxy's CPU (target ≤ 3)\n`,
  );
}
for (const { child } of targets) child?.kill('SIGKILL');
upstream.child?.kill('SIGKILL');
rmSync(join(HERE, 'out'), { recursive: true, force: true });
process.exit(0);
