import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';
import type { HitList } from './hit-list.ts';
import { serviceOfHost } from './services.ts';

const LINE_CHARACTERS_MAX = 16_384;
const HOST = /(?:^|[^\w.-])((?:[a-z0-9_-]{1,63}\.){1,10}[a-z]{2,24})\.?(?::\d{1,5})?(?![\w-])/gi;
const IPV4 = /(?:\d{1,3}\.){3}\d{1,3}/;
const IPV6 = /(?:[0-9a-f]{1,4}:){3,7}[0-9a-f]{1,4}|[0-9a-f:]{2,30}::[0-9a-f:]{0,30}/;
const ADDRESS = new RegExp(`(?:^|[^\\w.:])(${IPV4.source}|${IPV6.source})(?![\\w.])`, 'i');
/** Names under which logs in JSON keep the client, from the surest on. */
const CLIENT_NAMES =
  /client_ip|clientip|src_ip|source_ip|srcip|srcaddr|id\.orig_h|c-ip|client|remote_addr|user|username|src/;
const CLIENT_FIELDS = new RegExp(`"(?:${CLIENT_NAMES.source})"\\s{0,4}:\\s{0,4}"([^"]{1,128})"`, 'i');
const ISO = /\b(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?)/;
const APACHE = /\[(\d{2})\/([A-Z][a-z]{2})\/(\d{4}):(\d\d:\d\d:\d\d) ([+-]\d{4})\]/;
const EPOCH = /(?:^|[\s"=:])(1[5-9]\d{8})(?:\.\d{1,9}|\d{3})?(?=[\s",]|$)/;

/** When a line was written, as far as it says. */
function timeOf(line: string): string | null {
  const iso = ISO.exec(line)?.[1];
  if (iso !== undefined) {
    const ms = Date.parse(
      /[Z+]|\d-\d\d:?\d\d$/.test(iso.slice(10)) ? iso.replace(' ', 'T') : `${iso.replace(' ', 'T')}Z`,
    );
    return Number.isNaN(ms) ? null : new Date(ms).toISOString();
  }
  const apache = APACHE.exec(line);
  if (apache) {
    const ms = Date.parse(`${apache[1]} ${apache[2]} ${apache[3]} ${apache[4]} ${apache[5]}`);
    return Number.isNaN(ms) ? null : new Date(ms).toISOString();
  }
  const epoch = EPOCH.exec(line)?.[1];
  return epoch === undefined ? null : new Date(Number(epoch) * 1000).toISOString();
}

/** What one line of a log of a proxy, resolver or firewall says about the use of AI: any form in which hosts stand as text. */
export function inspectLogLine(hits: HitList, line: string, log: string): void {
  const text = line.length > LINE_CHARACTERS_MAX ? line.slice(0, LINE_CHARACTERS_MAX) : line;
  // A host stands once in most lines, as name, URL and authority in others: once for each service is enough.
  let seen: Set<string> | null = null;
  for (const match of text.matchAll(HOST)) {
    const service = serviceOfHost(match[1]!);
    if (!service || seen?.has(service.id)) continue;
    seen ??= new Set();
    seen.add(service.id);
    const client = CLIENT_FIELDS.exec(text)?.[1] ?? ADDRESS.exec(text)?.[1] ?? log;
    hits.see(service, 'traffic', match[1]!.toLowerCase(), client, { at: timeOf(text) });
  }
}

/** Lines after which it is asked whether to go on. */
const LINES_AT_ONCE = 1024;

/**
 * Reads a log line by line, compressed with gzip or not.
 * @param goOn whether there is time for more
 * @returns lines, and whether they are all. @throws Error of the file system
 */
export async function inspectLog(
  hits: HitList,
  path: string,
  goOn: () => boolean = () => true,
): Promise<{ lines: number; isWhole: boolean }> {
  const file = createReadStream(path);
  const stream = path.endsWith('.gz') ? file.pipe(createGunzip()) : file;
  file.on('error', (fault) => stream.destroy(fault));
  let lines = 0;
  for await (const line of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (lines++ % LINES_AT_ONCE === 0 && !goOn()) {
      file.destroy();
      return { lines: lines - 1, isWhole: false };
    }
    inspectLogLine(hits, line, path);
  }
  return { lines, isWhole: true };
}
