import { isUtf8 } from 'node:buffer';

/** Bytes of UTF-16 as UTF-8, where every second one of them is 0, as it is for letters of English; others as they are. */
function narrowed(bytes: Uint8Array): Uint8Array {
  const from = bytes[0] === 0xfe || bytes[0] === 0xff ? 2 : 0;
  const wide = bytes.length >= 16 && bytes.length % 2 === 0;
  const zeros = bytes[from] === 0 ? 0 : 1;
  for (let i = from; wide && i < bytes.length; i += 2)
    if (bytes[i + zeros] !== 0 || bytes[i + 1 - zeros] === 0) return bytes;
  return wide ? bytes.filter((_, i) => i >= from && i % 2 !== zeros) : bytes;
}

/** Text that bytes spell, or null when they spell none worth reading. */
export function readable(raw: Uint8Array): string | null {
  const bytes = narrowed(raw);
  if (bytes.length < 8 || !isUtf8(bytes)) return null;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString();
  let odd = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c < 32 && c !== 9 && c !== 10 && c !== 13) odd++;
  }
  return odd * 10 > text.length ? null : text;
}

/** Whether most of a text is letters and spaces or itself encoded: random bytes that happen to be UTF-8 are not. */
export function looksWritten(text: string): boolean {
  let plain = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if ((c >= 97 && c <= 122) || (c >= 65 && c <= 90) || (c >= 48 && c <= 57) || c === 32 || c > 0xa0)
      plain++;
  }
  return plain * 10 >= text.length * 6;
}
