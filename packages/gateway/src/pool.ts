import { createServer } from 'node:net';
import { Worker } from 'node:worker_threads';
import { CodedError, type Config, clock, type GatewaySnapshot, type WorkerTally } from '@sallyport/core';
import type { GuardModels } from '@sallyport/guard';
import { type Counters, WORKERS_MAX } from './counters.ts';
import type { FromWorker, GatewayStats, ToWorker, WorkerStart } from './messages.ts';
import { decodeFrames, type Frame } from './recorder.ts';

/** How long workers get to acknowledge a snapshot, and to start. */
const ACKNOWLEDGE_MS = 5_000;
const START_MS = 20_000;
/** Room for what lives as long as a call: larger means that fewer calls are copied by the collector. */
const YOUNG_GENERATION_MB = 24;
/** V8 lets garbage grow with the room it is given; a worker that needs more than this is replaced. */
const OLD_GENERATION_MB = 1024;

/** What a pool of gateway workers needs. */
export interface GatewayPoolOptions {
  readonly config: Config;
  readonly workers: number;
  readonly run: string;
  readonly snapshot: GatewaySnapshot;
  readonly counters: Counters;
  /** Appends to the record; resolves when durable. */
  readonly append: (entries: readonly Frame[]) => Promise<unknown>;
  readonly onUnauthenticated: (address: string, count: number) => void;
  /** A key of ours stood in a text of a call. */
  /** An endpoint of a third party showed another certificate than was approved. */
  readonly onCertificateChanged: (integration: string, origin: string) => void;
  readonly onKeyLeaked: (key: string, exchange: string) => void;
  /** A worker died; it is being replaced. */
  readonly onCrash: (worker: number, error: Error) => void;
  /** A worker is gone that did not drain, and all that it recorded is durable: its calls need an end. */
  readonly onGone: (worker: number, run: string) => void;
  /** The models of the guard, verified. */
  readonly models: GuardModels | null;
  readonly detectors?: boolean;
}

interface Running {
  readonly thread: Worker;
  version: number;
  stats: GatewayStats | null;
  tally: WorkerTally | null;
  drained: boolean;
  listening: boolean;
  /** Names this worker's sequence: a successor counts anew under another name. */
  readonly run: string;
  readonly appending: Set<Promise<unknown>>;
}

/** The gateway workers of one process, seen from the thread that owns store and ledger. */
export class GatewayPool {
  readonly #options: GatewayPoolOptions;
  readonly #workers = new Map<number, Running>();
  #snapshot: GatewaySnapshot;
  #waiting: { version: number; done: () => void }[] = [];
  #stopping = false;
  #launches = 0;
  #port = 0;
  /** Counts of workers that are gone. */
  #past: GatewayStats[] = [];

  private constructor(options: GatewayPoolOptions) {
    this.#options = options;
    this.#snapshot = options.snapshot;
  }

  /** Starts all workers; resolves when they listen. @throws CodedError `address-in-use` */
  static async start(options: GatewayPoolOptions): Promise<GatewayPool> {
    const pool = new GatewayPool(options);
    await probePort(options.config);
    try {
      // The first one finds the port where it was left open; the others share it.
      pool.#port = await pool.#launch(0, options.config.gateway.port);
      for (let i = 1; i < Math.min(options.workers, WORKERS_MAX); i++) await pool.#launch(i, pool.#port);
    } catch (fault) {
      await pool.stop(0);
      throw fault;
    }
    return pool;
  }

  /** Port that the workers listen on. */
  get port(): number {
    return this.#port;
  }

  #launch(worker: number, port: number): Promise<number> {
    const { config, counters, workers, models, detectors } = this.#options;
    const generation = this.#launches++;
    const run = generation < workers ? this.#options.run : `${this.#options.run}-${generation}`;
    const start: WorkerStart = {
      worker,
      run,
      host: config.gateway.host,
      port,
      reusePort: workers > 1 && process.platform === 'linux',
      counters: counters.memory,
      clock: clock.anchor(),
      snapshot: this.#snapshot,
      models,
      detectors: detectors ?? true,
    };
    const thread = new Worker(new URL('./worker.ts', import.meta.url), {
      workerData: start,
      resourceLimits: {
        maxYoungGenerationSizeMb: YOUNG_GENERATION_MB,
        maxOldGenerationSizeMb: OLD_GENERATION_MB,
      },
    });
    const running: Running = {
      thread,
      version: this.#snapshot.version,
      stats: null,
      tally: null,
      drained: false,
      listening: false,
      run,
      appending: new Set(),
    };
    this.#workers.set(worker, running);
    return new Promise((done, fail) => {
      const timer = setTimeout(
        () => fail(new CodedError('internal', 'a gateway worker did not start in time')),
        START_MS,
      );
      thread.on('message', (message: FromWorker) => {
        if (message.type === 'listening') {
          clearTimeout(timer);
          running.listening = true;
          done(message.port);
        } else if (message.type === 'failed') {
          clearTimeout(timer);
          fail(listenFault(message, config));
        } else this.#receive(running, message);
      });
      thread.on('error', (error: Error) => {
        clearTimeout(timer);
        fail(error);
        this.#options.onCrash(worker, error);
      });
      thread.on('exit', () => this.#gone(worker, running));
    });
  }

  #receive(running: Running, message: FromWorker): void {
    switch (message.type) {
      case 'record': {
        const answer = (ok: boolean): void =>
          running.thread.postMessage({ type: 'recorded', batch: message.batch, ok } satisfies ToWorker);
        const appended = this.#options.append(decodeFrames(message.frames)).then(
          () => answer(true),
          () => answer(false),
        );
        running.appending.add(appended);
        void appended.finally(() => running.appending.delete(appended));
        break;
      }
      case 'acknowledged':
        running.version = message.version;
        this.#settle();
        break;
      case 'stats':
        running.stats = message.stats;
        running.tally = message.tally;
        break;
      case 'certificate-changed':
        this.#options.onCertificateChanged(message.integration, message.origin);
        break;
      case 'key-leaked':
        this.#options.onKeyLeaked(message.key, message.exchange);
        break;
      case 'unauthenticated':
        this.#options.onUnauthenticated(message.address, message.count);
        break;
      case 'drained':
        running.drained = true;
        void running.thread.terminate();
        break;
      default:
        break;
    }
  }

  #gone(worker: number, running: Running): void {
    if (this.#workers.get(worker) !== running) return;
    this.#workers.delete(worker);
    this.#options.counters.clearWorker(worker);
    if (running.stats) this.#past.push({ ...running.stats, inFlight: 0 });
    this.#settle();
    if (!running.drained)
      void Promise.allSettled([...running.appending]).then(() => this.#options.onGone(worker, running.run));
    if (this.#stopping) return;
    setTimeout(() => {
      if (!this.#stopping)
        this.#launch(worker, this.#port).catch((error: Error) => this.#options.onCrash(worker, error));
    }, 100);
  }

  #settle(): void {
    const slowest = Math.min(...[...this.#workers.values()].map((running) => running.version));
    const ready = this.#waiting.filter((waiter) => waiter.version <= slowest);
    this.#waiting = this.#waiting.filter((waiter) => waiter.version > slowest);
    for (const waiter of ready) waiter.done();
  }

  /** Hands out a new snapshot; resolves when every worker decides by it. @throws CodedError `internal` when one does not */
  async publish(snapshot: GatewaySnapshot): Promise<void> {
    this.#snapshot = snapshot;
    if (this.#workers.size === 0) return;
    await new Promise<void>((done, fail) => {
      const timer = setTimeout(
        () => fail(new CodedError('internal', 'a gateway worker did not take the new state in time')),
        ACKNOWLEDGE_MS,
      );
      this.#waiting.push({
        version: snapshot.version,
        done: () => {
          clearTimeout(timer);
          done();
        },
      });
      for (const { thread } of this.#workers.values())
        thread.postMessage({ type: 'snapshot', snapshot } satisfies ToWorker);
    });
  }

  /** Stops a worker where it stands, as a crash would; resolves when its successor listens. For drills. */
  async recycle(worker: number): Promise<void> {
    const running = this.#workers.get(worker);
    if (!running) return;
    await running.thread.terminate();
    while (this.#workers.get(worker) === running || !this.#workers.get(worker)?.listening)
      await new Promise((tick) => setTimeout(tick, 20));
  }

  /** Counts of all workers, past ones included. */
  stats(): readonly GatewayStats[] {
    return [
      ...this.#past,
      ...[...this.#workers.values()].flatMap((running) => (running.stats ? [running.stats] : [])),
    ];
  }

  /** What each worker was told is durable, as it said last. */
  tallies(): readonly { readonly worker: number; readonly run: string; readonly tally: WorkerTally }[] {
    return [...this.#workers].flatMap(([worker, { run, tally }]) => (tally ? [{ worker, run, tally }] : []));
  }

  /** Number of workers that run. */
  get size(): number {
    return this.#workers.size;
  }

  /** Lets calls in flight end, then stops. @param deadlineMs after which calls still in flight are cut off */
  async stop(deadlineMs: number): Promise<void> {
    this.#stopping = true;
    await Promise.all(
      [...this.#workers.values()].map(
        ({ thread }) =>
          new Promise<void>((done) => {
            thread.once('exit', () => done());
            thread.postMessage({ type: 'drain', deadlineMs } satisfies ToWorker);
            setTimeout(() => void thread.terminate(), deadlineMs + 5_000).unref();
          }),
      ),
    );
  }
}

/** Listens for a moment without sharing: a port that another server shares would otherwise be shared with it unnoticed. */
function probePort(config: Config): Promise<void> {
  const { host, port } = config.gateway;
  if (port === 0) return Promise.resolve();
  return new Promise((done, fail) => {
    const probe = createServer();
    probe.on('error', (error: Error & { code?: string }) =>
      fail(listenFault({ code: error.code ?? '', message: error.message }, config)),
    );
    probe.listen({ host, port }, () => probe.close(() => done()));
  });
}

function listenFault(message: { code: string; message: string }, config: Config): CodedError {
  const place = `${config.gateway.host}:${config.gateway.port}`;
  if (message.code === 'EADDRINUSE')
    return new CodedError(
      'address-in-use',
      `port ${place} of the gateway is taken; choose another with --gateway-port`,
    );
  return new CodedError('config-invalid', `the gateway cannot listen on ${place}: ${message.code}`);
}
