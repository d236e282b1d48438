import { isUtf8 } from 'node:buffer';

/** A path as the file system takes it: text where its bytes are text. */
export type PathBytes = string | Buffer;

const SLASH = Buffer.from('/');

/** A path below another. */
export function joinPath(folder: PathBytes, name: Buffer): PathBytes {
  if (typeof folder === 'string' && isUtf8(name))
    return folder.endsWith('/') ? `${folder}${name}` : `${folder}/${name}`;
  return Buffer.concat([Buffer.from(folder), SLASH, name]);
}

/** A name as reports show it: bytes that are no text as `\xff`. */
export function shownName(name: Buffer): string {
  if (isUtf8(name)) return name.toString();
  const odd = (byte: number): boolean => byte > 0x7e || byte === 0x5c;
  return [...name]
    .map((byte) => (odd(byte) ? `\\x${byte.toString(16).padStart(2, '0')}` : String.fromCharCode(byte)))
    .join('');
}

/** Whether a path is a folder or lies below it. Both are real: no link is in them. */
export const isBelow = (path: PathBytes, folder: string): boolean => {
  const base = Buffer.from(folder === '/' ? '/' : `${folder}/`);
  const own = Buffer.from(path);
  return own.equals(Buffer.from(folder)) || own.subarray(0, base.length).equals(base);
};
