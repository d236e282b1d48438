/** Characters from which a pass may take more than a millisecond or two; a detection counts as many. */
const LARGE = 64 * 1024;
const DETECTION = 64;

/** Whether others should have a turn before the next pass: small calls are spared even the wait for nothing. */
export const isLarge = (characters: number, detections = 0): boolean =>
  characters + detections * DETECTION >= LARGE;

/** Lets other calls, and the beat of the worker, have a turn between two passes over something large. */
export const othersFirst = (): Promise<void> => new Promise((turn) => setImmediate(turn));

/** How long work that has no end in sight may keep others waiting. */
const TURN_MS = 25;

/** Gives others a turn every now and then, between the pieces of long work. */
export class Turns {
  #sinceMs = performance.now();

  /** Waits where this work has had its turn. */
  async share(): Promise<void> {
    if (performance.now() - this.#sinceMs <= TURN_MS) return;
    await othersFirst();
    this.#sinceMs = performance.now();
  }
}
