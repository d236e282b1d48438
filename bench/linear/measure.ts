import type { Pass } from './passes.ts';

/** How often the size is doubled. */
export const DOUBLINGS = 3;
/** How often each size is measured; the quickest counts, as it was disturbed least. */
const ROUNDS = 3;

/** How long a pass takes as its input grows. */
export interface Growth {
  readonly sizes: readonly number[];
  readonly ms: readonly number[];
  /** How many times as long each doubling takes, in the mean from the smallest to the largest. */
  readonly growth: number;
}

/** Measures a pass at its size, and at twice, four and eight times that. @param shrink divides the size */
export async function measure({ size, make }: Pass, shrink = 1): Promise<Growth> {
  const sizes: number[] = [];
  const ms: number[] = [];
  for (let i = 0; i <= DOUBLINGS; i++) {
    const n = Math.ceil(size / shrink) * 2 ** i;
    const pass = make(n);
    let least = Number.POSITIVE_INFINITY;
    for (let round = 0; round < ROUNDS; round++) {
      const begun = performance.now();
      await pass();
      least = Math.min(least, performance.now() - begun);
    }
    sizes.push(n);
    ms.push(least);
  }
  return { sizes, ms, growth: (ms.at(-1)! / ms[0]!) ** (1 / DOUBLINGS) };
}
