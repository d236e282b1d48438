/** How long ago, in words. */
export function ago(iso: string, now: number = Date.now()): string {
  const seconds = Math.max(0, Math.round((now - Date.parse(iso)) / 1000));
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}

/** A number with thin groups. */
export const count = (value: number): string => value.toLocaleString('en-GB');

/** A time of day, local, to the second. */
export const clock = (iso: string): string => new Date(iso).toLocaleTimeString('en-GB');

/** A date and time, local. */
export const moment = (iso: string): string => new Date(iso).toLocaleString('en-GB');

/** Milliseconds, to what is worth saying. */
export const millis = (ms: number): string =>
  ms >= 1000 ? `${(ms / 1000).toFixed(2)} s` : ms >= 10 ? `${ms.toFixed(0)} ms` : `${ms.toFixed(2)} ms`;

/** One word or several. */
export const plural = (n: number, one: string, many = `${one}s`): string =>
  `${count(n)} ${n === 1 ? one : many}`;

/** Spend in millionths of a US dollar; what has no price is nothing that is known. */
export const spend = (microUsd: number | null): string =>
  microUsd === null ? '– (no price set)' : `${(microUsd / 1_000_000).toFixed(6)} USD`;

/** A price in US dollars for a million tokens, where there is one. */
export const price = (dollars: number | undefined): string => dollars?.toLocaleString('en-GB') ?? '–';
