/** The 95 % interval of a share (Wilson 1927): its ends, 0 to 1. */
export function wilsonInterval(hits: number, of: number): [low: number, high: number] {
  const z = 1.96;
  const p = hits / of;
  const middle = (p + (z * z) / (2 * of)) / (1 + (z * z) / of);
  const half = (z / (1 + (z * z) / of)) * Math.sqrt((p * (1 - p)) / of + (z * z) / (4 * of * of));
  return [Math.max(0, middle - half), Math.min(1, middle + half)];
}
