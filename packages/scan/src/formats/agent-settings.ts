import type { Inspection } from '../inspection.ts';
import { isLoopback } from '../text/addresses.ts';
import { type Json, type JsonObject, objectsIn } from '../text/json.ts';
import { lineFinder } from '../text/lines.ts';
import { printable } from '../text/printable.ts';
import { reportCommand } from './command-reports.ts';
import type { Format } from './format.ts';
import { reportStarted } from './started-programs.ts';
import { isThere, readText } from './text-formats.ts';

/** Values of settings by which an editor or agent acts without asking. */
const UNASKED: readonly (readonly [RegExp, (value: Json) => boolean])[] = [
  [/^chat\.tools\.(?:global\.)?autoApprove$/, (value) => value === true],
  [
    /^(?:autoAccept|yolo|trust|enableAllProjectMcpServers|dangerouslySkipPermissions)$/,
    (value) => value === true,
  ],
  [/^security\.workspace\.trust\.enabled$/, (value) => value === false],
  [/^task\.allowAutomaticTasks$/, (value) => value === 'on' || value === true],
  [/^defaultMode$/, (value) => value === 'bypassPermissions'],
  [/^approval_policy$/, (value) => value === 'never'],
  [/^sandbox_mode$/, (value) => value === 'danger-full-access'],
];
/** Settings that name a program, which then lies in the folder itself; interpreters of an environment there are what everyone has. */
const PROGRAM = /(?:executablePath|\.path|binaryPath|serverPath|[cC]ommandPath)$/;
const WITHIN =
  /^(?:\.{1,2}[\\/]|\$\{workspace(?:Folder|Root)[^}]{0,64}\}[\\/])(?!\.?venv[\\/]|node_modules[\\/])/;
/** Where calls of models go, with their keys. */
const BASE = /^[A-Z][A-Z0-9_]{0,64}_(?:BASE_URL|API_BASE|ENDPOINT)$/;
/** Variables by which a shell, a linker or a runtime runs a file before what it was asked to. */
const PRELOADS =
  /^(?:BASH_ENV|LD_PRELOAD|DYLD_INSERT_LIBRARIES|GIT_SSH_COMMAND|PROMPT_COMMAND|PYTHONSTARTUP|PERL5OPT|RUBYOPT)$/;
const NODE_PRELOADS = /(?:^|\s)(?:-r|--(?:require|import|loader|experimental-loader))[\s=]/;
const HELPERS = /^(?:apiKeyHelper|awsAuthRefresh|awsCredentialExport|otelHeadersHelper)$/;

const LEADS_AWAY = 'leads calls of models, and their keys, to another place';
const isElsewhere = (address: string): boolean => /^https?:/i.test(address) && !isLoopback(address);

function wordOf(key: string, value: Json): string | null {
  if (UNASKED.some(([pattern, isUnasked]) => pattern.test(key) && isUnasked(value)))
    return 'lets an agent act without asking';
  if (typeof value !== 'string') return null;
  if (PROGRAM.test(key) && WITHIN.test(value)) return 'has an editor run a program of the folder';
  if (PRELOADS.test(key) || (key === 'NODE_OPTIONS' && NODE_PRELOADS.test(value)))
    return 'has an agent run a program of the folder';
  if (HELPERS.test(key)) return 'has an agent run a command of the folder';
  return BASE.test(key) && isElsewhere(value) ? LEADS_AWAY : null;
}

/** Where an object leads calls of models, or what an agent does, besides by names of variables. */
function ledBy(object: JsonObject, pointer: string): string | null {
  const { type, url } = object;
  const address = object['env_key'] === undefined ? '' : object['base_url'];
  if (typeof address === 'string' && isElsewhere(address)) return `${LEADS_AWAY} (\`base_url\`)`;
  if (type === 'http' && pointer.includes('/hooks/') && typeof url === 'string' && !isLoopback(url))
    return 'tells another place what an agent does (`url`)';
  return null;
}

/** Tells settings of editors and agents that switch off what asks people, or lead calls elsewhere. */
export function inspectSettings(inspection: Inspection, root: Json): void {
  for (const { object, pointer } of objectsIn(root)) {
    const led = ledBy(object, pointer);
    if (led !== null) inspection.report('settings-unasked', led, { pointer });
    for (const [key, value] of Object.entries(object as JsonObject)) {
      const word = wordOf(key, value);
      if (word !== null)
        inspection.report('settings-unasked', `${word} (\`${printable(key)}\`)`, {
          pointer: `${pointer}/${key.slice(0, 64)}`,
        });
    }
  }
}

/** What a recipe has run while it builds, as a list of words. */
const ACTION = /["']action["']\s{0,16}:\s{0,64}\[[^\]]{0,4096}\]/g;
/** Where a command ends that stands in a text. */
const CLOSED = /\)["'](?=\s|[,\]}]|$)[\s\S]*$/;
const QUOTED = /["']([^"'\n]{1,512})["']/g;

/** Recipes of node-gyp: npm runs the commands in their texts by itself, where a package has one. */
export const gyp: Format = {
  name: 'gyp',
  recognise: (probe) => isThere(probe) && /\.gypi?$/.test(probe.name),
  inspect: (inspection) => {
    const text = readText(inspection);
    for (const [index, line] of text.split('\n').entries())
      for (const command of line.split(/<!@?\(/).slice(1)) {
        reportStarted(inspection, command.replace(CLOSED, ''), { line: index + 1 });
        reportCommand(inspection, command, { line: index + 1 });
      }
    const lineAt = lineFinder(text);
    for (const { index, 0: action } of text.matchAll(ACTION))
      reportStarted(
        inspection,
        [...action.slice(action.indexOf('[')).matchAll(QUOTED)].map(([, word]) => word).join(' '),
        {
          line: lineAt(index),
        },
      );
  },
};
