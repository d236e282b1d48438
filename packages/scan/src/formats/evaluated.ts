import type { Inspection, Place } from '../inspection.ts';
import { byName, REACHES, type Reach, worstReach } from '../python/reach.ts';
import type { Names } from '../python/values.ts';
import type { TechniqueName } from '../techniques.ts';

const TOLD: Readonly<Record<Reach, readonly [TechniqueName, string]>> = {
  runs: ['config-execution', REACHES.runs],
  escapes: ['config-execution', REACHES.escapes],
  connects: ['config-target', REACHES.connects],
  removes: ['config-target', REACHES.removes],
  loads: ['unsafe-loading', REACHES.loads],
  unread: ['too-much', 'is longer or deeper than is read'],
};

/** How a text comes to be run. */
export interface Evaluated {
  /** What has it run, in words: `activation`. */
  readonly what: string;
  /** What is told of it where it is worse than here: a connection is what a script that fetches data is for. */
  readonly told?: Partial<Readonly<Record<Reach, readonly [TechniqueName, string] | null>>>;
  /** What names stand for, where several texts share them. */
  readonly names?: Names;
}

/** Judges Python in a document that its loader runs. @returns whether something was told */
export function reportEvaluated(
  inspection: Inspection,
  text: string,
  place: Place,
  { what, told, names }: Evaluated,
): boolean {
  const reached = worstReach(text, () => !inspection.budget.outOfTime, names);
  if (reached === null) return false;
  const row = told?.[reached.reach] === undefined ? TOLD[reached.reach] : told[reached.reach];
  if (row === null || row === undefined) return false;
  inspection.report(row[0], `\`${what}\` is evaluated, and ${row[1]}${byName(reached)}`, place);
  return true;
}
