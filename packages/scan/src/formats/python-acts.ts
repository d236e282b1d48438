import type { Inspection, Place } from '../inspection.ts';
import { inspectPython, type PythonAct } from '../python/inspect-python.ts';
import type { TechniqueName } from '../techniques.ts';
import { decodedAndRun } from '../text/hidden-code.ts';
import { TOLD } from './command-reports.ts';

const ACTS: Readonly<Record<PythonAct, readonly [TechniqueName, string]>> = {
  decoded: ['hidden-code', 'decodes code and runs it'],
  fetched: TOLD.fetched,
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
  'shell-elsewhere',
  'sent-away',
]);

/**
 * Reports what Python does with what it decodes, fetches and runs, each act once at a place.
 * @param isInstaller whether it runs when it is installed
 * @param acts those that are told, where not all are
 */
export function reportPython(
  inspection: Inspection,
  text: string,
  placeAt: (offset: number) => Place,
  isInstaller: boolean,
  acts?: ReadonlySet<PythonAct>,
): void {
  const told = new Set<string>();
  const tell = (act: PythonAct, offset: number): void => {
    const place = placeAt(offset);
    const key = `${act} ${place.line ?? place.pointer ?? ''}`;
    if (told.has(key) || (act === 'reaches-out' && !isInstaller) || acts?.has(act) === false) return;
    told.add(key);
    inspection.report(...ACTS[act], place);
  };
  inspectPython(text, tell, () => !inspection.budget.outOfTime);
  for (const offset of decodedAndRun(text)) tell('decoded', offset);
}
