/** Which of the three bytes before an opcode may have been opcodes themselves, and how far the last of them reaches. */
const MAY_CONVERT = [true, true, true, false, true, false, false, false];
const REACH = [0, 1, 2, 2, 3, 3, 3, 3];

const isEdge = (byte: number): boolean => byte === 0 || byte === 255;

/**
 * Undoes the filter for calls and jumps of x86 machine code (BCJ): addresses after E8 and E9 were made absolute, and become
 * relative again. `recent` has a bit for each of the last three bytes that looked like an opcode and was left alone (LZMA
 * SDK, `Bra86.c`); it is carried from one piece to the next, as are the last four bytes.
 */
export function* unfilterX86(from: Generator<Uint8Array>): Generator<Uint8Array> {
  let held: Uint8Array = new Uint8Array(0);
  let start = 0;
  let recent = 0;
  for (const piece of from) {
    const bytes = Buffer.concat([held, piece]);
    const limit = bytes.length - 4;
    let at = 0;
    let previous = -1;
    const age = (): number => (at - previous > 3 ? 0 : (recent << (at - previous - 1)) & 7);
    for (;;) {
      while (at < limit && (bytes[at]! & 0xfe) !== 0xe8) at++;
      recent = age();
      if (at >= limit) break;
      previous = at;
      const blocked = recent !== 0 && (!MAY_CONVERT[recent] || isEdge(bytes[at + 4 - REACH[recent]!]!));
      if (blocked || !isEdge(bytes[at + 4]!)) {
        recent = ((recent << 1) & 7) | 1;
        at++;
        continue;
      }
      bytes.writeUInt32LE(relative(bytes.readUInt32LE(at + 1), start + at + 5, recent), at + 1);
      at += 5;
    }
    yield bytes.subarray(0, at);
    held = bytes.subarray(at);
    start += at;
  }
  if (held.length > 0) yield held;
}

/** The relative address for an absolute one: sign-extended from 25 bits, as the filter keeps only those. */
function relative(absolute: number, next: number, recent: number): number {
  let source = absolute;
  for (;;) {
    const value = (source - next) >>> 0;
    const shift = REACH[recent]! * 8;
    if (recent === 0 || !isEdge((value >>> (24 - shift)) & 255))
      return (value & 0x01000000 ? value | 0xff000000 : value & 0x00ffffff) >>> 0;
    source = (value ^ (2 ** (32 - shift) - 1)) >>> 0;
  }
}
