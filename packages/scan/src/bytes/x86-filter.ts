/** Bit masks after which a byte of 0 or 255 may be the highest of an address (LZMA SDK, `Bra86.c`). */
const ALLOWED = [true, true, true, false, true, false, false, false];
const BITS = [0, 1, 2, 2, 3, 3, 3, 3];

const isEdge = (byte: number): boolean => byte === 0 || byte === 255;

/**
 * Undoes the filter for calls and jumps of x86 machine code (BCJ): addresses after E8 and E9 were made absolute, and become
 * relative again.
 */
export function* unfilterX86(from: Generator<Uint8Array>): Generator<Uint8Array> {
  let held: Uint8Array = new Uint8Array(0);
  let position = 5;
  let mask = 0;
  for (const piece of from) {
    const bytes = Buffer.concat([held, piece]);
    let at = 0;
    let last = -1;
    const size = bytes.length - 4;
    for (;;) {
      while (at < size && (bytes[at]! & 0xfe) !== 0xe8) at++;
      const distance = at - last;
      if (at >= size) {
        mask = distance > 3 ? 0 : mask >> distance;
        break;
      }
      if (distance > 3) mask = 0;
      else {
        mask >>= distance;
        if (mask !== 0 && (!ALLOWED[mask & 7] || isEdge(bytes[at + (4 - BITS[mask & 7]!)]!))) {
          mask = (mask >> 1) | 4;
          last = at;
          at++;
          continue;
        }
      }
      last = at;
      if (!isEdge(bytes[at + 4]!)) {
        mask = (mask >> 1) | 4;
        at++;
        continue;
      }
      let value = bytes.readUInt32LE(at + 1);
      for (;;) {
        value = (value - (position + at)) >>> 0;
        if (mask === 0) break;
        const shift = BITS[mask & 7]! * 8;
        if (!isEdge((value >>> (24 - shift)) & 255)) break;
        value = (value ^ ((1 << (32 - shift)) - 1)) >>> 0;
      }
      bytes.writeUInt32LE((value & 0x01000000 ? value | 0xff000000 : value & 0x00ffffff) >>> 0, at + 1);
      mask = 0;
      at += 5;
      last = at - 1;
    }
    const done = Math.min(at, bytes.length);
    mask = last >= 0 && done - last <= 3 ? mask : mask;
    yield bytes.subarray(0, done);
    held = bytes.subarray(done);
    position += done;
  }
  if (held.length > 0) yield held;
}
