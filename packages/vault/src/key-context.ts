/** What a key is for: bound to every wrapping, so that a key of one use never opens as one of another. */
export interface KeyContext {
  /** Such as `system` or `signing`. */
  readonly purpose: string;
  /** Whom it belongs to; empty where it belongs to the installation. */
  readonly owner: string;
  /** Id of the key, or of what it opens. */
  readonly object: string;
  readonly version: number;
}

const TAG = 'sallyport key context v1';

/** Fields behind their lengths: no two contexts have the same bytes. */
export function encodeContext({ purpose, owner, object, version }: KeyContext): Uint8Array {
  const parts = [TAG, purpose, owner, object, String(version)].map((text) => Buffer.from(text));
  return Buffer.concat(
    parts.flatMap((part) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(part.length);
      return [length, part];
    }),
  );
}
