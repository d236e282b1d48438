import { createPublicKey, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { CodedError } from '@sallyport/core';

/** Who signs the models that ship with this version. Not read from a file: whoever swaps the model could swap that too. */
const SIGNER = 'MCowBQYDK2VwAyEAZzh5nIu+MXnk1L6K4GQ41a+PW0ASZTH7X+8chiS4fwM=';

/**
 * One model that ships with the guard, in memory that threads share.
 * @throws CodedError `model-invalid` when it is missing or its signature does not hold
 */
export function readGuardModel(name: string): Uint8Array {
  let file: Buffer;
  let signature: Buffer;
  try {
    const path = fileURLToPath(import.meta.resolve(`@sallyport/guard/model/${name}`));
    file = readFileSync(path);
    signature = readFileSync(`${path}.sig`);
  } catch (cause) {
    throw new CodedError('model-invalid', `the model \`${name}\` could not be read`, { cause });
  }
  const signer = createPublicKey({ key: Buffer.from(SIGNER, 'base64'), format: 'der', type: 'spki' });
  if (!verify(null, file, signer, signature))
    throw new CodedError('model-invalid', `the signature of the model \`${name}\` does not hold`);
  const shared = new Uint8Array(new SharedArrayBuffer(file.length));
  shared.set(file);
  return shared;
}
