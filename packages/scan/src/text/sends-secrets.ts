import { isOnlyLocal } from './addresses.ts';

/** Files in which secrets lie, by their names: keys, credentials, histories, what a process was started with. */
const SECRET_FILES: readonly RegExp[] = [
  /\.ssh[\\/]{1,2}(?!\w{1,32}\.pub\b)(?:id_\w|identity|\*)|\bid_(?:rsa|dsa|ecdsa|ed25519)\b(?!\.pub)/g,
  /\.aws[\\/]{1,2}(?:credentials|config|\*)|\.docker[\\/]{1,2}config\.json|\.kube[\\/]{1,2}config/g,
  /\.(?:npmrc|pypirc|netrc|git-credentials|pgpass|vault-token|bash_history|zsh_history|gnupg|azure)\b/g,
  /\.config[\\/]{1,2}(?:gcloud|gh|solana)\b|\bserviceaccount\/token\b|\blogin\.keychain/g,
  /\/etc\/(?:passwd|shadow)\b|\/proc\/(?:self|\d{1,8}|\$\$)\/environ|\bwallet\.dat\b|\bLogin Data\b/g,
  /\.claude(?:\.json|[\\/]{1,2}\.credentials)|\.cursor[\\/]{1,2}mcp\.json/g,
  /(?<![\w.)}-])\.env(?:\.(?:local|production|prod))?(?![\w.])/g,
];

/** Where a text names files of secrets, in order. */
function secretFilesIn(text: string): number[] {
  const found: number[] = [];
  for (const pattern of SECRET_FILES) for (const { index } of text.matchAll(pattern)) found.push(index);
  return found.sort((a, b) => a - b);
}

/** Whether a text names a file of secrets. */
export const namesSecretFile = (text: string): boolean => secretFilesIn(text).length > 0;

/** What sends something to another machine. */
const SENDER =
  /\b(?:curl|wget|nc|ncat|netcat|socat|https?(?=\s)|xh|irm|iwr|invoke-(?:restmethod|webrequest))\b|\bs_client\b/gi;
/** Characters between a sender and the file that it sends. */
const REACH_CHARACTERS = 1024;
const UPLOADS = /(?:^|\s)(?:-T|--upload-file|--post-file|--body-file|-infile)[\s=]{0,4}\S{0,256}$/i;
const NEXT_COMMAND = /;|&&|\|\|/;

/** A part of a pipe that gives out all variables, or all secrets of a pipeline. */
const GIVES_ALL: readonly RegExp[] = [
  /(?:^|[\s;&(`!"'])(?:env|printenv|export\s{1,4}-p|declare\s{1,4}-x)\s{0,8}$|(?:^|[;&(])\s{0,8}set\s{0,8}$/,
  /\b(?:gci|dir|ls|get-childitem)\s{1,4}env:\S{0,8}\s{0,8}$|\btojson\(\s{0,4}secrets\s{0,4}\)/i,
];
const givesAll = (piece: string): boolean => GIVES_ALL.some((one) => one.test(piece));
const ALL_WITHIN = /(?:\$\(|`|<\()\s{0,4}(?:env|printenv|export\s{1,4}-p)\s{0,4}[)`|]/;
const READS =
  /\b(?:cat|tail|head|base64|gzip|tar|xxd|od|strings|grep|jq|less|find|sed|awk|zip|type|gc|get-content)\b|</;
/** A part of a pipe that sends what comes in. */
const SENDS_INPUT: readonly RegExp[] = [
  /@-|[=<]-(?:["'\s]|$)|\s-T\s{0,4}-|\/dev\/stdin|\$\(\s{0,4}cat\s{0,4}-?\s{0,4}\)|\s-body\b/i,
  /\b(?:nc|ncat|netcat|socat|telnet|s_client|xargs|read)\b/,
];
const TO_CONNECTION = />\s{0,4}\/dev\/(?:tcp|udp)\//;

const isSender = (piece: string): boolean => piece.search(SENDER) >= 0;
const readsSecret = (piece: string): boolean => {
  if (!READS.test(piece)) return false;
  // What a client signs in with is not what it gives out.
  for (const index of secretFilesIn(piece))
    if (!/\s-i\s{0,4}\S{0,256}$/.test(piece.slice(Math.max(0, index - 300), index))) return true;
  return false;
};

/** Whether a file of secrets stands where a sender takes what it sends. */
function sendsFile(line: string): boolean {
  const senders = [...line.matchAll(SENDER)].map(({ 0: word, index }) => index + word.length);
  let next = 0;
  for (const index of secretFilesIn(line)) {
    while (next < senders.length && senders[next]! <= index) next++;
    const start = senders[next - 1];
    if (start === undefined || index - start > REACH_CHARACTERS) continue;
    const between = line.slice(start, index);
    const word = /\S{0,1024}$/.exec(between)![0];
    const opened = Math.max(between.lastIndexOf('$('), between.lastIndexOf('<('));
    if (opened >= 0 && !between.includes(')', opened)) return true;
    if (between.split('`').length % 2 === 0) return true;
    if (NEXT_COMMAND.test(between) || word.includes('://')) continue;
    if (/[@<]/.test(word) || UPLOADS.test(between)) return true;
  }
  return false;
}

/** Whether a line of commands sends secrets, or all variables of the environment, to another machine. */
export function sendsSecrets(line: string): boolean {
  if (TO_CONNECTION.test(line) && (readsSecret(line) || line.split('>').some(givesAll))) return true;
  if (!isSender(line) || isOnlyLocal(line)) return false;
  if (sendsFile(line)) return true;
  const first = line.search(SENDER);
  if (ALL_WITHIN.test(line.slice(first))) return true;
  let hasSecret = false;
  for (const piece of line.split('|')) {
    if (hasSecret && isSender(piece) && SENDS_INPUT.some((one) => one.test(piece))) return true;
    hasSecret ||= givesAll(piece) || readsSecret(piece);
  }
  return false;
}
