import { readFileSync } from 'node:fs';
import { LIMITS } from '@sallyport/core';

/** Descriptors that the record, the state, the log and threads need. */
const RESERVED = 96;
/** Shares of the rest. As many as callers of the gateway hold go to AI systems; what is left is for everything else. */
const GATEWAY_SHARE = 0.4;
const CONTROL_SHARE = 0.1;
const LEAST = 16;
const CONTROL_MAX = 1_024;
/** Below this many the bounds on connections are lower than they need be. */
const ENOUGH = 4_096;

/** Files and connections that this process may have open; infinite where the system sets no bound. */
export function openFilesMax(): number {
  try {
    const soft = /^Max open files\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1];
    if (soft !== undefined) return soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft);
  } catch {
    // Other systems say it elsewhere.
  }
  const { userLimits } = process.report.getReport() as unknown as {
    userLimits?: { open_files?: { soft?: number | 'unlimited' } };
  };
  const soft = userLimits?.open_files?.soft;
  return typeof soft === 'number' ? soft : Number.POSITIVE_INFINITY;
}

/** Connections that listeners may hold, so that everything else finds a descriptor: from 256 open files on; below, a few all the same. */
export function connectionsWithin(openFiles: number): { readonly gateway: number; readonly control: number } {
  const rest = Math.max(0, openFiles - RESERVED);
  const part = (share: number, most: number): number =>
    Math.max(LEAST, Math.floor(Math.min(most, rest * share)));
  return { gateway: part(GATEWAY_SHARE, LIMITS.connectionsMax), control: part(CONTROL_SHARE, CONTROL_MAX) };
}

/** Whether few files may be open, in words, and what to do about that. */
export function openFilesState(openFiles: number): readonly [fine: boolean, detail: string, remedy: string] {
  const { gateway } = connectionsWithin(openFiles);
  return [
    openFiles >= ENOUGH,
    `${Number.isFinite(openFiles) ? openFiles : 'any number'} may be open at a time, so callers of the gateway may hold ${gateway} connections`,
    'start with a higher `ulimit -n`, such as 65536 (`LimitNOFILE=` in a unit of systemd)',
  ];
}
