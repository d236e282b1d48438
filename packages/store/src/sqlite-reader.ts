import { Worker } from 'node:worker_threads';
import { CodedError } from '@sallyport/core';
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Driver,
  Kysely,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import type { Database } from './schema.ts';

/** Queries that may wait for the thread. */
const WAITING_MAX = 256;

type Answer = { id: number; rows?: unknown[]; fault?: string };

/** Runs queries on a thread with a read-only connection of its own; the thread starts with the first one. */
class ReaderThread implements DatabaseConnection {
  readonly #path: string;
  #thread: Worker | null = null;
  #next = 0;
  readonly #waiting = new Map<number, { done: (rows: unknown[]) => void; fail: (fault: Error) => void }>();

  constructor(path: string) {
    this.#path = path;
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    if (this.#waiting.size >= WAITING_MAX)
      throw new CodedError('overloaded', 'too many reports are being read');
    this.#thread ??= this.#start();
    const id = this.#next++;
    // Whoever waits for an answer keeps the process alive; an idle thread does not.
    this.#thread.ref();
    const rows = await new Promise<unknown[]>((done, fail) => {
      this.#waiting.set(id, { done, fail });
      this.#thread!.postMessage({ id, text: query.sql, parameters: query.parameters });
    });
    return { rows: rows as R[] };
  }

  // biome-ignore lint/correctness/useYield: streams are not used here
  async *streamQuery(): AsyncGenerator<never> {
    throw new CodedError('internal', 'reports are not streamed');
  }

  #start(): Worker {
    const thread = new Worker(new URL('./reader-thread.ts', import.meta.url), {
      workerData: this.#path,
      resourceLimits: { maxYoungGenerationSizeMb: 8 },
    });
    thread.on('message', ({ id, rows, fault }: Answer) => {
      const one = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (this.#waiting.size === 0) thread.unref();
      if (rows) one?.done(rows);
      else one?.fail(new CodedError('internal', fault));
    });
    const gone = (): void => {
      if (this.#thread === thread) this.#thread = null;
      const waiting = [...this.#waiting.values()];
      this.#waiting.clear();
      for (const one of waiting) one.fail(new CodedError('internal', 'the thread that reads reports ended'));
    };
    thread.on('error', gone);
    thread.on('exit', gone);
    thread.unref();
    return thread;
  }

  async stop(): Promise<void> {
    await this.#thread?.terminate();
  }
}

/** A view of a database file for long reads, off the thread that records. What was committed before a query is seen by it. */
export function sqliteReader(path: string): Kysely<Database> {
  const connection = new ReaderThread(path);
  const none = async (): Promise<void> => {};
  const driver: Driver = {
    init: none,
    acquireConnection: async () => connection,
    beginTransaction: async () => {
      throw new CodedError('internal', 'a reader changes nothing');
    },
    commitTransaction: none,
    rollbackTransaction: none,
    releaseConnection: none,
    destroy: () => connection.stop(),
  };
  return new Kysely<Database>({
    dialect: {
      createAdapter: () => new SqliteAdapter(),
      createDriver: () => driver,
      createIntrospector: (db) => new SqliteIntrospector(db),
      createQueryCompiler: () => new SqliteQueryCompiler(),
    },
  });
}
