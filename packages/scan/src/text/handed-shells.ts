import { runsInput } from './fetch-and-run.ts';

/** A shell whose input or output is a connection. */
const CONNECTION = /\/dev\/(?:tcp|udp)\//;
const INTERACTIVE: readonly RegExp[] = [
  /\b(?:ba|z|da|k)?sh\s{1,4}-\w{0,4}i|\b0[<>]&|\b(?:ba|z|da|k)?sh\s[^|\n]{0,64}<&\s{0,4}\d/,
  /<&\s{0,4}\d[^\n]{0,64}\b(?:sh|read)\b/,
];
const SHELL = String.raw`(?:[^\s,;|&]{0,64}[/\\"'])?(?:(?:ba|z|da|k|a|c)?sh|cmd|powershell|pwsh)\b`;
const HANDED_OVER: readonly RegExp[] = [
  /\bn(?:c|cat|etcat)(?:\.\w{1,16})?\s[^|]{0,128}?-\w{0,4}[ec]\s{0,4}\S{0,64}sh\b/,
  new RegExp(String.raw`\bn(?:c|cat|etcat)\s[^|]{0,128}?(?:-e|--(?:sh-)?exec)[\s=]{1,4}["']?${SHELL}`, 'i'),
  /\bsh\s{1,4}-i\b[^|\n]{0,64}\|\s{0,4}(?:n(?:c|cat|etcat)|telnet|socat|openssl\s{1,4}s_client)\b/,
  /\bztcp\s[^\n]{0,128}&\s{0,4}\$REPLY/,
  /\bxterm\s{1,4}-display\s{1,4}\d/,
];
/** socat: a program on one side, a connection on the other. */
const SOCAT = /\bsocat\s/;
const SOCAT_SHELL = new RegExp(String.raw`\b(?:exec|system|shell):["'\\]{0,4}${SHELL}`, 'i');
const SOCAT_CONNECTION = /\b(?:tcp|udp|sctp|openssl|ssl|vsock)[46]?(?:-\w{1,8})?:/i;
/** Connections of awk, and of PowerShell. */
const AWK = /\/inet[46]?\/(?:tcp|udp)\//;
const AWK_READS = /\|&?\s{0,4}getline\b/g;
const AWK_RUNS = /\bsystem\s{0,4}\(|[^|]\|\s{0,4}getline\b/;
const TCP_CLIENT = /\bsockets\.(?:tcpclient|tcplistener)\b/i;
const RUNS_TEXT = /\b(?:iex|invoke-expression)\b/i;
/** What a pipe takes from a connection, or hands to one. */
const CONNECTS =
  /^\s{0,8}(?:[^\s|]{0,64}\/)?(?:telnet|n(?:c|cat|etcat)(?:\.\w{1,16})?|openssl\s{1,4}s_client|socat)\s/;
const LOOP = /\bmk(?:fifo|nod)\b/;

/** Whether a line opens a connection of a shell, as checks of health do too. */
export const connects = (line: string): boolean => CONNECTION.test(line);

function inPipe(line: string): 'shell-elsewhere' | 'fetched' | null {
  const pieces = line.split('|').map((piece) => piece.split(/;|&&/).at(-1)!);
  const from = pieces.findIndex((piece) => CONNECTS.test(piece));
  const shell = pieces.findIndex((piece, at) => at > 0 && at !== from && runsInput(piece));
  if (from < 0 || shell < 0) return null;
  const isBack = LOOP.test(line) || pieces.some((piece, at) => at > shell && CONNECTS.test(piece));
  if (isBack) return 'shell-elsewhere';
  return from < shell ? 'fetched' : null;
}

/** Whether a line of commands hands a shell to another machine, or runs what that sends. */
export function handsShell(line: string): 'shell-elsewhere' | 'fetched' | null {
  if (CONNECTION.test(line) && INTERACTIVE.some((one) => one.test(line))) return 'shell-elsewhere';
  if (HANDED_OVER.some((one) => one.test(line))) return 'shell-elsewhere';
  if (SOCAT.test(line) && SOCAT_SHELL.test(line) && SOCAT_CONNECTION.test(line)) return 'shell-elsewhere';
  if (AWK.test(line) && ([...line.matchAll(AWK_READS)].length > 1 || AWK_RUNS.test(line)))
    return 'shell-elsewhere';
  if (TCP_CLIENT.test(line) && RUNS_TEXT.test(line)) return 'shell-elsewhere';
  return line.includes('|') ? inPipe(line) : null;
}
