import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import type { HitList } from './hit-list.ts';
import { serviceOfHost } from './services.ts';

/** Characters of a line that are read at once. */
const LINE_CHARACTERS_MAX = 16_384;
/** Characters at the end of what is read at once among which a longer line is cut. */
const CUT_CHARACTERS_MAX = 1024;
const READ_BYTES = 64 * 1024;
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
  // A host stands once in most lines, as name, URL and authority in others: once for each service is enough.
  let seen: Set<string> | null = null;
  for (const match of line.matchAll(HOST)) {
    const service = serviceOfHost(match[1]!);
    if (!service || seen?.has(service.id)) continue;
    seen ??= new Set();
    seen.add(service.id);
    const client = CLIENT_FIELDS.exec(line)?.[1] ?? ADDRESS.exec(line)?.[1] ?? log;
    hits.see(service, 'traffic', match[1]!.toLowerCase(), client, { at: timeOf(line) });
  }
}

/** How much of a line that goes on is one piece: no name of a host is cut where it can be helped. */
function cutOf(line: string): number {
  for (let at = LINE_CHARACTERS_MAX; at > LINE_CHARACTERS_MAX - CUT_CHARACTERS_MAX; at--)
    if (!/[\w.-]/.test(line[at - 1]!)) return at;
  return LINE_CHARACTERS_MAX;
}

/**
 * Reads a log, compressed with gzip or not. A line of any length is read whole, in pieces.
 * @param goOn whether there is time for more
 * @returns lines, and why what follows them is not read: `time`, or what is wrong with the file; null where all is read
 */
export async function inspectLog(
  hits: HitList,
  path: string,
  goOn: () => boolean = () => true,
): Promise<{ lines: number; unread: Error | 'time' | null }> {
  const file = createReadStream(path, { highWaterMark: READ_BYTES });
  const stream = path.endsWith('.gz') ? file.pipe(createGunzip()) : file;
  stream.setEncoding('utf8');
  let lines = 0;
  let held = '';
  const inspect = (line: string): string => {
    let rest = line;
    while (rest.length > LINE_CHARACTERS_MAX) {
      const cut = cutOf(rest);
      inspectLogLine(hits, rest.slice(0, cut), path);
      rest = rest.slice(cut);
    }
    return rest;
  };
  const unread = await new Promise<Error | 'time' | null>((resolve) => {
    // What comes before a fault is read: a stream that is iterated would drop it.
    stream.on('data', (piece: string) => {
      if (!goOn()) {
        resolve('time');
        file.destroy();
        stream.destroy();
        return;
      }
      const parts = (held + piece).split('\n');
      held = inspect(parts.pop()!);
      lines += parts.length;
      for (const line of parts) inspectLogLine(hits, inspect(line), path);
    });
    stream.on('end', () => resolve(null));
    stream.on('error', resolve);
    file.on('error', (fault) => {
      resolve(fault);
      stream.destroy();
    });
  });
  if (held !== '') lines++;
  inspectLogLine(hits, held, path);
  return { lines, unread };
}
