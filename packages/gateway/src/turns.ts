/** Characters from which a pass may take more than a millisecond or two; a detection counts as many. */
const LARGE = 64 * 1024;
const DETECTION = 64;

/** Whether others should have a turn before the next pass: small calls are spared even the wait for nothing. */
export const isLarge = (characters: number, detections = 0): boolean =>
  characters + detections * DETECTION >= LARGE;

/** Lets other calls, and the beat of the worker, have a turn between two passes over something large. */
export const othersFirst = (): Promise<void> => new Promise((turn) => setImmediate(turn));
