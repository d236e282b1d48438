import { isOnlyLocal } from './addresses.ts';
import { givesToken, namesKeys, secretsNamedIn } from './secret-sources.ts';
import { withoutSignIn } from './signs-in.ts';

/** What sends something to another machine. */
const SENDER =
  /\b(?:curl|wget|nc|ncat|netcat|socat|https?(?=\s)|xh|irm|iwr|invoke-(?:restmethod|webrequest))\b|\bs_client\b/gi;
/** Characters between a sender and the file that it sends. */
const REACH_CHARACTERS = 1024;
const UPLOADS = /(?:^|\s)(?:-T|--upload-file|--post-file|--body-file|-infile)[\s=]{0,4}\S{0,256}$/i;
/** What comes in from a file: `nc host 99 < file`. */
const TAKES_IN = /<\s{0,4}\S{0,256}$/;
const NEXT_COMMAND = /;|&&|\|\|/;

/** A part of a pipe that gives out all variables, or all secrets of a pipeline. */
const GIVES_ALL: readonly RegExp[] = [
  /(?:^|[\s;&(`!"'])(?:env|printenv|export\s{1,4}-p|declare\s{1,4}-x)\s{0,8}$|(?:^|[;&(])\s{0,8}set\s{0,8}$/,
  /\b(?:gci|dir|ls|get-childitem)\s{1,4}env:\S{0,8}\s{0,8}$|\btojson\(\s{0,4}secrets\s{0,4}\)/i,
];
/** Whether a part of a pipe gives out all variables. */
export const givesAll = (piece: string): boolean => GIVES_ALL.some((one) => one.test(piece));
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
/** Whether a part of a pipe reads a file of secrets. */
export const readsSecret = (piece: string): boolean => {
  if (!READS.test(piece)) return false;
  // What a client signs in with is not what it gives out.
  for (const index of secretsNamedIn(piece))
    if (!/\s-i\s{0,4}\S{0,256}$/.test(piece.slice(Math.max(0, index - 300), index))) return true;
  return false;
};

/** Whether a file of secrets stands where a sender takes what it sends. */
function sendsFile(line: string): boolean {
  const senders = [...line.matchAll(SENDER)].map(({ 0: word, index }) => index + word.length);
  let next = 0;
  for (const index of secretsNamedIn(line)) {
    while (next < senders.length && senders[next]! <= index) next++;
    const start = senders[next - 1];
    if (start === undefined || index - start > REACH_CHARACTERS) continue;
    const between = line.slice(start, index);
    const word = /\S{0,1024}$/.exec(between)![0];
    const opened = Math.max(between.lastIndexOf('$('), between.lastIndexOf('<('));
    if (opened >= 0 && !between.includes(')', opened)) return true;
    if (between.split('`').length % 2 === 0) return true;
    if (NEXT_COMMAND.test(between) || word.includes('://')) continue;
    if (/[@<]/.test(word) || UPLOADS.test(between) || TAKES_IN.test(between)) return true;
  }
  return false;
}

/** Options of a client by which it signs in, and the file or command behind them. */
const KEY_OPTION =
  /\s-(?:[iFJS]\s{0,4}|o\s{0,4}IdentityFile=)\S{1,256}|\s(?:-e|--rsh)[\s=]?(?:"[^"]{0,512}"|'[^']{0,512}'|\S{1,256})/g;
/** What copies files: to where the last word leads. */
const COPIES = /(?:^|[\s;&|({!"'`/])(?:scp|rsync)\s([^;&|\n]{1,2048})/g;
const ELSEWHERE = /^(?:[\w.-]{1,64}@)?[\w.$-]{2,256}:|^rsync:\/\//;
/** What puts them into a store of another machine. */
const STORES =
  /(?:^|[\s;&|({!"'`/])(?:aws\s{1,4}s3\s{1,4}(?:cp|mv|sync)|gsutil\s[^;&|\n]{0,32}(?:cp|rsync)|gcloud\s{1,4}storage\s{1,4}cp|rclone\s{1,4}(?:copy|copyto|sync|move)|mc\s{1,4}cp|az\s{1,4}storage\s{1,4}blob\s{1,4}upload(?:-batch)?|gh\s{1,4}gist\s{1,4}create|gh\s{1,4}release\s{1,4}upload)\s([^;&|\n]{1,1024})/g;
const PUTS = /\b(?:s?ftp|lftp)\s[^\n]{0,512}?\b(?:m?put)\s{1,4}([^\n;]{1,512})/;
const MAILS =
  /(?:^|[\s;&|({])(?:mail|mailx|mutt|sendmail|swaks)\s[^\n;|]{0,512}(?:-[aA]|--attach|<)\s{0,4}([^\s;|]{1,256})/;
const OTHER_SHELL = /(?:^|[\s;&|({!"'`])ssh\s[^|;\n]{1,1024}/g;
const QUOTED_REMOTE = /["'][^"'\n]{0,1024}["']/g;

/** Whether a line copies keys, or credentials of a person, to another machine. */
function copiesKeys(line: string): boolean {
  if (!namesKeys(line)) return false;
  for (const [, given] of line.matchAll(COPIES)) {
    const words = ` ${given!}`.replaceAll(KEY_OPTION, ' ').trim().replaceAll(/["')]/g, '').split(/\s+/);
    const to = words.at(-1) ?? '';
    if (
      ELSEWHERE.test(to) &&
      words.slice(0, -1).some((word) => !ELSEWHERE.test(word) && namesKeys(`${word} `))
    )
      return true;
  }
  for (const [, given] of line.matchAll(STORES)) {
    const words = given!.trim().split(/\s+/);
    // What is fetched from a store goes to where secrets lie: its last word names them.
    const from = words.length > 1 && !/^-/.test(words[0]!) ? words.slice(0, -1) : words;
    if (from.some((word) => !word.includes('://') && namesKeys(`${word} `))) return true;
  }
  for (const pattern of [PUTS, MAILS]) if (namesKeys(`${pattern.exec(line)?.[1] ?? ''} `)) return true;
  let hasKeys = false;
  for (const piece of line.split('|')) {
    const [shell] = piece.match(OTHER_SHELL) ?? [];
    if (shell === undefined) hasKeys ||= READS.test(piece) && namesKeys(piece);
    else if (hasKeys) return true;
    else {
      const here = shell.slice(1).replaceAll(KEY_OPTION, ' ').replaceAll(QUOTED_REMOTE, ' ');
      if (/<\s{0,4}\S{1,256}/.test(here) && namesKeys(here.slice(here.indexOf('<')))) return true;
    }
  }
  return false;
}

/** Files of keys that are looked for, and each sent. */
const LOOKS_FOR = new RegExp(
  String.raw`\bfind\s[^|;\n]{0,512}-i?name\s{1,4}["'\\]{0,2}` +
    String.raw`(?:\*\.(?:pem|key|p12|pfx|kdbx|ppk|env|jks)|\*?\.env|id_|\*wallet|\*?credentials|\*secret)`,
);
const SENDS_EACH = new RegExp(
  String.raw`(?:-exec(?:dir)?|\bxargs)\s[^\n]{0,256}\b(?:curl|wget|https?|xh)\s[^\n]{0,512}` +
    String.raw`(?:@|(?:-T|--upload-file|--post-file)[\s=]{0,4})["']?(?:\{\}|%|\$)|\bxargs\s[^\n]{0,256}\bcurl\s[^\n]{0,256}-T\s{0,4}$`,
);

const TOKEN_WITHIN = /(?:\$\(|`|<\()([^)`\n]{1,512})/g;

/** Whether a sender is handed a token that says who a person is, by a pipe or within its words. */
function sendsToken(line: string): boolean {
  if (!givesToken(line)) return false;
  const pieces = line.split('|');
  const given = pieces.findIndex(givesToken);
  if (pieces.some((piece, at) => at > given && isSender(piece) && SENDS_INPUT.some((one) => one.test(piece))))
    return true;
  const first = line.search(SENDER);
  for (const [, within] of line.slice(Math.max(0, first)).matchAll(TOKEN_WITHIN))
    if (givesToken(within!)) return true;
  return false;
}

/** Whether a line of commands sends secrets, or all variables of the environment, to another machine. */
export function sendsSecrets(whole: string): boolean {
  if (TO_CONNECTION.test(whole) && (readsSecret(whole) || whole.split('>').some(givesAll))) return true;
  if (copiesKeys(whole)) return true;
  if (!isSender(whole) || isOnlyLocal(whole)) return false;
  const line = withoutSignIn(whole);
  if (sendsFile(line) || sendsToken(line)) return true;
  if (LOOKS_FOR.test(line) && SENDS_EACH.test(line)) return true;
  const first = line.search(SENDER);
  if (first >= 0 && ALL_WITHIN.test(line.slice(first))) return true;
  let hasSecret = false;
  for (const piece of line.split('|')) {
    if (hasSecret && isSender(piece) && SENDS_INPUT.some((one) => one.test(piece))) return true;
    hasSecret ||= givesAll(piece) || readsSecret(piece);
  }
  return false;
}
