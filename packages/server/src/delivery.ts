import type { SallyportEvent } from '@sallyport/core';
import { InTurn } from '@sallyport/core';
import type { Ledger } from '@sallyport/ledger';
import type { Store } from '@sallyport/store';
import { recordedIn } from './recorded-in.ts';

/** Events recorded together. */
const TOGETHER = 200;
/** Rows of an earlier run that are looked at together: the log is read once for them. */
const LEFT_TOGETHER = 2_000;

const entryOf = (event: SallyportEvent) => ({ leaf: Buffer.from(JSON.stringify(event)), payload: null });

/** Takes events from the outbox into the log, each once. */
export class Delivery {
  readonly #ledger: Ledger;
  readonly #store: Store;
  readonly #turn = new InTurn();
  /** From which entry on events may stand that could not be recorded, as it seemed. */
  #unsureFrom: number | null = null;

  constructor(ledger: Ledger, store: Store) {
    this.#ledger = ledger;
    this.#store = store;
  }

  /** Resolves when what is under way is over. */
  idle(): Promise<void> {
    return this.#turn.idle();
  }

  /** Records what this process put into the outbox, as it holds it in memory: whoever writes to the database changes nothing. */
  own(): Promise<void> {
    return this.#turn.do(async () => {
      const { outbox } = this.#store;
      for (let some = outbox.stored(TOGETHER); some.length > 0; some = outbox.stored(TOGETHER)) {
        await this.#record(some);
        outbox.recorded(some);
      }
      // They are recorded: rows that stay are removed with the next, or by the next start.
      await outbox.clear().catch(() => {});
    });
  }

  async #record(events: readonly SallyportEvent[]): Promise<void> {
    const from = this.#unsureFrom ?? this.#ledger.size;
    const there =
      this.#unsureFrom === null
        ? new Set()
        : await recordedIn(this.#ledger, new Set(events.map(({ id }) => id)), from);
    this.#unsureFrom = from;
    const fresh = events.filter(({ id }) => !there.has(id));
    if (fresh.length > 0) await this.#ledger.append(fresh.map(entryOf));
    this.#unsureFrom = null;
  }

  /**
   * Records what an earlier run left in the outbox, before this one puts anything there. The log is asked what it has: of
   * what others put there it has seen all, or it carries no signature of this installation.
   * @param isSigned whether events without a signature are refused: earlier versions signed none
   * @returns how many rows were refused
   */
  left(isSigned: boolean): Promise<number> {
    return this.#turn.do(async () => {
      const { outbox } = this.#store;
      let refused = 0;
      for (
        let rows = await outbox.rows(LEFT_TOGETHER);
        rows.length > 0;
        rows = await outbox.rows(LEFT_TOGETHER)
      ) {
        const events = new Map<string, SallyportEvent>();
        for (const { event, sealed } of rows)
          if (event !== null && (sealed || !isSigned)) events.set(event.id, event);
          else refused++;
        const there = await recordedIn(this.#ledger, new Set(events.keys()));
        const fresh = [...events.values()].filter(({ id }) => !there.has(id));
        for (let at = 0; at < fresh.length; at += TOGETHER)
          await this.#ledger.append(fresh.slice(at, at + TOGETHER).map(entryOf));
        await outbox.remove(rows);
      }
      return refused;
    });
  }

  /** Removes what others put into the outbox meanwhile. @returns how many rows */
  sweep(): Promise<number> {
    return this.#turn.do(() => this.#store.outbox.sweep());
  }
}
