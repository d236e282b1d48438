import { readFileSync } from 'node:fs';

/** Of the clock that /proc counts in, a second. */
const TICKS = 100;

/** Seconds of processor time that a process took, all its threads (proc(5): `utime`, `stime`). */
export function processorSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}
