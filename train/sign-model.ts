// Models are signed with the key in `~/.config/sallyport/model-signing.pem`, made when there is none.
import { createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

function signingKey(): string {
  const path = join(homedir(), '.config', 'sallyport', 'model-signing.pem');
  if (existsSync(path)) return readFileSync(path, 'utf8');
  const { privateKey } = generateKeyPairSync('ed25519');
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeFileSync(path, pem, { mode: 0o600 });
  return pem;
}

/** Folder of the models that ship with the guard. */
export const MODELS = join(import.meta.dirname, '../packages/guard/model');

/** Writes a model, its signature and the public key that verifies it. @param name such as `injection.model` */
export function writeSigned(name: string, file: Uint8Array): void {
  const key = createPrivateKey(signingKey());
  writeFileSync(join(MODELS, name), file);
  writeFileSync(join(MODELS, `${name}.sig`), sign(null, file, key));
  writeFileSync(
    join(MODELS, 'signer.pem'),
    createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString(),
  );
}
