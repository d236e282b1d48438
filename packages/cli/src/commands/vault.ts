import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { CodedError } from '@sallyport/core';
import { rootKeyPath } from '@sallyport/vault';
import { type Client, withClient } from '../client.ts';
import type { Command } from '../commands.ts';
import { Progress, print, printJson, table } from '../output.ts';

interface Listing {
  readonly root: {
    readonly id: string;
    readonly kind: string;
    readonly place: string;
    readonly exposed: boolean;
  };
  readonly keyEncryptionKeys: readonly {
    readonly id: string;
    readonly purpose: string;
    readonly owner: string;
    readonly version: number;
    readonly suite: string;
    readonly createdAt: string;
    readonly retiredAt: string | null;
    readonly wraps: number;
  }[];
  readonly dataKeys: readonly { readonly purpose: string; readonly day: string }[];
  readonly signingKeys: readonly { readonly name: string; readonly algorithms: readonly string[] }[];
  readonly progress: { readonly what: string; readonly done: number; readonly of: number } | null;
}

interface Rotated {
  readonly made: number;
  readonly wrapped: number;
  readonly destroyed: number;
  readonly suite: string | null;
  readonly sealed?: number;
  readonly corrupt?: readonly string[];
}

const PROGRESS_MS = 500;

/** Lists every key from the root down. */
export const vaultList: Command = {
  name: 'vault list',
  usage: 'vault list',
  summary: 'list the keys that seal what is stored, from the root down; none of them secret',
  async run(options) {
    const listing = await withClient(options, (client) => client.call<Listing>('GET', '/api/v1/vault'));
    if (options.json) {
      printJson(listing);
      return 0;
    }
    const { root, keyEncryptionKeys, dataKeys, signingKeys } = listing;
    print(`root ${root.id}: ${root.kind}, ${root.place}${root.exposed ? ', READABLE BY OTHERS' : ''}`, '');
    print(
      ...table(
        ['ID', 'PURPOSE', 'VERSION', 'SUITE', 'CREATED', 'WRAPS'],
        keyEncryptionKeys.map(({ id, purpose, owner, version, suite, createdAt, retiredAt, wraps }) => [
          id,
          owner === '' ? purpose : `${purpose}:${owner}`,
          `${version}${retiredAt === null ? '' : ' (retired)'}`,
          suite,
          createdAt.slice(0, 10),
          String(wraps),
        ]),
      ),
      '',
      `${dataKeys.length} data keys; signing: ${signingKeys.map(({ name, algorithms }) => `${name} (${algorithms.join(' and ')})`).join(', ')}`,
    );
    return 0;
  },
};

/** Shows how far a rotation is, while a server does it. */
async function watched<T>(client: Client, work: Promise<T>): Promise<T> {
  if (!client.running) return work;
  const progress = new Progress('rotating');
  const timer = setInterval(() => {
    void client
      .call<Listing>('GET', '/api/v1/vault')
      .then((listing) => listing.progress && progress.update(listing.progress.done, listing.progress.of))
      .catch(() => {});
  }, PROGRESS_MS);
  try {
    return await work;
  } finally {
    clearInterval(timer);
    progress.end();
  }
}

/** Changes keys for new ones while calls go on. */
export const vaultRotate: Command = {
  name: 'vault rotate',
  usage: 'vault rotate root|kek|data|log|files [--suite NAME]',
  summary:
    'change the root key, the keys that wrap, those that seal, or the one that signs the log, for new ones while calls go on; or seal stored files again',
  options: { suite: { type: 'string' } },
  async run(options) {
    const [what] = options.positionals;
    if (what === undefined)
      throw new CodedError('usage', 'say what: `root`, `kek`, `data`, `log` or `files`');
    const suite = options.text('suite');
    const done = await withClient(options, (client) =>
      watched(
        client,
        client.call<Rotated>('POST', '/api/v1/vault/rotate', {
          what,
          ...(suite === undefined ? {} : { suite }),
        }),
      ),
    );
    const { sealed, corrupt = [] } = done;
    if (options.json) printJson(done);
    else if (sealed !== undefined)
      print(
        `${sealed} files sealed again`,
        ...corrupt.map((sha256) => `${sha256} was changed, and is left as it is`),
      );
    else
      print(
        `${done.made} keys made${done.suite === null ? '' : ` (${done.suite})`}, ${done.wrapped} wrapped again, ${done.destroyed} destroyed`,
      );
    return corrupt.length === 0 ? 0 : 1;
  },
};

/** Destroys every key of a system or person. */
export const vaultShred: Command = {
  name: 'vault shred',
  usage: 'vault shred system:NAME|subject:NAME --yes',
  summary:
    'destroy every key of a system or person: what was said is gone, in backups too; the record stays whole',
  options: { yes: { type: 'boolean' } },
  async run(options) {
    const [purpose] = options.positionals;
    if (purpose === undefined) throw new CodedError('usage', 'say whose: `system:NAME` or `subject:NAME`');
    if (!options.flag('yes'))
      throw new CodedError('usage', `what was said to and by ${purpose} can never be read again; say --yes`);
    const done = await withClient(options, (client) =>
      client.call<{ keys: number }>('POST', '/api/v1/vault/shred', { purpose }),
    );
    if (options.json) printJson(done);
    else print(`${done.keys} keys destroyed`);
    return 0;
  },
};

/** Splits the root key into shares. */
export const vaultSplit: Command = {
  name: 'vault split',
  usage: 'vault split --shares N --threshold K --out DIR [--root-key FILE]',
  summary:
    'split the root key into shares, of which any K make it; one file each, to be handed to different people',
  options: { shares: { type: 'string' }, threshold: { type: 'string' }, out: { type: 'string' } },
  async run(options) {
    const [shares, threshold] = [options.whole('shares', 2, 255), options.whole('threshold', 2, 255)];
    if (shares === undefined || threshold === undefined || threshold > shares)
      throw new CodedError('usage', 'say --shares N and --threshold K, K at most N');
    const { formatShare, openRootKey, readRootKey, splitRoot, writeDurably } = await import(
      '@sallyport/vault'
    );
    const data = resolve(options.data);
    const file = join(data, 'installation.json');
    const path = existsSync(file)
      ? rootKeyPath(options.rootKey, (JSON.parse(readFileSync(file, 'utf8')) as { id: string }).id)
      : options.rootKey;
    if (path === undefined)
      throw new CodedError('usage', 'name the root key with --root-key FILE; it is made where there is none');
    openRootKey(path, data, !existsSync(file));
    const parts = splitRoot(readRootKey(path), shares, threshold);
    const files = parts.map((part) => join(options.needed('out'), `share-${part.at}`));
    for (const [at, part] of parts.entries()) writeDurably(files[at]!, `${formatShare(part)}\n`, 0o600, true);
    if (options.json) printJson({ rootId: parts[0]!.rootId, threshold, files });
    else
      print(
        ...files,
        '',
        `Any ${threshold} of them make the root key. Name them as \`keys.root.shareRefs\`, start, and then destroy \`${path}\`.`,
      );
    return 0;
  },
};
