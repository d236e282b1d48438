import type { Inspection, Place } from '../inspection.ts';
import type { TechniqueName } from '../techniques.ts';
import { assignedAddresses } from '../text/addresses.ts';
import type { CommandAct } from '../text/command-act.ts';
import { commandLines } from '../text/fetch-and-run.ts';
import { CommandReader } from '../text/fetched-files.ts';
import { givenCode } from '../text/given-code.ts';
import { withoutNul } from '../text/lines.ts';
import { scriptAct } from '../text/script-act.ts';
import { AGENT_FOLDERS } from './agent-folders.ts';
import { OF_ITSELF, TOLD } from './command-told.ts';
import { OF_COMMANDS, reportPython } from './python-acts.ts';

/** What runs as soon as a folder is opened, a package installed or a skill taken up: nothing is fetched and run there. */
const BY_ITSELF = new RegExp(
  String.raw`(?:^|[/!])(?:skills?|hooks|\.husky|\.(?:${AGENT_FOLDERS}|agents?))\/|(?:^|[/!])\.envrc$|(?:^|[/!])(?:package|\.?mcp(?:_config|_settings)?|claude_desktop_config|opencode|manifest|plugin)\.jsonc?$|\.(?:code-workspace|gypi?)$`,
);
const SERVERS = /\/(?:mcp\w{0,16}|context_servers|hooks|extensions|initializeCommand)(?:\/|$)/i;
/** Settings of a container for development, whose commands run within it. */
const DEVCONTAINER = /(?:^|[/!])\.?devcontainer(?:\/[^!]*)?(?:\.json|\/[^/!]*\.json)$/;

/** Whether commands at a place are ones that people and pipelines of a project run, and see. */
function isRecipe(inspection: Inspection, pointer = ''): boolean {
  const path = inspection.path.replaceAll('\\', '/').toLowerCase();
  if (BY_ITSELF.test(path) || SERVERS.test(pointer)) return false;
  return !path.endsWith('.json') || DEVCONTAINER.test(path);
}

const toldOf = (act: CommandAct | null, isSeen: boolean): readonly [TechniqueName, string] | null => {
  if (act === null || (isSeen && OF_ITSELF.has(act))) return null;
  return TOLD[act === 'installer' && !isSeen ? 'fetched' : act];
};

/** What is told at a line already, as one thing is told once. */
export const keyOf = (technique: TechniqueName, line: number): string => `${technique} ${line}`;

/**
 * Tells what code does that commands in a text hand to an interpreter: `python3 -c '…'`, `ruby -e`, `node <<EOF`.
 * @param placeOf the place of a line, counted from 1
 * @param told what is told already
 * @param acts what is told of Python
 * @returns whether it tells something
 */
export function reportGivenCode(
  inspection: Inspection,
  text: string,
  placeOf: (line: number) => Place,
  told: ReadonlySet<string> = new Set(),
  acts = OF_COMMANDS,
): boolean {
  let isTold = false;
  for (const { language, code, line } of givenCode(text)) {
    const isNew = (technique: TechniqueName) => !told.has(keyOf(technique, line));
    if (language === 'python') {
      if (reportPython(inspection, code, () => placeOf(line), false, acts, isNew)) isTold = true;
      continue;
    }
    const row = toldOf(scriptAct(language, code), false);
    if (row === null || !isNew(row[0])) continue;
    inspection.report(...row, placeOf(line));
    isTold = true;
  }
  return isTold;
}

/** Tells commands that fetch or decode what they run, hand a shell away or send secrets. @returns whether these do */
export function reportCommand(inspection: Inspection, written: string, place: Place): boolean {
  const command = withoutNul(written);
  const isSeen = isRecipe(inspection, place.pointer);
  const reader = new CommandReader();
  for (const line of command.split('\n')) {
    const told = toldOf(reader.act(line), isSeen);
    if (told === null) continue;
    inspection.report(...told, place);
    // What is for someone to look at does not stand for what is worse.
    if (told[0] !== 'installer') return true;
    reportGivenCode(inspection, command, () => place);
    return true;
  }
  return reportGivenCode(inspection, command, () => place);
}

/**
 * Tells the same of each line of a script.
 * @param placeOf the place of a line, counted from 1
 * @param isWanted which lines are commands, where not all are
 */
export function reportCommandLines(
  inspection: Inspection,
  written: string,
  placeOf: (line: number) => Place,
  isWanted?: (line: string) => boolean,
): boolean {
  const text = withoutNul(written);
  const isSeen = isRecipe(inspection);
  let addresses: ReadonlyMap<string, string> | null = null;
  const reader = new CommandReader(() => (addresses ??= assignedAddresses(text)));
  const already = new Set<string>();
  let isTold = false;
  for (const { line, number } of commandLines(text)) {
    if (isWanted?.(line) === false) continue;
    const told = toldOf(reader.act(line), isSeen);
    if (told !== null) {
      inspection.report(...told, placeOf(number));
      already.add(keyOf(told[0], number));
    }
    if (isWanted && reportGivenCode(inspection, line, () => placeOf(number), already)) isTold = true;
  }
  if (!isWanted && reportGivenCode(inspection, text, placeOf, already)) isTold = true;
  return isTold || already.size > 0;
}
