/** How often open streams are looked at. */
const LOOK_MS = 500;

/** What is told, while it lasts, that time goes by. */
export interface Kept {
  /** @param nowMs by `performance.now()` */
  keepAlive(nowMs: number): void;
}

const kept = new Set<Kept>();
let timer: NodeJS.Timeout | null = null;

/** Looks at a stream every now and then; gives what ends that. One clock serves all streams of a worker. */
export function keepAlive(stream: Kept): () => void {
  kept.add(stream);
  timer ??= setInterval(() => {
    const nowMs = performance.now();
    for (const one of kept) one.keepAlive(nowMs);
  }, LOOK_MS).unref();
  return () => {
    kept.delete(stream);
    if (kept.size > 0 || timer === null) return;
    clearInterval(timer);
    timer = null;
  };
}
