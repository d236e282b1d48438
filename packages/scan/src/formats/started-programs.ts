import type { Inspection, Place } from '../inspection.ts';
import { type Json, type JsonObject, objectsIn } from '../text/json.ts';
import { printable } from '../text/printable.ts';

const named = (names: string): RegExp => new RegExp(`^(?:${names.split(' ').join('|')})$`, 'i');
/** What runs files of languages that are not read here, by its name. */
const UNREAD = named(
  'node(?:js)? bun deno tsx ts-node(?:-\\w{1,16})? esno jiti vite-node babel-node ruby perl php lua\\w{0,6} julia rscript java go ' +
    'swift osascript [cw]script groovy scala',
);
const NODE = /^node(?:js)?$/i;
/** What runs files that are read where they lie, and the names by which these are known. */
const READ = /^(?:(?:ba|z|da|k)?sh|python[\d.]{0,6}|py)$/i;
const READ_FILE = /\.(?:sh|bash|zsh|ksh|bat|cmd|psm?1|pyw?)$/i;
const UNREAD_FILE =
  /\.(?:[cm]?[jt]sx?|rb|pl|php|lua|jl|r|jar|go|swift|scala|groovy|applescript|scpt|vbs|wsf|hta)$/i;
const PATH = /[\\/]|\.\w{1,12}$/;
/** Paths that lie in no checkout, or in what a registry gave. */
const ELSEWHERE =
  /^(?:[\\/~]|[a-z]:[\\/]|[a-z][a-z0-9+.-]{1,15}:\/\/|\$\{?(?:HOME|env:HOME|userHome)\b)|(?:^|[\\/])node_modules[\\/]/i;
/** What stands before a command and is none of its own. */
const BEFORE = named(
  'sudo env exec nohup time command call cross-env dotenv npx bunx pnpx uvx? pnpm yarn npm dlx x -- -y --yes \\w{1,64}=\\S{0,512}',
);
const BETWEEN = /&&|\|\||[;|&\n]/;
const AROUND = /^["'`(]{1,4}|["'`)]{1,4}$/g;
/** Options of Node with code, which is judged with its command, and a file of the checkout that such code runs. */
const EVALUATES = /^(?:-e|--eval|-p|--print|-pe)$/;
/** The same of Perl, PHP, Ruby, Lua and what is like them. */
const EVALUATES_ELSEWHERE = /^-(?:[a-zA-Z]{0,8}[eE]|[rR])$/;
const REQUIRES =
  /\b(?:node|nodejs|bun)(?:\.exe)?\s[^\n]{0,1024}?\b(?:require|import)\s{0,4}\(\s{0,4}\\?["'`](\.{1,2}[\\/][^"'`\\]{1,256})/;
const WORDS_MAX = 256;
const COMMAND_MAX = 16_384;

const nameOf = (word: string): string =>
  word
    .split(/[\\/]/)
    .at(-1)!
    .replace(/\.(?:exe|cmd)$/i, '');
const isOwn = (word: string): boolean => !ELSEWHERE.test(word);

/** The file of a checkout that a command starts and of which nothing is read; null where it starts none. */
function unreadIn(words: readonly string[]): string | null {
  const at = words.findIndex((word) => !BEFORE.test(word));
  const first = words[at];
  if (first === undefined) return null;
  const name = nameOf(first);
  if (UNREAD_FILE.test(first) && /[\\/]/.test(first)) return isOwn(first) ? first : null;
  const isRead = READ.test(name);
  const isNode = /^(?:node(?:js)?|bun|deno|tsx|ts-node.*)$/i.test(name);
  if (!isRead && !UNREAD.test(name)) return null;
  for (const word of words.slice(at + 1)) {
    // Code of a shell or Python stands in the command itself, and is read there.
    if (isRead && /^-[a-z]{0,8}[cm]$/.test(word)) return null;
    if ((isNode ? EVALUATES : EVALUATES_ELSEWHERE).test(word)) return null;
    if (word.startsWith('-') || word === 'run') continue;
    if (isRead) return isOwn(word) && !READ_FILE.test(word) && PATH.test(word) ? word : null;
    if (!isOwn(word)) return null;
    if (NODE.test(name) || PATH.test(word)) return word;
    return null;
  }
  return null;
}

/** The file of the checkout that a command which runs by itself starts, and which is read nowhere; null where it has none. */
function unreadBy(command: string): string | null {
  if (command.length > COMMAND_MAX) return null;
  const required = REQUIRES.exec(command)?.[1];
  if (required !== undefined && !/\.json$/i.test(required)) return required;
  for (const part of command.split(BETWEEN)) {
    const words = part
      .trim()
      .split(/\s+/, WORDS_MAX)
      .map((word) => word.replace(AROUND, ''))
      .filter((word) => word !== '');
    const file = unreadIn(words);
    if (file !== null) return file;
  }
  return null;
}

/** Tells a command that runs by itself and starts a program of the checkout of which nothing is read. */
export function reportStarted(inspection: Inspection, command: string, place: Place): void {
  const unread = unreadBy(command);
  if (unread === null) return;
  const shown = printable(unread.slice(0, 256));
  inspection.report('unread-program', `runs \`${shown}\` by itself, which is not read`, place);
}

/** Where settings keep what is started by itself: hooks, servers of tools, lines of state, preparations on this machine. */
const STARTED =
  /\/(?:hooks|mcp\w{0,16}|servers|context_servers|statusLine|subagentStatusLine|initializeCommand)(?:\/|$)/i;
const COMMAND_KEY = /^(?:command|bash|sh|powershell|windows|linux|osx)$/i;

const wordsOf = (value: Json | undefined): string =>
  [value ?? []]
    .flat()
    .filter((one) => typeof one === 'string')
    .join(' ');

/** Tells the same of hooks, servers of tools and the like, wherever settings have them. */
export function reportStartedIn(inspection: Inspection, root: Json): void {
  for (const { object, pointer } of objectsIn(root))
    for (const [key, value] of Object.entries(object as JsonObject)) {
      const isOwnKey = COMMAND_KEY.test(key) && STARTED.test(`${pointer}/`);
      if (!isOwnKey && key !== 'initializeCommand') continue;
      const args = key === 'command' ? wordsOf(object['args']) : '';
      const command = `${wordsOf(value)} ${args}`.trim();
      if (command !== '') reportStarted(inspection, command, { pointer: `${pointer}/${key}` });
    }
}
