import { atOnce, type Steps } from '@sallyport/core';

/** Characters from which a pass may take more than a millisecond or two; a detection counts as many. */
const LARGE = 64 * 1024;
const DETECTION = 64;

/** Whether others should have a turn before the next pass: small calls are spared even the wait for nothing. */
export const isLarge = (characters: number, detections = 0): boolean =>
  characters + detections * DETECTION >= LARGE;

/** Who waits for a turn, in order. */
const waiting: (() => void)[] = [];

/** Gives one turn, and the next once timers and sockets had theirs. */
function giveTurn(): void {
  waiting.shift()!();
  if (waiting.length > 0) setImmediate(giveTurn);
}

/**
 * Lets other calls, and the beat of the worker, have a turn between two passes over something large. Of all who wait one goes on
 * at a time: many large calls together hold up timers no longer than one.
 */
export function othersFirst(): Promise<void> {
  return new Promise((turn) => {
    if (waiting.push(turn) === 1) setImmediate(giveTurn);
  });
}

/** How long work that has no end in sight may keep others waiting. */
const TURN_MS = 2;

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

/** Does work on so many characters: in one go where they are few, else giving others a turn between its steps. */
export function shared<T>(characters: number, steps: Steps<T>): T | Promise<T> {
  return isLarge(characters) ? inTurns(steps) : atOnce(steps);
}

async function inTurns<T>(steps: Steps<T>): Promise<T> {
  await othersFirst();
  const turns = new Turns();
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
    await turns.share();
  }
}
