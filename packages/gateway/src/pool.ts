import { Worker } from 'node:worker_threads';
import { CodedError, type Config, clock, type GatewaySnapshot, type WorkerTally } from '@sallyport/core';
import type { GuardModels } from '@sallyport/guard';
import { type Counters, WORKERS_MAX } from './counters.ts';
import type { FromWorker, GatewayStats, ShutOut, ToWorker, WorkerStart } from './messages.ts';
import { type PoolWorker, until } from './pool-worker.ts';
import { listenFault, probePort } from './port-probe.ts';
import { decodeFrames, type Frame } from './recorder.ts';
import type { CountedRefusals } from './refusals.ts';
import { ShutOuts } from './shut-outs.ts';
import { tryState } from './trial.ts';
import { BEAT_MS, endThread, Heartbeats, isStuck } from './watchdog.ts';

/** How long workers get to acknowledge a snapshot, and to start. */
const ACKNOWLEDGE_MS = 5_000;
const START_MS = 20_000;
/** How long a worker that ended waits for its successor: longer each time in a row, as what ended it may last. */
const AGAIN_MS = 100;
const AGAIN_MS_MAX = 5_000;
/** How long a worker that was to end may go on before the process ends without it. */
const OVERTIME_MS = 2_000;
/** How long they get to acknowledge that something is shut out; one that does not is ended. */
const SHUT_OUT_MS = 2_000;
/**
 * Room for what lives as long as a call: larger means that fewer calls are copied by the collector. V8 lets garbage grow with
 * the room it is given; a worker that needs more than this is replaced.
 */
const ROOM = { maxYoungGenerationSizeMb: 24, maxOldGenerationSizeMb: 1024 };

/** What a pool of gateway workers needs. */
export interface GatewayPoolOptions {
  readonly config: Config;
  readonly workers: number;
  readonly run: string;
  /** Connections that callers may hold to all workers. */
  readonly connectionsMax: number;
  readonly snapshot: GatewaySnapshot;
  readonly counters: Counters;
  /** Appends to the record; resolves when durable. */
  readonly append: (entries: readonly Frame[]) => Promise<unknown>;
  /** Whether the record can be written; asked every quarter of a second. */
  readonly isRecordable: () => boolean;
  /** Calls were refused and only counted; resolves once that is told. */
  readonly onRefusals: (refused: CountedRefusals) => Promise<void>;
  /** An endpoint of a third party showed another certificate than was approved. */
  readonly onCertificateChanged: (integration: string, origin: string) => void;
  /** A key of ours stood in a text of a call. */
  readonly onKeyLeaked: (key: string, exchange: string) => void;
  /** Something failed in a worker that nothing waited for. */
  readonly onUnforeseen: (fault: Error) => void;
  /** A worker died; it is being replaced. */
  readonly onCrash: (worker: number, error: Error) => void;
  /** A worker's event loop stood still for too long; it is ended and replaced. */
  readonly onStuck: (worker: number) => void;
  /** A worker is gone that did not drain, and all that it recorded is durable: its calls need an end. */
  readonly onGone: (worker: number, run: string) => void;
  /** The models of the guard, verified. */
  readonly models: GuardModels | null;
  readonly detectors?: boolean;
}

/** The gateway workers of one process, seen from the thread that owns store and ledger. */
export class GatewayPool {
  readonly #options: GatewayPoolOptions;
  readonly #workers = new Map<number, PoolWorker>();
  #snapshot: GatewaySnapshot;
  #waiting: { version: number; done: () => void; fail: (fault: Error) => void }[] = [];
  readonly #shut = new ShutOuts();
  #stopping = false;
  #launches = 0;
  #port = 0;
  /** Workers in a row that ended before they listened. */
  #failures = 0;
  readonly #beats = new Heartbeats(Heartbeats.allocate(WORKERS_MAX));
  readonly #watch: NodeJS.Timeout;
  /** Counts of workers that are gone. */
  #past: GatewayStats[] = [];

  private constructor(options: GatewayPoolOptions) {
    this.#options = options;
    this.#snapshot = options.snapshot;
    this.#watch = setInterval(() => this.#look(), BEAT_MS).unref();
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
    const { config, connectionsMax, counters, workers, models, detectors } = this.#options;
    const generation = this.#launches++;
    const run = generation < workers ? this.#options.run : `${this.#options.run}-${generation}`;
    const start: WorkerStart = {
      worker,
      run,
      host: config.gateway.host,
      port,
      reusePort: workers > 1 && process.platform === 'linux',
      connectionsMax: Math.ceil(connectionsMax / Math.min(workers, WORKERS_MAX)),
      counters: counters.memory,
      beats: this.#beats.memory,
      clock: clock.anchor(),
      snapshot: this.#snapshot,
      shut: this.#shut.beyond(this.#snapshot.version),
      models,
      detectors: detectors ?? true,
    };
    const thread = new Worker(new URL('./worker.ts', import.meta.url), {
      workerData: start,
      resourceLimits: ROOM,
    });
    const running: PoolWorker = {
      thread,
      version: this.#snapshot.version,
      shutId: this.#shut.id,
      stats: null,
      tally: null,
      drained: false,
      listening: false,
      run,
      appending: new Set(),
      pulse: { beat: -1, silent: 0 },
    };
    this.#workers.set(worker, running);
    return new Promise((done, fail) => {
      // One that does not listen is ended, so that another is tried.
      const giveUp = (fault: CodedError): void => {
        clearTimeout(timer);
        fail(fault);
        void thread.terminate();
      };
      const timer = setTimeout(
        () => giveUp(new CodedError('internal', 'a gateway worker did not start in time')),
        START_MS,
      );
      thread.on('message', (message: FromWorker) => {
        if (message.type === 'listening') {
          clearTimeout(timer);
          running.listening = true;
          this.#failures = 0;
          done(message.port);
        } else if (message.type === 'failed') {
          giveUp(listenFault(message, config));
        } else this.#receive(running, message);
      });
      thread.on('error', (error: Error) => {
        this.#options.onCrash(worker, error);
        giveUp(new CodedError('internal', 'a gateway worker died', { cause: error }));
      });
      thread.on('exit', () => {
        giveUp(new CodedError('internal', 'a gateway worker ended before it listened'));
        this.#gone(worker, running);
      });
    });
  }

  #receive(running: PoolWorker, message: FromWorker): void {
    switch (message.type) {
      case 'record': {
        const answer = (ok: boolean): void =>
          running.thread.postMessage({ type: 'recorded', batch: message.batch, ok } satisfies ToWorker);
        const appended = this.#options.append(decodeFrames(message.frames)).then(
          () => answer(true),
          () => answer(false),
        );
        until(running, appended);
        break;
      }
      case 'acknowledged':
        running.version = message.version;
        this.#settle();
        break;
      case 'refused':
        this.#refused(message.version, message.why);
        break;
      case 'shut-out':
        running.shutId = message.id;
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
      case 'unforeseen':
        this.#options.onUnforeseen(message.fault);
        break;
      case 'refusals':
        until(running, this.#options.onRefusals(message.refused));
        break;
      case 'drained':
        running.drained = true;
        void running.thread.terminate();
        break;
      default:
        break;
    }
  }

  #gone(worker: number, running: PoolWorker): void {
    if (this.#workers.get(worker) !== running) return;
    this.#workers.delete(worker);
    this.#options.counters.clearWorker(worker);
    if (running.stats) this.#past.push({ ...running.stats, inFlight: 0, backingOff: [] });
    this.#settle();
    if (!running.drained)
      void Promise.allSettled([...running.appending]).then(() => this.#options.onGone(worker, running.run));
    if (this.#stopping) return;
    if (!running.listening) this.#failures++;
    const againMs = Math.min(AGAIN_MS_MAX, AGAIN_MS * 2 ** Math.min(this.#failures, 16));
    setTimeout(() => {
      if (!this.#stopping)
        this.#launch(worker, this.#port).catch((error: Error) => this.#options.onCrash(worker, error));
    }, againMs);
  }

  /** Ends workers whose event loop stands still; `exit` brings their successors. */
  #look(): void {
    this.#beats.recordable = this.#options.isRecordable();
    for (const [worker, running] of this.#workers) {
      if (!running.listening || !this.#beats.look(worker, running.pulse)) continue;
      this.#options.onStuck(worker);
      endThread(running.thread);
    }
  }

  /** Why calls are not taken as they should be, in words; empty while every worker answers. */
  faults(): readonly string[] {
    const faults: string[] = [];
    for (let worker = 0; worker < Math.min(this.#options.workers, WORKERS_MAX); worker++) {
      const running = this.#workers.get(worker);
      if (!running?.listening) faults.push(`gateway worker ${worker} is starting`);
      else if (isStuck(running.pulse))
        faults.push(`gateway worker ${worker} does not answer and is replaced`);
    }
    return faults;
  }

  #settle(): void {
    const slowest = Math.min(...[...this.#workers.values()].map((running) => running.version));
    const ready = this.#waiting.filter((waiter) => waiter.version <= slowest);
    this.#waiting = this.#waiting.filter((waiter) => waiter.version > slowest);
    for (const waiter of ready) waiter.done();
    this.#shut.settle(Math.min(...[...this.#workers.values()].map((running) => running.shutId)));
  }

  #refused(version: number, why: string): void {
    const failed = this.#waiting.filter((waiter) => waiter.version === version);
    this.#waiting = this.#waiting.filter((waiter) => waiter.version !== version);
    for (const { fail } of failed)
      fail(new CodedError('internal', `the gateway does not take the new state: ${why}`));
  }

  /**
   * Shuts keys and third parties out at once, whatever else the state holds; resolves when every worker does. One that
   * does not say so in time is ended.
   * @param since version of the newest snapshot whose building began before that
   */
  async shutOut(what: Partial<ShutOut>, since: number): Promise<void> {
    const id = this.#shut.add(what, since);
    if (this.#workers.size === 0) return;
    const acknowledged = this.#shut.acknowledged(id);
    const shut = this.#shut.beyond(this.#snapshot.version);
    for (const { thread } of this.#workers.values())
      thread.postMessage({ type: 'shut-out', id, shut } satisfies ToWorker);
    const timer = setTimeout(() => {
      for (const { thread, shutId } of this.#workers.values()) if (shutId < id) endThread(thread);
    }, SHUT_OUT_MS);
    await acknowledged.finally(() => clearTimeout(timer));
  }

  /**
   * Hands out a new snapshot; resolves when every worker decides by it, or by a newer one.
   * @throws CodedError `internal` when one does not take it: all go on with the one before then
   */
  async publish(snapshot: GatewaySnapshot): Promise<void> {
    const before = this.#snapshot;
    if (snapshot.version <= before.version) return;
    this.#snapshot = snapshot;
    try {
      if (this.#workers.size > 0) await this.#handOut(snapshot);
      // What was shut out before this one was begun is in it.
      this.#shut.forget(snapshot.version);
    } catch (fault) {
      if (this.#snapshot === snapshot) this.#snapshot = before;
      throw fault;
    }
  }

  /** Whether every worker would take a snapshot, before what it is built from is stored. @throws CodedError `internal` */
  async tryOut(snapshot: GatewaySnapshot): Promise<void> {
    const listening = [...this.#workers.values()].filter((running) => running.listening);
    await Promise.all(listening.map(({ thread }) => tryState(thread, snapshot)));
  }

  #handOut(snapshot: GatewaySnapshot): Promise<void> {
    return new Promise<void>((done, fail) => {
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
        fail: (fault) => {
          clearTimeout(timer);
          fail(fault);
        },
      });
      const shut = this.#shut.beyond(snapshot.version);
      for (const { thread } of this.#workers.values())
        thread.postMessage({ type: 'snapshot', snapshot, shut } satisfies ToWorker);
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
    const workers = [...this.#workers.values()];
    await Promise.all(
      workers.map(
        ({ thread }) =>
          new Promise<void>((done) => {
            thread.once('exit', () => done());
            thread.postMessage({ type: 'drain', deadlineMs } satisfies ToWorker);
            setTimeout(() => endThread(thread), deadlineMs + 5_000).unref();
            setTimeout(done, deadlineMs + 5_000 + OVERTIME_MS).unref();
          }),
      ),
    );
    clearInterval(this.#watch);
    await Promise.all(workers.flatMap(({ appending }) => [...appending]));
  }
}
