/** One package, as a header of RPM describes it. */
export interface RpmPackage {
  readonly name: string;
  /** `epoch:version-release`; without an epoch of 0. */
  readonly version: string;
  readonly architecture: string | null;
  /** The package of sources that it is built of, and its version; null where the header names none. */
  readonly origin: { readonly name: string; readonly version: string } | null;
}

const TAG = { name: 1000, version: 1001, release: 1002, epoch: 1003, architecture: 1022, source: 1044 };
const WANTED: ReadonlySet<number> = new Set(Object.values(TAG));
const INT32 = 4;
const STRING = 6;
const I18N_STRING = 9;
/** Bytes before the index, and of an entry of it: tag, type, offset, count. */
const INTRO_BYTES = 8;
const ENTRY_BYTES = 16;
/** Longer texts are no names or versions. */
const TEXT_BYTES_MAX = 1024;
/** What a name or version of a package is made of: nothing that a report would have to escape. */
const PLAIN = /^[\x21-\x7e]+$/;

/** A text that ends with a zero. @throws Error in words */
function textAt(data: Buffer, offset: number): string {
  const end = data.indexOf(0, offset);
  const text = end < 0 || end - offset > TEXT_BYTES_MAX ? '' : data.toString('latin1', offset, end);
  if (!PLAIN.test(text)) throw new Error('a header with a text that is no name or version');
  return text;
}

/** `name-version-release.src.rpm`; a package of sources has a version of its own. */
function originOf(file: string | undefined, epoch: string): RpmPackage['origin'] {
  const [, name, version] = /^(.+)-([^-]+-[^-]+)\.(?:no)?src\.rpm$/.exec(file ?? '') ?? [];
  return name === undefined || version === undefined ? null : { name, version: `${epoch}${version}` };
}

/**
 * Reads a header as databases of RPM hold it: how many entries, how many bytes of data, the index, the data; most
 * significant byte first.
 * @returns null for a key, which RPM keeps among packages
 * @throws Error in words, where it contradicts itself
 */
export function readRpmHeader(bytes: Uint8Array): RpmPackage | null {
  const header = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (header.length < INTRO_BYTES) throw new Error('a header that ends early');
  const [entries, length] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  const start = INTRO_BYTES + ENTRY_BYTES * entries;
  if (start + length > header.length) throw new Error('a header that is longer than its record');
  const data = header.subarray(start, start + length);
  const found = new Map<number, string>();
  for (let at = INTRO_BYTES; at < start; at += ENTRY_BYTES) {
    const tag = header.readUInt32BE(at);
    if (!WANTED.has(tag) || found.has(tag)) continue;
    const [type, offset] = [header.readUInt32BE(at + 4), header.readUInt32BE(at + 8)];
    if (type === INT32 && offset + 4 <= length) found.set(tag, String(data.readUInt32BE(offset)));
    else if (type === STRING || type === I18N_STRING) found.set(tag, textAt(data, offset));
    else throw new Error('a header with a value beyond its end');
  }
  const [name, version, release] = [TAG.name, TAG.version, TAG.release].map((tag) => found.get(tag));
  if (name === undefined || version === undefined || release === undefined)
    throw new Error('a header without a name or version');
  if (name === 'gpg-pubkey') return null;
  const epoch = found.get(TAG.epoch) ?? '0';
  const prefix = epoch === '0' ? '' : `${epoch}:`;
  return {
    name,
    version: `${prefix}${version}-${release}`,
    architecture: found.get(TAG.architecture) ?? null,
    origin: originOf(found.get(TAG.source), prefix),
  };
}
