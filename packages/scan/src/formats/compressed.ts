import { inspectCompressed } from '../archives/inspect-members.ts';
import { type ByteSource, SliceSource } from '../bytes/byte-source.ts';
import type { Codec } from '../bytes/expand.ts';
import { beginsAlone, isLzmaAlone } from '../bytes/lzma-alone.ts';
import { beginsZlib, isZlib, memberFrom } from '../bytes/members.ts';
import { isXz } from '../bytes/xz.ts';
import type { Format } from './format.ts';

const starts = (head: Uint8Array, ...bytes: readonly number[]): boolean =>
  bytes.every((byte, i) => head[i] === byte);

const compressed = (
  codec: Codec,
  recognise: (head: Uint8Array, source: ByteSource, name: string) => boolean,
): Format => ({
  name: codec,
  holdsOthers: true,
  recognise: ({ head, name, inspection }) => recognise(head, inspection.source, name),
  inspect: (inspection) =>
    inspectCompressed(
      inspection,
      inspection.name.replace(/\.(?:gz|bz2|xz|zst|lz4|lzma|z)$/, ''),
      codec,
      inspection.source,
      0,
    ),
});

/** What packs files and is not read, by its first bytes. */
const UNREAD: readonly (readonly [string, ...number[]])[] = [
  ['rar', 0x52, 0x61, 0x72, 0x21, 0x1a, 0x07],
  ['cabinet', 0x4d, 0x53, 0x43, 0x46, 0, 0, 0, 0],
  ['compress', 0x1f, 0x9d],
  ['lz4 of before its frames', 0x02, 0x21, 0x4c, 0x18],
  ['lzip', 0x4c, 0x5a, 0x49, 0x50, 1],
  ['rpm', 0xed, 0xab, 0xee, 0xdb],
];
/** The same, where more than the first bytes is needed to tell. */
const UNREAD_HEADERS: readonly (readonly [string, RegExp])[] = [
  ['cpio', /^(?:07070[12][\da-fA-F]{104}|070707[0-7]{70})/],
  ['squashfs', /^hsqs.{24}\x04\0/s],
];
const unreadOf = (head: Uint8Array, headText: string): string | undefined =>
  UNREAD.find(([, ...magic]) => starts(head, ...magic))?.[0] ??
  UNREAD_HEADERS.find(([, pattern]) => pattern.test(headText))?.[0];

/** Single files made smaller: what joblib, pandas and people do. */
export const COMPRESSED: readonly Format[] = [
  compressed('gzip', (head) => starts(head, 0x1f, 0x8b, 8)),
  compressed('bzip2', (head) => starts(head, 0x42, 0x5a, 0x68) && head[3]! >= 0x31 && head[3]! <= 0x39),
  compressed('xz', isXz),
  compressed('zstd', (_, source) => memberFrom('zstd', source, 0) !== null),
  compressed('lz4', (_, source) => memberFrom('lz4', source, 0) !== null),
  compressed('lzma', (head, _, name) =>
    /\.(?:lzma|xz)$/.test(name) ? beginsAlone(head) : isLzmaAlone(head),
  ),
  compressed('zlib', ([first = 0, second = 0, ...more]) => more.length > 4 && isZlib(first, second)),
  {
    name: 'joblib-zlib',
    holdsOthers: true,
    recognise: ({ headText }) => /^ZF\s*(?:0[xX])?[\dA-Fa-f]/.test(headText),
    // Two letters, the size as 19 characters (Python 2 wrote 20, or 17), then zlib.
    inspect: async (inspection) => {
      const head = Buffer.from(inspection.source.read(0, 64));
      const isAt = (at: number, begins: typeof isZlib): boolean => begins(head[at] ?? 0, head[at + 1] ?? 0);
      const starts = new Set([21, 22, 19].filter((at) => isAt(at, beginsZlib)));
      const first = head.indexOf(0x78, 4);
      if (first > 0 && isAt(first, isZlib)) starts.add(first);
      for (const start of starts)
        await inspectCompressed(
          inspection,
          'pickle',
          'zlib',
          new SliceSource(inspection.source, start),
          start,
        );
      if (starts.size === 0)
        inspection.report('unreadable-member', 'is compressed as joblib did, and holds no zlib');
    },
  },
  {
    name: 'unread-archive',
    recognise: ({ head, headText }) => unreadOf(head, headText) !== undefined,
    inspect: (inspection) => {
      const head = inspection.source.read(0, 128);
      const name = unreadOf(head, Buffer.from(head).toString('latin1'));
      inspection.report('unknown-codec', `is packed in a way (${name}) that is not read here`);
    },
  },
];
