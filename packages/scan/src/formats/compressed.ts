import { inspectCompressed } from '../archives/inspect-members.ts';
import { SliceSource } from '../bytes/byte-source.ts';
import type { Codec } from '../bytes/expand.ts';
import type { Format } from './format.ts';

const starts = (head: Uint8Array, ...bytes: readonly number[]): boolean =>
  bytes.every((byte, i) => head[i] === byte);

const compressed = (codec: Codec, recognise: (head: Uint8Array) => boolean): Format => ({
  name: codec,
  recognise: ({ head }) => recognise(head),
  inspect: (inspection) =>
    inspectCompressed(
      inspection,
      inspection.name.replace(/\.(?:gz|bz2|xz|zst|lz4|lzma|z)$/, ''),
      codec,
      inspection.source,
      0,
    ),
});

/** Single files made smaller: what joblib, pandas and people do. */
export const COMPRESSED: readonly Format[] = [
  compressed('gzip', (head) => starts(head, 0x1f, 0x8b, 8)),
  compressed('bzip2', (head) => starts(head, 0x42, 0x5a, 0x68) && head[3]! >= 0x31 && head[3]! <= 0x39),
  compressed('xz', (head) => starts(head, 0xfd, 0x37, 0x7a, 0x58, 0x5a, 0)),
  compressed('zstd', (head) => starts(head, 0x28, 0xb5, 0x2f, 0xfd)),
  compressed('lz4', (head) => starts(head, 0x04, 0x22, 0x4d, 0x18)),
  compressed(
    'lzma',
    (head) =>
      head.length > 13 &&
      head[0] === 0x5d &&
      head[1] === 0 &&
      head[2] === 0 &&
      (starts(head.subarray(5, 13), 255, 255, 255, 255, 255, 255, 255, 255) || head[12] === 0),
  ),
  compressed(
    'zlib',
    (head) =>
      head.length > 6 && head[0] === 0x78 && (head[0] * 256 + head[1]!) % 31 === 0 && (head[1]! & 0x20) === 0,
  ),
  {
    name: 'joblib-zlib',
    recognise: ({ headText }) => headText.startsWith('ZF0x'),
    // Two letters, the size as 19 (or 17) characters, then zlib.
    inspect: async (inspection) => {
      const head = Buffer.from(inspection.source.read(0, 32));
      const start = head.indexOf(0x78, 4);
      await inspectCompressed(
        inspection,
        'pickle',
        'zlib',
        new SliceSource(inspection.source, start < 0 ? 21 : start),
        start,
      );
    },
  },
];
