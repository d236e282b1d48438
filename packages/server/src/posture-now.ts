import { setTimeout as delay } from 'node:timers/promises';
import { type ControlResult, UnderWay } from '@sallyport/core';
import { log } from './log.ts';

/** Results of probes that are older are looked for again. */
export const PROBED_MS = 60_000;
/** How long an answer waits for controls as they are now, where there are some from before. */
const COMPUTED_WAIT_MS = 100;
/** From an answer to the probes that it gives rise to: they share its thread. */
const AFTER_ANSWER_MS = 20;

/** What {@link PostureNow} asks for. */
interface Asked {
  /** Every control, from the results that there are. */
  compute(): Promise<ControlResult[]>;
  /** Whether a result is older than {@link PROBED_MS}. */
  isDue(): Promise<boolean>;
  /** Runs the probes that are due. */
  probe(): Promise<void>;
}

/** Controls for someone who does not wait: from the last results. What is due runs afterwards, and is in a later answer. */
export class PostureNow {
  readonly #asked: Asked;
  readonly #computing = new UnderWay<ControlResult[]>();
  #last: { readonly controls: ControlResult[]; readonly atMs: number } | null = null;
  #isProbing = false;
  /** When the last round ended: probes that have nothing to look at give no result, and are always due. */
  #probedMs = Number.NEGATIVE_INFINITY;

  constructor(asked: Asked) {
    this.#asked = asked;
  }

  /** @returns the controls, and whether probes run that may change them */
  async answer(): Promise<{ controls: ControlResult[]; probing: boolean }> {
    // What a round found that ends meanwhile is not in these.
    const wasProbing = this.#isProbing;
    const controls = await this.controls();
    const isRecent = performance.now() - this.#probedMs < PROBED_MS;
    if (!this.#isProbing && !isRecent && (await this.#asked.isDue())) this.#probeLater();
    return { controls, probing: wasProbing || this.#isProbing };
  }

  /** As they are now; where that takes long, as they were within {@link PROBED_MS}. Gives rise to no probe. */
  controls(): Promise<ControlResult[]> {
    const computing = this.#computing.of('controls', async () => {
      const controls = await this.#asked.compute();
      this.#last = { controls, atMs: performance.now() };
      return controls;
    });
    const last = this.#last;
    if (last === null || performance.now() - last.atMs > PROBED_MS) return computing;
    // A fault that comes after the wait is that of the next answer.
    computing.catch(() => {});
    return Promise.race([computing, delay(COMPUTED_WAIT_MS, last.controls, { ref: false })]);
  }

  #probeLater(): void {
    this.#isProbing = true;
    void delay(AFTER_ANSWER_MS, undefined, { ref: false })
      .then(() => this.#asked.probe())
      .catch((fault: Error) => log('error', 'the probes failed', { fault: fault.message }))
      .finally(() => {
        this.#isProbing = false;
        this.#probedMs = performance.now();
      });
  }
}
