import { createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import type { KeyProvider } from '@sallyport/core';
import { writeDurably } from './durable.ts';

/** An Ed25519 key pair (RFC 8032); the private half stays inside. */
export interface SigningKey {
  /** 32 raw bytes. */
  readonly publicKey: Uint8Array;
  /** 64 bytes. */
  sign(message: Uint8Array): Uint8Array;
}

/** Opens the signing key kept wrapped at `path`, or makes it. @throws CodedError `root-key-wrong` */
export function openSigningKey(path: string, provider: KeyProvider): SigningKey {
  if (!existsSync(path)) {
    const pair = generateKeyPairSync('ed25519');
    const der = pair.privateKey.export({ format: 'der', type: 'pkcs8' });
    const wrapped = Buffer.from(provider.wrap(der, 'ledger-signing-key')).toString('base64');
    writeDurably(path, `${JSON.stringify({ provider: provider.id, wrapped })}\n`, 0o600, true);
  }
  const file = JSON.parse(readFileSync(path, 'utf8')) as { wrapped: string };
  const der = Buffer.from(provider.unwrap(Buffer.from(file.wrapped, 'base64'), 'ledger-signing-key'));
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  const jwk = createPublicKey(privateKey).export({ format: 'jwk' }) as { x: string };
  return {
    publicKey: Buffer.from(jwk.x, 'base64url'),
    sign: (message) => sign(null, message, privateKey),
  };
}
