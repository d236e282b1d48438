import { parse as parseToml } from 'smol-toml';
import { type Json, parsePythonJson, textsIn } from '../text/json.ts';
import { AGENT_FOLDERS } from './agent-folders.ts';
import { inspectSettings } from './agent-settings.ts';
import { reportCommand } from './command-reports.ts';
import type { Format } from './format.ts';
import { reportStartedIn } from './started-programs.ts';
import { isText, readText } from './text-formats.ts';

/** What editors and agents read when they open a folder, and run commands out of. */
const NAMES = new RegExp(
  String.raw`(?:^|[/!])(?:\.(?:${AGENT_FOLDERS})\/(?:[^/!]+\/){0,4}[^/!]+\.(?:json|jsonc|toml)|hooks\/hooks\.json|\.github\/hooks\/[^/!]+\.json|\.devcontainer(?:\/(?:[^/!]+\/)?devcontainer)?\.json|devcontainer\.json|\.?mcp(?:_config|_settings)?\.json|(?:claude_desktop_config|opencode)\.jsonc?|[^/!]+\.code-workspace)$`,
);

/** Whether an editor or agent takes commands out of a file, by where it lies. */
export const isWorkspacePath = (path: string): boolean =>
  NAMES.test(path.replaceAll('\\', '/').toLowerCase());

/** Comments, and behind them commas before what closes, as editors allow both in JSON; texts are matched to be passed over. */
const COMMENT = /"(?:[^"\\\n]|\\.)*"?|\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$)/g;
const CLOSING = /"(?:[^"\\\n]|\\.)*"?|,(?=\s*[}\]])/g;
const without = (text: string, passed: RegExp): string =>
  text.replace(passed, (part) => (part.startsWith('"') ? part : ' '));

/** @throws SyntaxError, TomlError */
function documentOf(text: string, isToml: boolean): Json {
  if (isToml) return parseToml(text) as unknown as Json;
  return parsePythonJson(without(without(text, COMMENT), CLOSING));
}

const TEXT_MAX = 4 * 1024 * 1024;

/** Settings of editors and agents: commands that are run when a folder is opened, by whatever key. */
export const workspace: Format = {
  name: 'workspace',
  recognise: (probe) => isText(probe) && isWorkspacePath(probe.inspection.path),
  inspect: (inspection) => {
    const text = readText(inspection);
    if (text.length > TEXT_MAX) return inspection.report('too-much', 'is longer than is read');
    let root: Json;
    try {
      root = documentOf(text, inspection.name.endsWith('.toml'));
    } catch {
      return inspection.report('malformed', 'cannot be read as settings');
    }
    inspectSettings(inspection, root);
    reportStartedIn(inspection, root);
    for (const { text: command, pointer } of textsIn(root, (one) => one.length > 8))
      reportCommand(inspection, command, { pointer });
  },
};
