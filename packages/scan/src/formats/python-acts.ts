import type { Inspection, Place } from '../inspection.ts';
import { inspectPython, type PythonAct } from '../python/inspect-python.ts';
import type { TechniqueName } from '../techniques.ts';
import { decodedAndRun } from '../text/hidden-code.ts';
import { TOLD } from './command-told.ts';

const ACTS: Readonly<Record<PythonAct, readonly [TechniqueName, string]>> = {
  decoded: ['hidden-code', 'decodes code and runs it'],
  fetched: TOLD.fetched,
  installer: TOLD.installer,
  'machine-code': ['hidden-code', 'puts machine code into memory and runs it'],
  'fetched-object': ['unsafe-loading', 'loads objects that it fetches'],
  'shell-elsewhere': TOLD['shell-elsewhere'],
  'sent-away': TOLD['sent-away'],
  destroys: TOLD.destroys,
  'reaches-out': ['install-command', 'reaches out when it is installed'],
  unread: ['too-much', 'is Python that is longer, deeper or slower to read than it may be'],
};

/** What is told of Python within a text for people and agents: it is shown there, and not whole. */
export const OF_ADVICE: ReadonlySet<PythonAct> = new Set([
  'decoded',
  'fetched',
  'machine-code',
  'shell-elsewhere',
  'sent-away',
]);

/** What is told of Python in the words of a command: all that is told of commands, and what is not read. */
export const OF_COMMANDS: ReadonlySet<PythonAct> = new Set([
  ...OF_ADVICE,
  'fetched-object',
  'destroys',
  'unread',
]);

/**
 * Reports what Python does with what it decodes, fetches and runs, each act once at a place.
 * @param isInstaller whether it runs when it is installed
 * @param acts those that are told, where not all are
 * @param isNew whether something is not told yet
 * @returns whether something is told
 */
export function reportPython(
  inspection: Inspection,
  text: string,
  placeAt: (offset: number) => Place,
  isInstaller: boolean,
  acts?: ReadonlySet<PythonAct>,
  isNew: (technique: TechniqueName) => boolean = () => true,
): boolean {
  const told = new Set<string>();
  const tell = (act: PythonAct, offset: number): void => {
    const place = placeAt(offset);
    const key = `${act} ${place.line ?? place.pointer ?? ''}`;
    if (told.has(key) || (act === 'reaches-out' && !isInstaller) || acts?.has(act) === false) return;
    if (!isNew(ACTS[act][0])) return;
    told.add(key);
    inspection.report(...ACTS[act], place);
  };
  inspectPython(text, tell, () => !inspection.budget.outOfTime);
  for (const offset of decodedAndRun(text)) tell('decoded', offset);
  return told.size > 0;
}
