import { crc32, deflateRawSync } from 'node:zlib';
import { little } from './assembler.ts';

/** A member of a ZIP archive, with whatever its headers shall say. */
export interface ZipPart {
  readonly name: string;
  readonly content: Uint8Array;
  readonly localName?: string;
  readonly method?: number;
  readonly localMethod?: number;
  readonly flags?: number;
  readonly crc?: number;
  readonly mode?: number;
  readonly unlisted?: boolean;
  readonly listedBytes?: number;
  readonly aligned?: boolean;
  /** What newer readers call it (APPNOTE 4.6.9); the plain name is then of one byte a letter. */
  readonly unicodeName?: string;
}

/** A ZIP archive, byte by byte (PKWARE APPNOTE 6.3). */
export function zip(
  parts: readonly ZipPart[],
  {
    prefix = Buffer.alloc(0) as Uint8Array,
    comment = Buffer.alloc(0) as Uint8Array,
    countOff = 0,
    offsetOff = 0,
  } = {},
): Buffer {
  const local: Uint8Array[] = [prefix];
  const central: Uint8Array[] = [];
  let at = prefix.length;
  let listed = 0;
  for (const part of parts) {
    const method = part.method ?? 0;
    const body = method === 8 ? deflateRawSync(part.content) : part.content;
    const name = Buffer.from(part.localName ?? part.name);
    const pad = part.aligned ? (64 - ((at + 30 + name.length + 4) % 64)) % 64 : 0;
    const extra = part.aligned
      ? Buffer.concat([little(0x4246, 2), little(pad, 2), Buffer.alloc(pad, 0x5a)])
      : Buffer.alloc(0);
    const tail = (own: number, nameBytes: number): Buffer =>
      Buffer.concat([
        little(part.flags ?? 0, 2),
        little(own, 2),
        little(0, 4),
        little(part.crc ?? crc32(part.content), 4),
        little(part.listedBytes ?? body.length, 4),
        little(part.content.length, 4),
        little(nameBytes, 2),
      ]);
    const header = Buffer.concat([
      little(0x04034b50, 4),
      little(20, 2),
      tail(part.localMethod ?? method, name.length),
      little(extra.length, 2),
      name,
      extra,
    ]);
    local.push(header, body);
    if (!part.unlisted) {
      const listedName = Buffer.from(part.name, part.unicodeName === undefined ? 'utf8' : 'latin1');
      const unicode = Buffer.from(part.unicodeName ?? '');
      const listedExtra =
        part.unicodeName === undefined
          ? Buffer.alloc(0)
          : Buffer.concat([
              little(0x7075, 2),
              little(5 + unicode.length, 2),
              little(1, 1),
              little(crc32(listedName), 4),
              unicode,
            ]);
      central.push(
        Buffer.concat([
          little(0x02014b50, 4),
          little(0x0314, 2),
          little(20, 2),
          tail(method, listedName.length),
          little(listedExtra.length, 2),
          little(0, 2),
          little(0, 2),
          little(0, 2),
          little((part.mode ?? 0o100644) * 65536, 4),
          little(at - prefix.length + offsetOff, 4),
          listedName,
          listedExtra,
        ]),
      );
      listed++;
    }
    at += header.length + body.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.concat([
    little(0x06054b50, 4),
    little(0, 4),
    little(listed + countOff, 2),
    little(listed + countOff, 2),
    little(directory.length, 4),
    little(at - prefix.length, 4),
    little(comment.length, 2),
    comment,
  ]);
  return Buffer.concat([...local, directory, end]);
}

/** A member of a tape archive. */
export interface TarPart {
  readonly name: string;
  readonly content?: Uint8Array;
  readonly type?: string;
  readonly link?: string;
  /** Permissions, octal as the header has them. */
  readonly mode?: string;
}

/** A ustar archive (POSIX.1-1988). */
export function tar(parts: readonly TarPart[], ends = true): Buffer {
  const out: Uint8Array[] = [];
  for (const { name, content = new Uint8Array(0), type = '0', link = '', mode = '0000644' } of parts) {
    const header = Buffer.alloc(512);
    header.write(name.slice(0, 100), 0, 'utf8');
    header.write(`${mode}\0`, 100);
    header.write('0000000\0', 108);
    header.write('0000000\0', 116);
    header.write(`${content.length.toString(8).padStart(11, '0')}\0`, 124);
    header.write('00000000000\0', 136);
    header.write('        ', 148);
    header.write(type, 156);
    header.write(link, 157);
    header.write('ustar\x0000', 257, 'latin1');
    header.write(
      `${header
        .reduce((sum, byte) => sum + byte, 0)
        .toString(8)
        .padStart(6, '0')}\0 `,
      148,
    );
    out.push(header, content, Buffer.alloc((512 - (content.length % 512)) % 512));
  }
  if (ends) out.push(Buffer.alloc(1024));
  return Buffer.concat(out);
}

/** LZMA2 without compression: chunks of at most 64 KiB. */
export function plainLzma2(content: Uint8Array): Buffer {
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < content.length; at += 65_536) {
    const piece = content.subarray(at, at + 65_536);
    chunks.push(Buffer.from([at === 0 ? 1 : 2, (piece.length - 1) >> 8, (piece.length - 1) & 255]), piece);
  }
  return Buffer.concat([...chunks, Buffer.from([0])]);
}

const varint = (value: number): Buffer => {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest % 128) | 128);
  }
};

/** An xz stream without compression (xz file format 1.2). */
export function xz(content: Uint8Array): Buffer {
  const flags = Buffer.from([0, 1]);
  const blockHead = Buffer.concat([Buffer.from([2, 0, 0x21, 1, 22, 0, 0, 0]), Buffer.alloc(0)]);
  const packed = plainLzma2(content);
  const unpadded = 12 + packed.length + 4;
  const pad = Buffer.alloc((4 - (packed.length % 4)) % 4);
  const index = Buffer.concat([Buffer.from([0]), varint(1), varint(unpadded), varint(content.length)]);
  const indexPadded = Buffer.concat([index, Buffer.alloc((4 - (index.length % 4)) % 4)]);
  const footer = Buffer.concat([little((indexPadded.length + 4) / 4 - 1, 4), flags]);
  return Buffer.concat([
    Buffer.from('fd377a585a00', 'hex'),
    flags,
    little(crc32(flags), 4),
    blockHead,
    little(crc32(blockHead), 4),
    packed,
    pad,
    little(crc32(content), 4),
    indexPadded,
    little(crc32(indexPadded), 4),
    little(crc32(footer), 4),
    footer,
    Buffer.from('YZ'),
  ]);
}

/** An LZ4 frame of blocks as they are. */
export function lz4(content: Uint8Array): Buffer {
  const blocks: Uint8Array[] = [];
  for (let at = 0; at < content.length; at += 65_536) {
    const piece = content.subarray(at, at + 65_536);
    blocks.push(little(piece.length + 2 ** 31, 4), piece);
  }
  return Buffer.concat([Buffer.from('04224d186040', 'hex'), Buffer.from([0x82]), ...blocks, little(0, 4)]);
}

/** A number as 7z writes it. */
const seven = (value: number): Buffer =>
  value < 128
    ? Buffer.from([value])
    : value < 16_384
      ? Buffer.from([0x80 | (value >> 8), value & 255])
      : Buffer.concat([Buffer.from([0xe0]), little(value, 3)]);

/** A 7z archive of one folder, stored or as LZMA2 without compression, with its header in the clear. */
export function sevenZip(
  parts: readonly { name: string; content: Uint8Array; mode?: number }[],
  { coder = 'copy' as 'copy' | 'lzma2' | 'aes' | 'ppmd', hasNames = true } = {},
): Buffer {
  const whole = Buffer.concat(parts.map(({ content }) => content));
  const packed = coder === 'lzma2' ? plainLzma2(whole) : whole;
  const coders = { copy: '0100', lzma2: '21210116', aes: '2406f107010100', ppmd: '23030401050600000001' };
  const names = Buffer.concat([
    Buffer.from([0]),
    ...parts.map(({ name }) => Buffer.from(`${name}\0`, 'utf16le')),
  ]);
  const header = Buffer.concat([
    Buffer.from([1, 4, 6]),
    seven(0),
    seven(1),
    Buffer.from([9]),
    seven(packed.length),
    Buffer.from([0]),
    Buffer.from([7, 11]),
    seven(1),
    Buffer.from([0]),
    seven(1),
    Buffer.from(coders[coder], 'hex'),
    Buffer.from([12]),
    seven(whole.length),
    Buffer.from([0]),
    Buffer.from([8, 13]),
    seven(parts.length),
    ...(parts.length > 1
      ? [Buffer.from([9]), ...parts.slice(0, -1).map(({ content }) => seven(content.length))]
      : []),
    Buffer.from([0]),
    Buffer.from([0]),
    Buffer.from([5]),
    seven(parts.length),
    ...(hasNames ? [Buffer.from([17]), seven(names.length), names] : []),
    ...(parts.some(({ mode }) => mode !== undefined)
      ? [
          Buffer.from([21]),
          seven(2 + 4 * parts.length),
          Buffer.from([1, 0]),
          ...parts.map(({ mode = 0o100644 }) => little(mode * 65536 + 0x8000, 4)),
        ]
      : []),
    Buffer.from([0, 0]),
  ]);
  const start = Buffer.concat([little(packed.length, 8), little(header.length, 8), little(crc32(header), 4)]);
  return Buffer.concat([
    Buffer.from('377abcaf271c0004', 'hex'),
    little(crc32(start), 4),
    start,
    packed,
    header,
  ]);
}
