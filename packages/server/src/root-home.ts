import { statSync } from 'node:fs';
import { request as plainRequest } from 'node:http';
import { request as tlsRequest } from 'node:https';
import { relative, resolve } from 'node:path';
import { CodedError, type KeyProvider, type RootConfig } from '@sallyport/core';
import { safeLookup } from '@sallyport/gateway';
import {
  joinShares,
  openPassphraseRoot,
  openRootKey,
  parseShare,
  type RootKey,
  type TransitAnswer,
  transitRoot,
} from '@sallyport/vault';
import { resolveSecret } from './config-file.ts';

const POST_MS = 10_000;
const ANSWER_BYTES_MAX = 256 * 1024;

/** Posts to one place, whose address is looked up and checked each time; nothing is followed elsewhere. */
function poster(base: string, allowPrivate: boolean) {
  return (url: string, headers: Readonly<Record<string, string>>, body: string): Promise<TransitAnswer> =>
    new Promise((done, fail) => {
      const ask = url.startsWith('https:') ? tlsRequest : plainRequest;
      const req = ask(
        url,
        {
          method: 'POST',
          headers: { ...headers, 'content-length': Buffer.byteLength(body) },
          lookup: safeLookup(base, allowPrivate),
          timeout: POST_MS,
        },
        (res) => {
          const pieces: Buffer[] = [];
          let bytes = 0;
          res.on('data', (piece: Buffer) => {
            bytes += piece.length;
            if (bytes > ANSWER_BYTES_MAX) res.destroy(new Error('the answer is too long'));
            else pieces.push(piece);
          });
          res.on('end', () => done({ status: res.statusCode ?? 0, text: Buffer.concat(pieces).toString() }));
          res.on('error', fail);
        },
      );
      req.on('timeout', () => req.destroy(new Error('no answer in time')));
      req.on('error', fail);
      req.end(body);
    });
}

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
  return located(transitRoot({ url, mount, key, namespace, token, post: poster(url, allowPrivate) }), false);
}
