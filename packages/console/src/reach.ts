import { useSyncExternalStore } from 'react';

/** When the control plane answered last, in milliseconds since 1970. */
let answeredAtMs = Date.now();
/** As of when what is shown is, while the control plane does not answer; null while it does. */
let asOfMs: number | null = null;
const watchers = new Set<() => void>();

function set(value: number | null): void {
  if (asOfMs === value) return;
  asOfMs = value;
  for (const told of watchers) told();
}

/** The control plane answered, whatever it said. */
export function answered(): void {
  answeredAtMs = Date.now();
  set(null);
}

/** It did not: what is shown is from before. */
export function unanswered(): void {
  set(asOfMs ?? answeredAtMs);
}

/** As of when what is shown is, in milliseconds since 1970; null while the control plane answers. */
export const useStale = (): number | null =>
  useSyncExternalStore(
    (told) => {
      watchers.add(told);
      return () => watchers.delete(told);
    },
    () => asOfMs,
  );
