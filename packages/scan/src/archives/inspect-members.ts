import type { ByteSource } from '../bytes/byte-source.ts';
import { type Codec, expand } from '../bytes/expand.ts';
import type { Inspection } from '../inspection.ts';

/** What came out is a bomb where it is this many times larger than what went in, and this large. */
const BOMB_RATIO = 150;
const BOMB_BYTES = 32 * 1024 * 1024;

/** Expands a member and scans what came out, whole or not. @param name what it is called here */
export async function inspectCompressed(
  inspection: Inspection,
  name: string,
  codec: Codec,
  compressed: ByteSource,
  offset: number,
): Promise<void> {
  const { source, end } = await expand(codec, compressed, inspection.budget);
  if (source.size > BOMB_BYTES && source.size > BOMB_RATIO * Math.max(1, compressed.size))
    inspection.report(
      'bomb',
      `\`${name}\` becomes ${Math.round(source.size / compressed.size)} times as large`,
      { offset },
    );
  if (end === 'limit')
    inspection.report('too-much', `\`${name}\` becomes larger than may be read`, { offset });
  else if (end !== 'whole')
    inspection.report(
      'unreadable-member',
      `\`${name}\` ends ${end === 'truncated' ? 'early' : 'in bytes that are not compressed'}`,
      { offset },
    );
  await inspection.part(name, source);
}
