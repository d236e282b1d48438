import { createReadStream, existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { CodedError } from '@sallyport/core';
import { decryptAge, encryptAge, newIdentity, writeDurably, writePieces } from '@sallyport/vault';
import type { Command } from '../commands.ts';
import { IDENTITY_OPTIONS, identitiesOf, RECIPIENT_OPTIONS, recipientsOf } from '../identities.ts';
import type { Options } from '../options.ts';
import { print, printJson } from '../output.ts';

const ENDING = '.age';

function source(options: Options): { path: string; pieces: AsyncIterable<Buffer> } {
  const [path] = options.positionals;
  if (path === undefined) throw new CodedError('usage', 'name a file');
  if (!existsSync(path)) throw new CodedError('usage', `there is no file \`${path}\``);
  return { path, pieces: createReadStream(path) as AsyncIterable<Buffer> };
}

async function write(
  options: Options,
  otherwise: string | null,
  pieces: AsyncIterable<Uint8Array>,
): Promise<number> {
  const out = options.text('out') ?? otherwise;
  if (out === null)
    throw new CodedError('usage', `say where to with --out FILE: the name does not end in \`${ENDING}\``);
  if (existsSync(out)) throw new CodedError('usage', `\`${out}\` is there already`);
  await writePieces(resolve(out), pieces, 0o600, true);
  if (options.json) printJson({ file: out });
  else print(out);
  return 0;
}

/** Seals a file for others. */
export const sealCommand: Command = {
  name: 'seal',
  usage: 'seal FILE --to RECIPIENT … | --passphrase-ref env:NAME [--out FILE]',
  summary:
    'seal a file of any size for whom you name (an age file); `age1pq1…` is safe from quantum computers',
  options: { ...RECIPIENT_OPTIONS, out: { type: 'string' } },
  async run(options) {
    const { path, pieces } = source(options);
    const recipients = recipientsOf(options);
    return write(options, `${path}${ENDING}`, encryptAge(recipients, pieces));
  },
};

/** Opens a sealed file. */
export const openCommand: Command = {
  name: 'open',
  usage: 'open FILE.age --identity FILE … | --passphrase-ref env:NAME [--out FILE]',
  summary: 'open a sealed file; where any byte of it was changed, nothing of it is written',
  options: { ...IDENTITY_OPTIONS, out: { type: 'string' } },
  async run(options) {
    const { path, pieces } = source(options);
    const identities = identitiesOf(options);
    if (identities.length === 0)
      throw new CodedError('usage', 'say with what: --identity FILE, or --passphrase-ref');
    const otherwise = path.endsWith(ENDING) ? path.slice(0, -ENDING.length) : null;
    return write(options, otherwise, decryptAge(identities, pieces));
  },
};

/** Makes a pair of keys for sealed files and backups. */
export const vaultIdentity: Command = {
  name: 'vault identity',
  usage: 'vault identity --out FILE',
  summary:
    'make a pair of keys for sealed files and backups; prints whom to name, the file opens them: keep it elsewhere',
  options: { out: { type: 'string' } },
  async run(options) {
    const { identity, recipient } = newIdentity();
    const out = options.needed('out');
    if (existsSync(out)) throw new CodedError('usage', `\`${out}\` is there already`);
    writeDurably(resolve(out), `# public key: ${recipient}\n${identity}\n`, 0o600, true);
    if (options.json) printJson({ file: out, recipient });
    else print(recipient);
    return 0;
  },
};
