import { InTurn, newEvent, type SallyportEvent } from '@sallyport/core';
import type { Store } from '@sallyport/store';
import { log } from '../log.ts';

/** How long a decision about reading may wait to be recorded together with others like it, in milliseconds. */
const GATHER_MS = 30_000;
/** Kinds of decisions gathered at most; beyond them all are recorded at once. */
const KINDS_MAX = 2_000;
/** Denials recorded one by one for one actor in the time that decisions are gathered; further ones are counted. */
const DENIALS_MAX = 30;

/** A decision of the control plane. */
export interface DecisionRecord {
  readonly actor: string;
  readonly action: string;
  /** Such as `system:chat` or `organisation`. */
  readonly resource: string;
  readonly allowed: boolean;
  readonly policyIds: readonly string[];
  /** Version of the policies. */
  readonly policies: string;
  readonly address: string;
}

/**
 * Records every decision, with the policies it rests on. One that lets something be changed is in the record before it
 * takes effect; those about reading are gathered, and counted where they are alike.
 */
export class DecisionLog {
  readonly #store: Store;
  readonly #gathered = new Map<
    string,
    { decision: DecisionRecord; count: number; from: string; to: string }
  >();
  readonly #denials = new Map<string, number>();
  #timer: NodeJS.Timeout | null = null;
  readonly #turn = new InTurn();

  constructor(store: Store) {
    this.#store = store;
  }

  /**
   * @param at ISO 8601 @param now record it before this resolves
   * @param shutsOut whether it lets someone be shut out: that waits for no record
   */
  async note(decision: DecisionRecord, at: string, now: boolean, shutsOut = false): Promise<void> {
    const key = JSON.stringify(decision);
    const known = this.#gathered.get(key);
    if (known) {
      known.count++;
      known.to = at;
    } else this.#gathered.set(key, { decision, count: 1, from: at, to: at });
    if ((now && this.#mayBeSingle(decision)) || this.#gathered.size >= KINDS_MAX) {
      if (!shutsOut || !decision.allowed) return this.flush();
      await this.flush(true).catch((fault: Error) => {
        log('error', 'a decision to shut someone out is not recorded yet', { fault: fault.message });
        this.#later();
      });
      return;
    }
    this.#later();
  }

  #later(): void {
    this.#timer ??= setTimeout(() => {
      this.flush().catch((fault: Error) =>
        log('error', 'decisions of the control plane are not recorded yet', { fault: fault.message }),
      );
    }, GATHER_MS).unref();
  }

  /** Whoever is denied over and over fills no record. */
  #mayBeSingle({ actor, allowed }: DecisionRecord): boolean {
    if (allowed) return true;
    const denials = (this.#denials.get(actor) ?? 0) + 1;
    this.#denials.set(actor, denials);
    return denials <= DENIALS_MAX;
  }

  /**
   * Records what was gathered. What cannot be recorded now stays, and is tried again.
   * @param urgent with the room on the disk that is kept for shutting someone out
   */
  flush(urgent = false): Promise<void> {
    if (this.#timer) {
      clearTimeout(this.#timer);
      this.#timer = null;
      this.#denials.clear();
    }
    return this.#turn.do(() => this.#write(urgent));
  }

  async #write(urgent: boolean): Promise<void> {
    if (this.#gathered.size === 0) return;
    const gathered = [...this.#gathered];
    this.#gathered.clear();
    const events = gathered.map(([, { decision, count, from, to }]): SallyportEvent => {
      const { actor, resource, ...rest } = decision;
      return newEvent('access-decided', { actor, subject: resource, data: { ...rest, count, from, to } });
    });
    try {
      const work = async () => ({ result: undefined, event: events });
      await (urgent ? this.#store.urgent(work) : this.#store.change(work));
    } catch (fault) {
      for (const [key, one] of gathered) {
        const since = this.#gathered.get(key);
        this.#gathered.set(key, since ? { ...one, count: one.count + since.count, to: since.to } : one);
      }
      throw fault;
    }
  }
}
