import { wilsonInterval } from '@sallyport/core';

/** A share with its interval at 95 %, in percent. */
export function share(hits: number, of: number): string {
  const [low, high] = wilsonInterval(hits, of);
  return `${((hits / of) * 100).toFixed(1)} % (${(low * 100).toFixed(1)}–${(high * 100).toFixed(1)})`;
}
