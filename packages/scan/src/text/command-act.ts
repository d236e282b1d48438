import { isNamedInstaller } from './addresses.ts';
import { destroys } from './destroys.ts';
import { fetchesAndRuns, runsInput } from './fetch-and-run.ts';
import { runsFromAddress } from './runs-address.ts';
import { scriptActIn } from './script-act.ts';
import { sendsSecrets } from './sends-secrets.ts';

/**
 * What a line of commands does that few harmless ones do: `installer` where what it fetches and runs comes from a host with a name, over
 * TLS; `connects` where a shell opens a connection, as checks of health do too; `disguised` where what it runs has the name of a picture or font.
 */
export type CommandAct =
  | 'fetched'
  | 'installer'
  | 'decoded'
  | 'shell-elsewhere'
  | 'connects'
  | 'sent-away'
  | 'disguised'
  | 'destroys';

/** What makes bytes of a text. */
const DECODES =
  /\bbase64\s{1,8}(?:-\w{0,4}[dD]|--decode)\b|\bxxd\s{1,8}-\w{0,4}r|\bopenssl\s[^|]{0,128}\s-d\b/;
/** What is decoded within what a shell is told to run. */
const DECODED_WITHIN =
  /(?:^|[\s;&|!({"'`/])(?:(?:(?:ba|z|da|k)?sh|eval|source|\.)\s[^\n]{0,16}?|(?:python[\d.]{0,6}|perl|node|ruby|php)\s{1,4}(?:-\w{1,8}\s{0,4}["']?)?)(?:<\(|\$\(|`)[^\n]{0,256}\b(?:base64|xxd|openssl)\b/;
const ENCODED_COMMAND =
  /\b(?:powershell|pwsh)(?:\.exe)?\s[^|]{0,256}?-e(?:nc|ncodedcommand)?\s{1,8}[\w+/=]{16}/i;
/** A shell whose input or output is a connection. */
const CONNECTION = /\/dev\/(?:tcp|udp)\//;
const INTERACTIVE: readonly RegExp[] = [
  /\b(?:ba|z|da|k)?sh\s{1,4}-\w{0,4}i|\b0[<>]&|\b(?:ba|z|da|k)?sh\s[^|\n]{0,64}<&\s{0,4}\d/,
  /<&\s{0,4}\d[^\n]{0,64}\b(?:sh|read)\b/,
];
const HANDED_OVER: readonly RegExp[] = [
  /\bn(?:c|cat)\s[^|]{0,128}?-\w{0,4}[ec]\s{0,4}\S{0,64}sh\b/,
  /\bsh\s{1,4}-i\b[^|\n]{0,64}\|\s{0,4}n(?:c|cat|etcat)\b/,
];
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
  if (sendsSecrets(line)) return 'sent-away';
  if (destroys(line)) return 'destroys';
  const isConnected = CONNECTION.test(line);
  if ((isConnected && INTERACTIVE.some((one) => one.test(line))) || HANDED_OVER.some((one) => one.test(line)))
    return 'shell-elsewhere';
  if (ENCODED_COMMAND.test(line) || decodesAndRuns(line)) return 'decoded';
  if (fetchesAndRuns(line)) return isNamedInstaller(line, assigned) ? 'installer' : 'fetched';
  if (runsFromAddress(line)) return 'fetched';
  const act = scriptActIn(line);
  if (act !== null) return act;
  if (isConnected) return 'connects';
  return runsDisguised(line) ? 'disguised' : null;
}

function decodesAndRuns(line: string): boolean {
  if (!DECODES.test(line)) return false;
  const pieces = line.split('|');
  const decoded = pieces.findIndex((piece) => DECODES.test(piece));
  return pieces.some((piece, at) => at > decoded && runsInput(piece)) || DECODED_WITHIN.test(line);
}
