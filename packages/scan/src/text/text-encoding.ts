/** How a text is written down. */
export type TextEncoding = 'utf-8' | 'utf-16le' | 'utf-16be' | 'utf-32le' | 'utf-32be';

/** The encoding that the first bytes of a text tell: by a mark, or by where zeros stand beside its first characters (RFC 4627, section 3). */
export function encodingOf(head: Uint8Array): TextEncoding {
  const [a = 1, b = 1, c = 1, d = 1] = head;
  if (a === 0xff && b === 0xfe) return c === 0 && d === 0 ? 'utf-32le' : 'utf-16le';
  if (a === 0xfe && b === 0xff) return 'utf-16be';
  if (a === 0 && b === 0) return (c === 0xfe && d === 0xff) || (c === 0 && d !== 0) ? 'utf-32be' : 'utf-8';
  if (a === 0 && c === 0) return 'utf-16be';
  if (b === 0 && d === 0) return c === 0 ? 'utf-32le' : 'utf-16le';
  return 'utf-8';
}

const POINT_MAX = 0x10ffff;
const PIECE = 8192;

function fromUtf32(bytes: Uint8Array, isLittle: boolean): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const parts: string[] = [];
  let points: number[] = [];
  for (let at = 0; at + 4 <= bytes.length; at += 4) {
    const point = view.getUint32(at, isLittle);
    points.push(point <= POINT_MAX ? point : 0xfffd);
    if (points.length < PIECE) continue;
    parts.push(String.fromCodePoint(...points));
    points = [];
  }
  return parts.join('') + String.fromCodePoint(...points);
}

/** A text out of its bytes, whatever it is written in. @param encoding as its first bytes tell it */
export function decodeText(bytes: Uint8Array, encoding = encodingOf(bytes)): string {
  if (encoding === 'utf-32le' || encoding === 'utf-32be')
    return fromUtf32(bytes, encoding === 'utf-32le').replace(/^\ufeff/, '');
  return new TextDecoder(encoding).decode(bytes);
}
