import { addressesIn, hostNameOf, isStray } from './addresses.ts';
import { givesToken, isForIssuer, namesKeys } from './secret-sources.ts';

/** Where a client is told what it signs in with. */
const HEADER =
  /(?:(?:\s-H|--header)[\s=]{0,4}(\\?["'])\s{0,4}(?:proxy-authorization|authorization|private-token|job-token|x-vault-token)\s{0,4}:|(?:--user|\s-u|--oauth2-bearer)[\s=]{0,4}(\\?["'])[^"'\s:$]{0,128}:?)/gi;
const ARGUMENT_MAX = 4096;

/** Where an argument ends that begins behind a mark: marks within `$(…)` are passed over. */
function endOf(line: string, from: number, mark: string): number {
  let depth = 0;
  const limit = Math.min(line.length, from + ARGUMENT_MAX);
  for (let at = from; at < limit; at++) {
    const one = line[at];
    if (one === '(' && line[at - 1] === '$') depth++;
    else if (one === ')' && depth > 0) depth--;
    else if (depth === 0 && line.startsWith(mark, at)) return at + mark.length;
  }
  return limit;
}

/** A line without what its client signs in with, where that is a token and goes to a host with a name, or to the one it is for. */
export function withoutSignIn(line: string): string {
  const addresses = addressesIn(line);
  if (addresses.some(isStray)) return line;
  if (givesToken(line) && !namesKeys(line) && isForIssuer(line, addresses.map(hostNameOf))) return '';
  let text = '';
  let end = 0;
  for (const match of line.matchAll(HEADER)) {
    if (match.index < end) continue;
    const begin = match.index + match[0].length;
    const close = endOf(line, begin, match[1] ?? match[2]!);
    if (
      namesKeys(line.slice(begin, close)) ||
      addresses.some((one) => /^http:/i.test(one) && givesToken(line.slice(begin, close)))
    )
      continue;
    text += line.slice(end, match.index);
    end = close;
  }
  return text + line.slice(end);
}
