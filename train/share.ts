/** A share with its Wilson interval at 95 %, in percent. */
export function share(hits: number, of: number): string {
  const z = 1.96;
  const p = hits / of;
  const middle = (p + (z * z) / (2 * of)) / (1 + (z * z) / of);
  const half = (z / (1 + (z * z) / of)) * Math.sqrt((p * (1 - p)) / of + (z * z) / (4 * of * of));
  const [low, high] = [Math.max(0, middle - half), Math.min(1, middle + half)];
  return `${(p * 100).toFixed(1)} % (${(low * 100).toFixed(1)}–${(high * 100).toFixed(1)})`;
}
