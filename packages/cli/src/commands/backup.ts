import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { CodedError } from '@sallyport/core';
import {
  type BackupDrill,
  type BackupMade,
  loadConfig,
  resolveSecret,
  restoring,
} from '@sallyport/server/local';
import { withClient } from '../client.ts';
import type { Command } from '../commands.ts';
import { IDENTITY_OPTIONS, identitiesOf, recipientTexts } from '../identities.ts';
import { logKeys } from '../log-keys.ts';
import { print, printJson, table, warn } from '../output.ts';

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
const size = (bytes: number): string =>
  bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;

/** Makes a backup, of a server that runs or of a folder at rest. */
export const backup: Command = {
  name: 'backup',
  usage: 'backup [FILE] [--to RECIPIENT|FILE …] [--keys]',
  summary:
    'back up everything while it serves, or (--keys) the keys that lie apart from it; read again before it counts',
  options: { to: { type: 'string', multiple: true }, keys: { type: 'boolean' } },
  async run(options) {
    const [file] = options.positionals;
    const recipients = recipientTexts(options);
    const made = await withClient(options, (client) =>
      client.call<BackupMade>('POST', '/api/v1/backups', {
        of: options.flag('keys') ? 'keys' : 'data',
        ...(file === undefined ? {} : { file: resolve(file) }),
        ...(recipients.length === 0 ? {} : { recipients }),
      }),
    );
    if (options.json) printJson(made);
    else
      print(
        made.file,
        `${made.files} files, ${size(made.bytes)}, ${seconds(made.tookMs)}; SHA-256 ${made.sha256}`,
        made.of === 'keys'
          ? `Keep it where the data is not, with the identity that opens it and a copy of ${join(options.data, 'ledger', 'verifier.key')}: another machine restores it with \`--identity\` and \`--trust\`.`
          : made.recipients === 0
            ? 'It opens with the keys of this installation only: back them up too, with `sallyport backup --keys --to RECIPIENT`; `sallyport vault identity --out FILE` makes one.'
            : `It opens with the keys of this installation, and for ${made.recipients} others.`,
      );
    return 0;
  },
};

/** Lists backups. */
export const backupList: Command = {
  name: 'backup list',
  usage: 'backup list',
  summary: 'list the backups in `backup.folder`, the newest first',
  async run(options) {
    const listing = await withClient(options, (client) =>
      client.call<{
        folder: string | null;
        backups: { file: string; bytes: number; at: string }[];
      }>('GET', '/api/v1/backups'),
    );
    if (options.json) printJson(listing);
    else if (listing.folder === null)
      print('No backups are made by themselves: set `backup.folder` in sallyport.yaml.');
    else
      print(
        ...table(
          ['MADE', 'SIZE', 'FILE'],
          listing.backups.map(({ file, bytes, at }) => [at, size(bytes), file]),
        ),
      );
    return 0;
  },
};

/** Restores a backup into a folder of its own, and removes it again. */
export const backupDrill: Command = {
  name: 'backup drill',
  usage: 'backup drill [FILE]',
  summary: 'restore a backup to see that it can be, and how long that takes; nothing of it stays',
  async run(options) {
    const [file] = options.positionals;
    const drill = await withClient(options, (client) =>
      client.call<BackupDrill>(
        'POST',
        '/api/v1/backups/drill',
        file === undefined ? {} : { file: resolve(file) },
      ),
    );
    if (options.json) printJson(drill);
    else
      print(
        drill.file,
        `${drill.passed ? 'restored' : 'FAILED'} in ${seconds(drill.tookMs)}: ${drill.detail}`,
      );
    return drill.passed ? 0 : 1;
  },
};

/** Restores a backup. */
export const restore: Command = {
  name: 'restore',
  usage:
    'restore FILE [--data DIR] [--identity FILE …] [--passphrase-ref env:NAME] [--trust KEY …] [--trust-unsigned]',
  summary:
    'restore a backup of data into an empty folder, or one of keys to where they belong; all of it, verified, or nothing',
  options: {
    ...IDENTITY_OPTIONS,
    trust: { type: 'string', multiple: true },
    'trust-unsigned': { type: 'boolean' },
  },
  async run(options) {
    const [file] = options.positionals;
    if (file === undefined) throw new CodedError('usage', 'name a backup');
    if (!existsSync(file)) throw new CodedError('usage', `there is no file \`${file}\``);
    const config = loadConfig(options.config);
    const { BEFORE_USE, holdsAgain, knownLogKeys, ownIdentities, restoreBackup } = await restoring();
    const named = identitiesOf(options);
    const identities = named.length > 0 ? named : await ownIdentities(config, options.rootKey);
    if (identities.length === 0)
      throw new CodedError(
        'usage',
        'this machine has no key that opens backups: restore the backup of the keys first (`sallyport restore KEYS.age --identity FILE`), or name with --identity FILE what opens this one',
      );
    const database = config.database ? resolveSecret(config.database.urlRef) : null;
    const unsigned = options.flag('trust-unsigned');
    if (unsigned)
      warn('a backup without a signature may have been made by anyone: what it grants is granted here');
    const trusted = options.texts('trust').flatMap((key) => logKeys(key));
    const trust = { keys: [...trusted, ...knownLogKeys(options.rootKey)], unsigned };
    const restored = await restoreBackup(file, identities, options.data, trust, {
      ...(options.rootKey === undefined ? {} : { rootKey: options.rootKey }),
      ...(database === null ? {} : { databaseUrl: database }),
    });
    if (options.json) printJson(restored);
    else if (restored.about.of === 'keys') print(`the keys of ${restored.about.id} lie where they belong`);
    else
      print(
        `${options.data}: installation ${restored.about.id} as of ${restored.about.at}`,
        `${restored.files} files, ${restored.rows} rows, ${restored.entries} entries of the log, which verifies; ${seconds(restored.tookMs)}`,
        `As of then: ${holdsAgain(restored.about.at)}. ${BEFORE_USE}.`,
      );
    return 0;
  },
};
