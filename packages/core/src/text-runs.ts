/** Characters of the shortest text among bytes that is read: chance draws none as long. */
const RUN_MIN = 24;
/** Share of letters, figures and spaces in what people write. */
const WRITTEN_MIN = 0.6;

/** Bytes of the UTF-8 sequence at a place, 0 where there is none that a text would have. */
function sequence(bytes: Uint8Array, at: number): number {
  const c = bytes[at]!;
  if (c < 0x80) return (c >= 32 && c < 127) || c === 9 || c === 10 || c === 13 ? 1 : 0;
  const size = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
  if (c < 0xc2 || c > 0xf4 || at + size > bytes.length) return 0;
  for (let i = 1; i < size; i++) if ((bytes[at + i]! & 0xc0) !== 0x80) return 0;
  return size;
}

/** Whether a byte is a letter, a figure, a space or a part of another script. */
const isWritten = (c: number): boolean =>
  c >= 0x80 || c === 32 || (c >= 48 && c <= 57) || ((c | 32) >= 97 && (c | 32) <= 122);

/**
 * Texts that stand among bytes, whatever stands before, between and behind them; one in two bytes a character too. One pass.
 * @returns what they say, one behind the other; empty for none
 */
export function textAmong(bytes: Uint8Array): string {
  const found: string[] = [];
  const { length } = bytes;
  for (let i = 0; i < length; ) {
    if (sequence(bytes, i) === 0) {
      i++;
      continue;
    }
    const start = i;
    let written = 0;
    let characters = 0;
    let wide = false;
    while (i < length) {
      // In two bytes a character, every other is 0.
      if (bytes[i] === 0 && i + 1 < length && bytes[i + 1] !== 0 && characters > 0) {
        wide = true;
        i++;
      }
      const size = sequence(bytes, i);
      if (size === 0) break;
      if (isWritten(bytes[i]!)) written++;
      characters++;
      i += size;
    }
    if (characters < RUN_MIN || written < characters * WRITTEN_MIN) continue;
    const run = Buffer.from(bytes.buffer, bytes.byteOffset + start, i - start).toString();
    found.push(wide ? run.replaceAll('\0', '') : run);
  }
  return found.join('\n');
}
