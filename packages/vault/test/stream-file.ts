import { createCipheriv, randomBytes } from 'node:crypto';
import type { DataKey } from '../src/data-keys.ts';
import { KEY_ID_BYTES, STREAM } from '../src/sealed-suites.ts';

/** A file as it was sealed before Cobblestone-256, which is read and no longer written. */
export function streamFile(key: DataKey, context: string, content: Uint8Array): Buffer {
  const about = Buffer.from(`${STREAM.name}${key.id.padEnd(KEY_ID_BYTES)}`, 'latin1');
  const salt = randomBytes(STREAM.saltBytes);
  const own = STREAM.keyOf(key, salt, about, context);
  const header = Buffer.concat([about, salt, own.commitment]);
  const chunks = Math.max(1, Math.ceil(content.length / STREAM.chunkBytes));
  const sealed = Array.from({ length: chunks }, (_, chunk) => {
    const cipher = createCipheriv('aes-256-gcm', own.key, own.nonce(chunk, chunk === chunks - 1));
    cipher.setAAD(header);
    const plain = content.subarray(chunk * STREAM.chunkBytes, (chunk + 1) * STREAM.chunkBytes);
    return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  });
  return Buffer.concat([header, ...sealed]);
}
