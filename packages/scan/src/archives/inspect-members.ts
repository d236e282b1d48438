import type { ByteSource } from '../bytes/byte-source.ts';
import { type Codec, type Expanded, expand } from '../bytes/expand.ts';
import type { Inspection, Place } from '../inspection.ts';
import { printable } from '../text/printable.ts';
import { escapes } from './member-path.ts';
import type { Astray } from './name-tree.ts';

/** What came out is a bomb where it is this many times larger than what went in, and this large. */
const BOMB_RATIO = 150;
const BOMB_BYTES = 32 * 1024 * 1024;

/** Reports what an expansion came to: a bomb, more than may be read, or an end before its end. @param what in words */
export function reportExpansion(
  inspection: Inspection,
  what: string,
  { source, end }: Expanded,
  compressedBytes: number,
  place: Place = {},
): void {
  if (source.size > BOMB_BYTES && source.size > BOMB_RATIO * Math.max(1, compressedBytes))
    inspection.report(
      'bomb',
      `${what} becomes ${Math.round(source.size / Math.max(1, compressedBytes))} times as large`,
      place,
    );
  if (end === 'limit') inspection.report('too-much', `${what} becomes larger than may be read`, place);
  else if (end !== 'whole')
    inspection.report(
      'unreadable-member',
      `${what} ends ${end === 'truncated' ? 'early' : 'in bytes that are not compressed'}`,
      place,
    );
}

/** Expands a member and scans what came out, whole or not. @param name what it is called here */
export async function inspectCompressed(
  inspection: Inspection,
  name: string,
  codec: Codec,
  compressed: ByteSource,
  offset: number,
): Promise<void> {
  const expanded = await expand(codec, compressed, inspection.budget);
  reportExpansion(inspection, `\`${name}\``, expanded, compressed.size, { offset });
  await inspection.part(name, expanded.source);
}

/**
 * Reports a member that would be written outside the folder an archive is unpacked into, and a link that leads there.
 * @param leadsOut whether it is a link that does
 */
export function reportPath(inspection: Inspection, name: string, leadsOut: boolean, place: Place = {}): void {
  if (escapes(name))
    inspection.report('path-traversal', `\`${printable(name)}\` would be written outside its folder`, place);
  if (leadsOut)
    inspection.report(
      'path-traversal',
      `\`${printable(name)}\` is a link that leads outside its folder`,
      place,
    );
}

/** Reports links that lead out of an archive by way of each other, or under names that tools shorten or refuse (CVE-2025-4517). */
export function reportAstray(inspection: Inspection, astray: Astray | null): void {
  if (astray === 'above')
    inspection.report('path-traversal', 'has links that lead outside its folder by way of each other');
  else if (astray === 'too-long')
    inspection.report(
      'ambiguous-archive',
      'has names that links make longer than systems take: tools do not agree on where they lead',
    );
}
