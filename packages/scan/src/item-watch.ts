import type { NotRead } from './tree/walk-tree.ts';

/** What is told of files while they are read in a process that one of them may end, and what is known of those that did. */
export interface ItemWatch {
  /** Told the name of each file before it is read. */
  onRead?(name: string): void;
  /** Names of files of which a process ended before, and why: they are not read again. */
  readonly failed?: ReadonlyMap<string, string> | undefined;
}

/** What is told of a file of which a process ended; null for any other, which is read now. */
export function notReadAgain(watch: ItemWatch, name: string): NotRead | null {
  const why = watch.failed?.get(name);
  if (why === undefined) {
    watch.onRead?.(name);
    return null;
  }
  return { name, technique: 'unreadable', message: `cannot be read: the scanner failed: ${why}` };
}
