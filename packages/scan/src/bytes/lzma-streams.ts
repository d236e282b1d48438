import type { ByteSource } from './byte-source.ts';
import { Cursor, Malformed } from './cursor.ts';
import { beginsAlone, lzmaAlone } from './lzma-alone.ts';
import { behindZeros } from './members.ts';
import { isXz, xzStream } from './xz.ts';

/** Bytes behind a `.lzma` stream that may still be its own: one of a stated length may have a mark at its end all the same. */
const MARK_BYTES_MAX = 16;
const LOOK_BYTES = 14;
const NOTHING = new Uint8Array(0);

const begins = (source: ByteSource, at: number): boolean => {
  const head = source.read(at, LOOK_BYTES);
  return isXz(head) || beginsAlone(head);
};

/** Where the next stream begins, of either kind: Python's `lzma` goes on with whichever follows. Null where none does. */
function nextStream(source: ByteSource, from: number, markMax: number): number | null {
  for (let more = 0; more <= markMax; more++) if (begins(source, from + more)) return from + more;
  const at = behindZeros(source, from);
  return at < source.size && begins(source, at) ? at : null;
}

/**
 * What is packed with LZMA in a file: streams of `.lzma` and `.xz`, one behind another.
 * @param first the kind of the first one, whatever it begins with
 * @throws Truncated, Malformed
 */
export function* lzmaStreams(source: ByteSource, first: 'lzma' | 'xz'): Generator<Uint8Array> {
  const cursor = new Cursor(source);
  for (let kind: 'lzma' | 'xz' = first; ; ) {
    yield* kind === 'xz' ? xzStream(cursor) : lzmaAlone(cursor);
    const { offset } = cursor;
    const markMax = kind === 'lzma' ? MARK_BYTES_MAX : 0;
    const next = nextStream(source, offset, markMax);
    if (next === null) {
      if (source.size - offset > markMax && behindZeros(source, offset) < source.size)
        throw new Malformed(offset, 'other bytes behind the last stream');
      return;
    }
    cursor.offset = next;
    // The caller looks at the time between two pieces: a stream may hold nothing.
    yield NOTHING;
    kind = isXz(source.read(next, LOOK_BYTES)) ? 'xz' : 'lzma';
  }
}
