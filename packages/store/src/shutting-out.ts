import { CodedError, clock, isFullDisk, type SallyportEvent } from '@sallyport/core';
import type { Quarantine, RowDigests } from './granting.ts';
import type { Connection } from './store.ts';

/** Makes a change in a transaction, and says what is to be recorded. */
export type Work<T> = (
  tx: Connection,
) => Promise<{ result: T; event: SallyportEvent | readonly SallyportEvent[] }>;

/** How a change is made. */
export interface Making {
  /** Told before it is stored: the rows that it changes, null for those that go, and its events. */
  readonly seen?: (rows: RowDigests, events: readonly SallyportEvent[]) => void;
  /** Since when it acts, ISO 8601, where it is stored later than that. */
  readonly since?: string;
}

/** Room on the disk that is kept for what shuts someone out. */
export interface Room {
  /** Whether some of it was given and is not there again: nothing else is stored until it is. */
  readonly isShort: boolean;
  /** Gives some of it. @returns whether there was any left */
  release(): Promise<boolean>;
}

/** Where nothing is kept. */
export const NO_ROOM: Room = { isShort: false, release: async () => false };

/** A change that acts and is not stored yet. */
export interface UnstoredChange {
  /** Types and subjects of its events. */
  readonly what: readonly string[];
  /** Rows that grant nothing until it is stored, as `TABLE/KEY`. */
  readonly rows: readonly string[];
  /** ISO 8601. */
  readonly since: string;
}

interface Waiting extends UnstoredChange {
  readonly work: Work<unknown>;
}

const UNSTORED =
  'it is in force for as long as this program runs, and could not be stored: make room on the disk; it is stored as soon ' +
  'as that is possible, and if the program ends before, do it again';
const UNRECORDED =
  'it is in force and stored; it is recorded as soon as that is possible: make room on the disk';

/** Whether a fault lies in where things are stored, and not in what was asked. */
const isStorageFault = (fault: unknown): boolean =>
  !(fault instanceof CodedError) || fault.code === 'record-unavailable';

/** What a store lets this do. */
interface Storing {
  commit<T>(work: Work<T>, making: Making): Promise<T>;
  deliver(): Promise<void>;
}

/** Changes that shut someone out: they act, whether or not they can be stored. */
export class ShuttingOut {
  readonly #store: Storing;
  readonly #quarantined: Quarantine;
  #waiting: readonly Waiting[] = [];
  #storing: Promise<void> | null = null;
  room: Room = NO_ROOM;
  /** Told of a change that waited, once it is stored or, with why, given up. */
  onSettled: (change: UnstoredChange, fault: CodedError | null) => void = () => {};

  constructor(store: Storing, quarantined: Quarantine) {
    this.#store = store;
    this.#quarantined = quarantined;
  }

  get waiting(): readonly UnstoredChange[] {
    return this.#waiting;
  }

  /** Does a step, and again with room that was kept, while the disk is full. */
  async withRoom<T>(step: () => Promise<T>): Promise<T> {
    for (;;)
      try {
        return await step();
      } catch (fault) {
        const full =
          isFullDisk(fault) || (fault instanceof CodedError && fault.code === 'record-unavailable');
        if (!full || !(await this.room.release())) throw fault;
      }
  }

  /**
   * Makes a change that shuts someone out; see {@link Store.shutOut}.
   * @param shuts which of the rows that it changes grant nothing until it is stored
   */
  async make<T>(work: Work<T>, shuts: (row: string, gone: boolean) => boolean): Promise<T> {
    const since = clock.nowIso();
    let rows: readonly string[] = [];
    let what: readonly string[] = [];
    const seen: Making['seen'] = (changed, events) => {
      rows = Object.entries(changed).flatMap(([row, digest]) => (shuts(row, digest === null) ? [row] : []));
      what = events.map(({ type, subject }) => `${type} ${subject}`);
    };
    let result: T;
    try {
      result = await this.#commit(work, { seen });
    } catch (cause) {
      if (!isStorageFault(cause) || rows.length === 0) throw cause;
      const known = this.#waiting.some((one) => rows.every((row) => one.rows.includes(row)));
      if (!known) this.#set([...this.#waiting, { work, what, rows, since }]);
      throw new CodedError('not-recorded-yet', UNSTORED, { cause });
    }
    try {
      await this.withRoom(() => this.#store.deliver());
    } catch (cause) {
      throw new CodedError('not-recorded-yet', UNRECORDED, { cause });
    }
    return result;
  }

  #commit<T>(work: Work<T>, making: Making): Promise<T> {
    return this.#quarantined.seeingStored(() => this.withRoom(() => this.#store.commit(work, making)));
  }

  #set(waiting: readonly Waiting[]): void {
    this.#waiting = waiting;
    this.#quarantined.shutUnstored(waiting.flatMap(({ rows }) => rows));
  }

  /** Stores what waits, as far as that is possible now. */
  store(): Promise<void> {
    this.#storing ??= this.#storeAll().finally(() => {
      this.#storing = null;
    });
    return this.#storing;
  }

  async #storeAll(): Promise<void> {
    for (let [one] = this.#waiting; one !== undefined; [one] = this.#waiting) {
      let refused: CodedError | null = null;
      try {
        await this.#commit(one.work, { since: one.since });
      } catch (fault) {
        if (isStorageFault(fault)) return;
        // What it was to change is otherwise by now.
        refused = fault as CodedError;
      }
      this.#set(this.#waiting.slice(1));
      this.onSettled(one, refused);
    }
    // What waits in the outbox by now is delivered with the next change at the latest.
    await this.#store.deliver().catch(() => {});
  }

  /** Lets other changes pass only after those that wait: none may undo what is stored later. @throws CodedError `record-unavailable` */
  async requireSettled(): Promise<void> {
    if (this.#waiting.length > 0) await this.store();
    if (this.#waiting.length > 0 || this.room.isShort)
      throw new CodedError('record-unavailable', 'the disk is full');
  }
}
