import type { SallyportEvent, WorkerLeaf } from '@sallyport/core';
import type { Ledger } from '@sallyport/ledger';
import { type ExchangeRow, PROJECTED_TOGETHER_MAX, type Store } from '@sallyport/store';
import { log } from './log.ts';

type Leaf = WorkerLeaf | SallyportEvent;

/** Milliseconds between projections of what became durable into the store. */
const PROJECT_MS = 200;
/** Milliseconds from a failed projection to the next try. */
const RETRY_MS = 1_000;
/** Leaves that wait for projection before they are dropped from memory and read from the log later. */
const BACKLOG_LEAVES_MAX = 50_000;

/** Carries what became durable in the log over into the store, in order. */
export class Projection {
  readonly #ledger: Ledger;
  readonly #store: Store;
  readonly #see: (index: number, leaf: Leaf) => void;
  readonly #watchers = new Set<(rows: readonly ExchangeRow[]) => void>();
  #pending: { index: number; leaf: Uint8Array }[] = [];
  /** Leaves were dropped from memory, or could not be projected: they are read from the log. */
  #behind = false;
  #projecting: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | null = null;

  /** @param see takes note of each leaf, in order, before it is projected */
  constructor(ledger: Ledger, store: Store, see: (index: number, leaf: Leaf) => void) {
    this.#ledger = ledger;
    this.#store = store;
    this.#see = see;
  }

  /** Takes leaves that became durable; they are projected soon. */
  add(first: number, leaves: readonly Uint8Array[]): void {
    if (this.#pending.length + leaves.length > BACKLOG_LEAVES_MAX) {
      this.#pending = [];
      this.#behind = true;
    }
    if (!this.#behind) leaves.forEach((leaf, i) => this.#pending.push({ index: first + i, leaf }));
    this.#later(PROJECT_MS);
  }

  /** Projects what is durable; reads after it see it. A failure is told, and tried again later. */
  async flush(): Promise<void> {
    this.#projecting = this.#projecting
      .then(() => this.#project())
      .catch((fault: Error) => {
        log('error', 'the projection failed; it is built again from the log', { fault: fault.message });
        this.#behind = true;
        this.#later(RETRY_MS);
      });
    await this.#projecting;
  }

  /** Projects the log from an entry on. */
  async from(cursor: number): Promise<void> {
    let batch: { index: number; leaf: Leaf }[] = [];
    for await (const { index, leaf } of this.#ledger.read(cursor)) {
      batch.push({ index, leaf: this.#parse(index, leaf) });
      if (batch.length >= PROJECTED_TOGETHER_MAX) {
        await this.#store.exchanges.project(batch);
        batch = [];
      }
    }
    await this.#store.exchanges.project(batch);
  }

  /** Calls back with exchanges as they are projected, new or changed. @returns ends it */
  watch(watcher: (rows: readonly ExchangeRow[]) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** Projects what is left. */
  async close(): Promise<void> {
    await this.flush();
    if (this.#timer) clearTimeout(this.#timer);
  }

  #later(ms: number): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      void this.flush();
    }, ms).unref();
  }

  async #project(): Promise<void> {
    if (this.#behind) {
      this.#behind = false;
      this.#pending = [];
      await this.from(await this.#store.exchanges.cursor());
      return;
    }
    const leaves = this.#pending;
    this.#pending = [];
    for (let at = 0; at < leaves.length; at += PROJECTED_TOGETHER_MAX) {
      const rows = await this.#store.exchanges.project(
        leaves
          .slice(at, at + PROJECTED_TOGETHER_MAX)
          .map(({ index, leaf }) => ({ index, leaf: this.#parse(index, leaf) })),
      );
      for (const watcher of this.#watchers) watcher(rows);
    }
  }

  #parse(index: number, bytes: Uint8Array): Leaf {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString();
    const leaf = JSON.parse(text) as Leaf;
    this.#see(index, leaf);
    return leaf;
  }
}
