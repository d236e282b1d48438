import type { Inspection, Place } from '../inspection.ts';
import type { TechniqueName } from '../techniques.ts';
import { assignedAddresses } from '../text/addresses.ts';
import type { CommandAct } from '../text/command-act.ts';
import { commandLines } from '../text/fetch-and-run.ts';
import { CommandReader } from '../text/fetched-files.ts';
import { AGENT_FOLDERS } from './agent-folders.ts';

/** What is told of each. */
export const TOLD: Readonly<Record<CommandAct, readonly [TechniqueName, string]>> = {
  fetched: ['notebook-shell', 'fetches a program and runs it'],
  installer: ['installer', 'fetches an installer and runs it'],
  decoded: ['hidden-code', 'decodes commands and runs them'],
  'shell-elsewhere': ['shell-elsewhere', 'hands a shell to another machine'],
  connects: ['shell-elsewhere', 'hands a shell to another machine'],
  'sent-away': ['secrets-sent', 'sends secrets or all variables to another machine'],
  destroys: ['files-destroyed', 'removes all that a person or machine has'],
  disguised: ['hidden-code', 'runs a file that is called like a picture or font'],
};

/** What runs as soon as a folder is opened, a package installed or a skill taken up: nothing is fetched and run there. */
const BY_ITSELF = new RegExp(
  String.raw`(?:^|[/!])(?:skills?|hooks|\.(?:${AGENT_FOLDERS}|agents?))\/|(?:^|[/!])(?:package|\.?mcp(?:_config|_settings)?|claude_desktop_config|opencode|manifest|plugin)\.jsonc?$|\.(?:code-workspace|gypi?)$`,
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
  if (act === null || (isSeen && (act === 'connects' || act === 'disguised'))) return null;
  return TOLD[act === 'installer' && !isSeen ? 'fetched' : act];
};

/** Tells commands that fetch or decode what they run, hand a shell away or send secrets. @returns whether these do */
export function reportCommand(inspection: Inspection, command: string, place: Place): boolean {
  const isSeen = isRecipe(inspection, place.pointer);
  const reader = new CommandReader();
  for (const line of command.split('\n')) {
    const told = toldOf(reader.act(line), isSeen);
    if (told === null) continue;
    inspection.report(...told, place);
    return true;
  }
  return false;
}

/** Tells the same of each line of a script. @param placeOf the place of a line, counted from 1 */
export function reportCommandLines(
  inspection: Inspection,
  text: string,
  placeOf: (line: number) => Place,
  isWanted: (line: string) => boolean = () => true,
): boolean {
  const isSeen = isRecipe(inspection);
  let addresses: ReadonlyMap<string, string> | null = null;
  const reader = new CommandReader(() => (addresses ??= assignedAddresses(text)));
  let isTold = false;
  for (const { line, number } of commandLines(text)) {
    if (!isWanted(line)) continue;
    const told = toldOf(reader.act(line), isSeen);
    if (told === null) continue;
    inspection.report(...told, placeOf(number));
    isTold = true;
  }
  return isTold;
}
