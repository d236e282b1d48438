/**
 * The score that a share of harmless texts exceeds, as a mean over sources: each source counts the same, however many
 * texts it has.
 */
export function thresholdAt(scores: ReadonlyMap<string, readonly number[]>, share: number): number {
  const sources = [...scores.values()];
  const exceeding = (at: number): number => {
    let sum = 0;
    for (const list of sources) sum += list.filter((score) => score > at).length / list.length;
    return sum / sources.length;
  };
  let low = -50;
  let high = 50;
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (exceeding(middle) > share) low = middle;
    else high = middle;
  }
  return high;
}
