import type { FileReport } from './scan-file.ts';
import { TECHNIQUES, type TechniqueName } from './techniques.ts';

/** Whether a detection says that something was not read, whatever else was found in its file. */
export const saysUnread = ({ technique }: { readonly technique: string }): boolean =>
  TECHNIQUES[technique as TechniqueName]?.verdict === 'incomplete';

/** Whether a file was read to its end and all that was found in it is told: what is not in such a report is not in the file. */
export const isToldWhole = ({ verdict, detections }: FileReport): boolean =>
  verdict !== 'incomplete' && !detections.some(saysUnread);

/** What is said of findings that are not told. */
export const leftOutMessage = (count: number): string =>
  `${count} more were found and are left out: of each kind at least one is told, the gravest first`;

/**
 * The first of many detections, and of every technique among them at least one: what is waived or mild never stands for what is not.
 * @param max more than there are techniques
 */
export function ofEachKind<T extends { readonly technique: string }>(found: readonly T[], max: number): T[] {
  if (found.length <= max) return [...found];
  const firsts = new Set(new Map(found.toReversed().map((one) => [one.technique, one])).values());
  let room = max - firsts.size;
  return found.filter((one) => firsts.has(one) || room-- > 0);
}
