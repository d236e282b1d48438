import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { CodedError, type KeyProvider, type RootConfig } from '@sallyport/core';
import {
  joinShares,
  openPassphraseRoot,
  openRootKey,
  type Pkcs11Library,
  parseShare,
  pkcs11Root,
  placed,
  type RootKey,
  transitRoot,
} from '@sallyport/vault';
import { resolveSecret } from './config-file.ts';
import { post } from './post.ts';

function secret(ref: string): string {
  const value = resolveSecret(ref);
  if (value === null) throw new CodedError('config-invalid', `\`keys.root\`: \`${ref}\` holds nothing`);
  return value;
}

/** The package that speaks to tokens: native, so whoever needs it installs it. @throws CodedError `key-provider-unavailable` */
function pkcs11Library(): Pkcs11Library {
  try {
    return createRequire(import.meta.url)(process.env['SALLYPORT_PKCS11JS'] ?? 'pkcs11js') as Pkcs11Library;
  } catch (cause) {
    throw new CodedError(
      'key-provider-unavailable',
      'a root in a token needs the package `pkcs11js`: run `npm install pkcs11js --ignore-scripts=false` beside sallyport',
      { cause },
    );
  }
}

/**
 * Opens the root where the configuration says that it is kept.
 * @param path of its file; keys that lie under it lie beside this path, whatever keeps the root
 * @param create whether a root that is not there is made: only for a new data folder
 * @throws CodedError `root-key-missing`, `root-key-wrong`, `key-provider-unavailable`, `config-invalid`
 */
export async function openRoot(
  config: RootConfig,
  path: string,
  dataFolder: string,
  create: boolean,
): Promise<RootKey> {
  if (config.kind === 'file') return openRootKey(path, dataFolder, create);
  const located = (provider: KeyProvider, file: string | null = null): RootKey =>
    placed(provider, path, dataFolder, file);
  if (config.kind === 'passphrase') {
    const own = `${resolve(path)}.passphrase`;
    const provider = await openPassphraseRoot(own, secret(config.passphraseRef), create);
    return located(provider, own);
  }
  if (config.kind === 'shares')
    return located(joinShares(config.shareRefs.map((ref) => parseShare(secret(ref)))));
  if (config.kind === 'pkcs11') {
    const { module, token, key, pinRef } = config;
    const pin = (): string | null => resolveSecret(pinRef);
    return located(pkcs11Root(pkcs11Library(), { module, token, key, pin, create }));
  }
  const { url, mount, key, tokenRef, namespace, allowPrivate } = config;
  const token = (): string | null => resolveSecret(tokenRef);
  return located(
    transitRoot({
      url,
      mount,
      key,
      namespace,
      token,
      post: (to, headers, body) => post(to, headers, body, allowPrivate),
    }),
  );
}
