import { statSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { CodedError, type KeyProvider, type RootConfig } from '@sallyport/core';
import {
  joinShares,
  openPassphraseRoot,
  openRootKey,
  parseShare,
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
  const file = resolve(path);
  const located = (provider: KeyProvider, exposed: boolean): RootKey => ({
    ...provider,
    path: file,
    place: relative(resolve(dataFolder), file).startsWith('..') ? 'outside' : 'beside-the-data',
    exposed,
  });
  if (config.kind === 'passphrase') {
    const own = `${file}.passphrase`;
    const provider = await openPassphraseRoot(own, secret(config.passphraseRef), create);
    return located(provider, process.platform !== 'win32' && (statSync(own).mode & 0o077) !== 0);
  }
  if (config.kind === 'shares')
    return located(joinShares(config.shareRefs.map((ref) => parseShare(secret(ref)))), false);
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
    false,
  );
}
