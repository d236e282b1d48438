import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** Fields of a header, by their tags. */
export interface RpmFields {
  readonly name: string;
  readonly version: string;
  readonly release: string;
  readonly epoch?: number;
  readonly arch?: string;
  readonly source?: string;
  /** Bytes of a field that is not read. */
  readonly padding?: number;
}

/** A header as databases of RPM hold it. */
export function rpmHeader(fields: RpmFields): Buffer {
  const texts: [number, string | undefined][] = [
    [1000, fields.name],
    [1001, fields.version],
    [1002, fields.release],
    [1022, fields.arch ?? 'x86_64'],
    [1044, fields.source],
    [1005, fields.padding === undefined ? undefined : 'x'.repeat(fields.padding)],
  ];
  const entries: Buffer[] = [];
  const data: Buffer[] = [];
  let offset = 0;
  const put = (tag: number, type: number, bytes: Buffer): void => {
    const entry = Buffer.alloc(16);
    for (const [i, value] of [tag, type, offset, 1].entries()) entry.writeUInt32BE(value, 4 * i);
    entries.push(entry);
    data.push(bytes);
    offset += bytes.length;
  };
  if (fields.epoch !== undefined) {
    const epoch = Buffer.alloc(4);
    epoch.writeUInt32BE(fields.epoch);
    put(1003, 4, epoch);
  }
  for (const [tag, text] of texts) if (text !== undefined) put(tag, 6, Buffer.from(`${text}\0`));
  const intro = Buffer.alloc(8);
  intro.writeUInt32BE(entries.length, 0);
  intro.writeUInt32BE(offset, 4);
  return Buffer.concat([intro, ...entries, ...data]);
}

/** `rpmdb.sqlite`, written by SQLite itself. */
export function rpmSqlite(headers: readonly Buffer[], pageBytes = 4096): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'rpm-sqlite-'));
  try {
    const path = join(folder, 'rpmdb.sqlite');
    const database = new DatabaseSync(path);
    database.exec(`PRAGMA page_size = ${pageBytes}`);
    database.exec('CREATE TABLE Name (key TEXT NOT NULL, hnum INTEGER NOT NULL, idx INTEGER NOT NULL)');
    database.exec('CREATE TABLE Packages (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL)');
    const put = database.prepare('INSERT INTO Packages (blob) VALUES (?)');
    database.exec('BEGIN');
    for (const header of headers) put.run(header);
    database.exec('COMMIT');
    database.close();
    return readFileSync(path);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** `Packages.db`: a page of slots, and packages in blocks of 16 bytes. */
export function rpmNdb(headers: readonly Buffer[]): Buffer {
  const pages = Buffer.alloc(4096 * Math.ceil((headers.length + 2) / 256));
  for (let at = 0; at < pages.length; at += 16) pages.write('Slot', at, 'latin1');
  pages.fill(0, 0, 32);
  pages.write('RpmP', 0, 'latin1');
  pages.writeUInt32LE(1, 8);
  pages.writeUInt32LE(pages.length / 4096, 12);
  const blobs: Buffer[] = [];
  let block = pages.length / 16;
  for (const [i, header] of headers.entries()) {
    const blocks = Math.ceil((16 + header.length + 12) / 16);
    const blob = Buffer.alloc(16 * blocks);
    blob.write('BlbS', 0, 'latin1');
    blob.writeUInt32LE(i + 1, 4);
    blob.writeUInt32LE(1, 8);
    blob.writeUInt32LE(header.length, 12);
    header.copy(blob, 16);
    blob.writeUInt32LE(header.length, blob.length - 8);
    blob.write('BlbE', blob.length - 4, 'latin1');
    const slot = 32 + 16 * i;
    for (const [at, value] of [i + 1, block, blocks].entries()) pages.writeUInt32LE(value, slot + 4 + 4 * at);
    blobs.push(blob);
    block += blocks;
  }
  return Buffer.concat([pages, ...blobs]);
}

/** `Packages` of Berkeley DB: a page of what it is, one of pairs, and pages of what is too long for that. */
export function rpmBerkeley(headers: readonly Buffer[], isBig = false, pageBytes = 4096): Buffer {
  const four = (page: Buffer, at: number, value: number): unknown =>
    isBig ? page.writeUInt32BE(value, at) : page.writeUInt32LE(value, at);
  const two = (page: Buffer, at: number, value: number): unknown =>
    isBig ? page.writeUInt16BE(value, at) : page.writeUInt16LE(value, at);
  const meta = Buffer.alloc(pageBytes);
  four(meta, 12, 0x61561);
  four(meta, 16, 9);
  four(meta, 20, pageBytes);
  meta[25] = 8;
  const hash = Buffer.alloc(pageBytes);
  hash[25] = 13;
  const pages = [meta, hash];
  let end = pageBytes;
  let items = 0;
  const item = (bytes: Buffer): void => {
    end -= bytes.length;
    bytes.copy(hash, end);
    two(hash, 26 + 2 * items++, end);
  };
  const pair = (key: number, value: Buffer): void => {
    const bytes = Buffer.alloc(5);
    bytes[0] = 1;
    four(bytes, 1, key);
    item(bytes);
    item(value);
  };
  pair(0, Buffer.from([1, 9, 0, 0, 0]));
  for (const [i, header] of headers.entries()) {
    if (header.length < 200) {
      pair(i + 1, Buffer.concat([Buffer.from([1]), header]));
      continue;
    }
    const off = Buffer.alloc(12);
    off[0] = 3;
    four(off, 4, pages.length);
    four(off, 8, header.length);
    pair(i + 1, off);
    for (let at = 0; at < header.length; at += pageBytes - 26) {
      const part = header.subarray(at, at + pageBytes - 26);
      const page = Buffer.alloc(pageBytes);
      page[25] = 7;
      four(page, 16, at + part.length < header.length ? pages.length + 1 : 0);
      two(page, 22, part.length);
      part.copy(page, 26);
      pages.push(page);
    }
  }
  two(hash, 20, items);
  two(hash, 22, end);
  four(meta, 32, pages.length - 1);
  return Buffer.concat(pages);
}
