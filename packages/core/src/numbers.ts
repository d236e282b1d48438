/** Bounds of numbers that others say, each with a name: what lies beyond is no measurement but an attack or a fault. */
export const NUMBER_LIMITS = {
  /** Tokens of one call, in or out; also what a request may ask for, for each choice. */
  tokensMax: 100_000_000,
  /** Choices a request may ask for. */
  choicesMax: 128,
  /** What one call may be counted to cost, in millionths of a US dollar. */
  costMicroUsdMax: 1_000_000_000_000,
  /** Length of one side of a tensor. */
  sideMax: 2_147_483_647,
  /** Milliseconds that anything is said to have taken: a year. */
  durationMsMax: 31_536_000_000,
} as const;

/**
 * A count that somebody else says, where a wrong one must not stop the call: whole, from 0 to `most`. A fraction is cut
 * off, what is larger is `most`, what is no number, or below zero, is 0.
 */
export function countUpTo(value: unknown, most: number): number {
  if (typeof value !== 'number' || !(value > 0)) return 0;
  return value >= most ? most : Math.floor(value);
}

/** Whether a value is a whole number between two others, both included. */
export function isWholeIn(value: unknown, least: number, most: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most;
}

/** Whether a value is a probability or a score between 0 and 1. */
export function isShare(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= 1;
}

/** A number and what it counts: `1 call`, `2 calls`. */
export const plural = (n: number, one: string, many = `${one}s`): string => `${n} ${n === 1 ? one : many}`;
