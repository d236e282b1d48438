import { argon2Sync, randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { CodedError, type KeyProvider } from '@sallyport/core';
import { writeDurably } from '../durable.ts';
import { ROOT_KEY_BYTES, secretRoot } from './secret-root.ts';

/** What it costs to try a passphrase: argon2id (RFC 9106, second recommended option). */
const COST = { memoryKib: 65_536, passes: 3, parallelism: 4 } as const;
const COST_MAX = { memoryKib: 1_048_576, passes: 16, parallelism: 16 } as const;
const SALT_BYTES = 16;
const PASSPHRASE_CHARACTERS_MIN = 12;
const CONTEXT = Buffer.from('sallyport root under a passphrase');

/** A root key under a passphrase, as a file holds it. */
interface PassphraseFile {
  readonly kdf: 'argon2id';
  readonly memoryKib: number;
  readonly passes: number;
  readonly parallelism: number;
  readonly salt: string;
  readonly wrapped: string;
}

function derive(passphrase: string, { memoryKib, passes, parallelism, salt }: PassphraseFile): Uint8Array {
  return argon2Sync('argon2id', {
    message: Buffer.from(passphrase.normalize('NFKC')),
    nonce: Buffer.from(salt, 'base64'),
    memory: memoryKib,
    passes,
    parallelism,
    tagLength: ROOT_KEY_BYTES,
  });
}

/** Reads a file; what it asks for is bounded, for it may have been changed. @throws CodedError `root-key-wrong` */
function read(path: string): PassphraseFile {
  const wrong = new CodedError('root-key-wrong', `\`${path}\` holds no root key under a passphrase`);
  let file: PassphraseFile;
  try {
    file = JSON.parse(readFileSync(path, 'utf8')) as PassphraseFile;
  } catch {
    throw wrong;
  }
  const fits = (field: keyof typeof COST): boolean =>
    Number.isSafeInteger(file[field]) && file[field] >= 1 && file[field] <= COST_MAX[field];
  if (file.kdf !== 'argon2id' || !fits('memoryKib') || !fits('passes') || !fits('parallelism')) throw wrong;
  return file;
}

/**
 * Opens the root key that lies under a passphrase, or makes one.
 * @param create whether a missing file is made: only for a new data folder
 * @throws CodedError `root-key-missing`, `root-key-wrong`, `usage` for a passphrase that is too short
 */
export async function openPassphraseRoot(
  path: string,
  passphrase: string,
  create: boolean,
): Promise<KeyProvider> {
  if (!existsSync(path)) {
    if (!create) throw new CodedError('root-key-missing', `no root key at \`${path}\`; restore it`);
    if ([...passphrase].length < PASSPHRASE_CHARACTERS_MIN)
      throw new CodedError(
        'usage',
        `a passphrase for the root key has at least ${PASSPHRASE_CHARACTERS_MIN} characters`,
      );
    const bare = {
      kdf: 'argon2id',
      ...COST,
      salt: randomBytes(SALT_BYTES).toString('base64'),
      wrapped: '',
    } as const;
    const outer = secretRoot('passphrase', derive(passphrase, bare), 'the passphrase');
    const wrapped = Buffer.from(await outer.wrap(randomBytes(ROOT_KEY_BYTES), CONTEXT)).toString('base64');
    writeDurably(path, `${JSON.stringify({ ...bare, wrapped })}\n`, 0o600, true);
  }
  const file = read(path);
  const outer = secretRoot('passphrase', derive(passphrase, file), `the passphrase of \`${path}\``);
  const key = await outer.unwrap(Buffer.from(file.wrapped, 'base64'), CONTEXT);
  return secretRoot('passphrase', key, `the root key \`${path}\``);
}
