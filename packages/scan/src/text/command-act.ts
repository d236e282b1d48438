import { isNamedInstaller } from './addresses.ts';
import { destroys } from './destroys.ts';
import { fetchesAndRuns, runsInput } from './fetch-and-run.ts';
import { connects, handsShell } from './handed-shells.ts';
import { installsFromAddress, runsFromAddress } from './runs-address.ts';
import { scriptActIn } from './script-act.ts';
import { sendsSecrets } from './sends-secrets.ts';
import { spelled } from './spelled.ts';
import { staysBy } from './stays.ts';

/**
 * What a line of commands does that few harmless ones do: `installer` where what it fetches and runs comes from a host with a name, over
 * TLS; `connects` where a shell opens a connection, as checks of health do too; `disguised` where what it runs has the name of a picture or font;
 * `key-planted` where it lets another key sign in; `stays` where it has commands run again by themselves.
 */
export type CommandAct =
  | 'fetched'
  | 'installer'
  | 'decoded'
  | 'shell-elsewhere'
  | 'connects'
  | 'sent-away'
  | 'disguised'
  | 'key-planted'
  | 'stays'
  | 'destroys';

/** What makes bytes of a text. */
const DECODES =
  /\bbase(?:64|32)\s{1,8}(?:-\w{0,4}[dD]|--decode)\b|\buudecode\b|\bxxd\s{1,8}-\w{0,4}r|\bopenssl\s[^|]{0,128}\s-d\b/;
/** What is decoded within what a shell is told to run. */
const DECODED_WITHIN =
  /(?:^|[\s;&|!({"'`/])(?:(?:(?:ba|z|da|k)?sh|eval|source|\.)\s[^\n]{0,16}?|(?:python[\d.]{0,6}|perl|node|ruby|php)\s{1,4}(?:-\w{1,8}\s{0,4}["']?)?)(?:<\(|\$\(|`)[^\n]{0,256}\b(?:base64|xxd|openssl)\b/;
const ENCODED_COMMAND =
  /\b(?:powershell|pwsh)(?:\.exe)?\s[^|]{0,256}?-e(?:nc|ncodedcommand)?\s{1,8}[\w+/=]{16}/i;
/** A program under a name that programs do not have. */
const RUNS_FILE =
  /\b(?:node|python[\d.]{0,6}|(?:ba|z)?sh|ruby|perl|php)\s{1,4}([^\s"'|;&]{1,256})(?=["'\s;&|]|$)/g;
const PICTURE = /\.(?:woff2?|ttf|otf|eot|png|jpe?g|gif|svg|ico|webp|css|pdf|mp[34])$/i;
const runsDisguised = (line: string): boolean =>
  [...line.matchAll(RUNS_FILE)].some(([, file]) => PICTURE.test(file!));

/**
 * What a line of commands does that no harmless one does, or few.
 * @param assigned addresses that names of the text around it stand for, where there is one
 */
export function commandAct(
  line: string,
  assigned: () => ReadonlyMap<string, string> = () => new Map(),
): CommandAct | null {
  const act = plainAct(line, assigned);
  if (act !== null && act !== 'connects') return act;
  // What is spelt in pieces is what a shell makes of it.
  const said = spelled(line);
  return (said === line ? null : plainAct(said, assigned)) ?? act;
}

function plainAct(line: string, assigned: () => ReadonlyMap<string, string>): CommandAct | null {
  if (sendsSecrets(line)) return 'sent-away';
  if (destroys(line)) return 'destroys';
  const handed = handsShell(line);
  if (handed !== null) return handed;
  if (ENCODED_COMMAND.test(line) || decodesAndRuns(line) || turnsAndRuns(line)) return 'decoded';
  if (fetchesAndRuns(line)) return isNamedInstaller(line, assigned) ? 'installer' : 'fetched';
  if (runsFromAddress(line)) return 'fetched';
  const act = scriptActIn(line) ?? installsFromAddress(line);
  if (act !== null) return act;
  if (connects(line)) return 'connects';
  return runsDisguised(line) ? 'disguised' : staysBy(line);
}

const SAYS = /(?:^|[\s;&({!"'`])(?:echo|printf)\s/;
/** Letters that are put in place of others, or from back to front. */
const TURNS = /^\s{0,8}(?:rev\s{0,8}$|tr\s[^\n]{0,64}[A-Za-z]-[A-Za-z])/;
const CHANGES_CASE =
  /^\s{0,8}tr\s{1,4}["'[]{0,2}(?:a-z|A-Z)[\]"']{0,2}\s{1,4}["'[]{0,2}(?:a-z|A-Z)[\]"']{0,2}\s{0,4}$/;

/** Whether a text of the line itself is run from back to front, or in other letters: `echo … | rev | sh`. */
function turnsAndRuns(line: string): boolean {
  const pieces = line.split('|');
  const said = pieces.findIndex((piece) => SAYS.test(piece));
  const turned = pieces.findIndex((piece, at) => at > said && TURNS.test(piece) && !CHANGES_CASE.test(piece));
  return said >= 0 && turned > 0 && pieces.some((piece, at) => at > turned && runsInput(piece));
}

function decodesAndRuns(line: string): boolean {
  if (!DECODES.test(line)) return false;
  const pieces = line.split('|');
  const decoded = pieces.findIndex((piece) => DECODES.test(piece));
  return pieces.some((piece, at) => at > decoded && runsInput(piece)) || DECODED_WITHIN.test(line);
}
