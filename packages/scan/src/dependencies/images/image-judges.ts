import { findSecrets } from '@sallyport/guard';
import type { ByteSource } from '../../bytes/byte-source.ts';
import { printable } from '../../text/printable.ts';
import { INSTALLED_READERS, type Installed, UNREAD_DATABASES } from './installed-packages.ts';

/** Longer notes of a release are none. */
const RELEASE_BYTES_MAX = 1024 * 1024;
const SECRET_BYTES_MAX = 256 * 1024;
const FAULT_CHARACTERS_MAX = 120;

/** Files in which people and their tools leave keys. */
const SECRET_NAMES: readonly RegExp[] = [
  /(?:^|\/)\.(?:env[\w.-]*|npmrc|pypirc|netrc|git-credentials|dockercfg|vault-token)$/i,
  /(?:^|\/)\.(?:docker\/config\.json|aws\/credentials|kube\/config|(?:cache\/)?huggingface\/token)$/i,
  /(?:^|\/)id_(?:rsa|dsa|ecdsa|ed25519)$/i,
];
const SECRET_WORD = /secret|credential|service[_-]?account/i;
const SETTINGS = /\.(?:json|ya?ml|toml|ini|env|txt)$/i;

function namesSecret(path: string): boolean {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return (SETTINGS.test(name) && SECRET_WORD.test(name)) || SECRET_NAMES.some((one) => one.test(path));
}

/** What a file says under a name. */
export interface Told {
  readonly installed: readonly Installed[];
  /** Ids of rules, none twice. */
  readonly secrets: readonly string[];
  /** Text of `os-release`. */
  readonly release: string | null;
  /** In words; what of it could not be read. */
  readonly fault: string | null;
}
const NOTHING: Told = { installed: [], secrets: [], release: null, fault: null };

/** One way of reading a file, which its name asks for. */
export interface Judge {
  readonly name: string;
  matches(path: string, mode: number): boolean;
  tell(source: ByteSource, path: string): Told;
}

const faultIn = (path: string, why: string): string =>
  `\`${printable(path)}\` (${printable(why).slice(0, FAULT_CHARACTERS_MAX)})`;

const textOf = (source: ByteSource): string => Buffer.from(source.read(0, source.size)).toString('utf8');

/** Every way of reading a file of an image by its name. */
const JUDGES: readonly Judge[] = [
  {
    name: 'release',
    matches: (path) => /^(?:etc|usr\/lib)\/os-release$/.test(path),
    tell: (source) =>
      source.size > RELEASE_BYTES_MAX
        ? { ...NOTHING, fault: 'a note of its release, which is too large' }
        : { ...NOTHING, release: textOf(source) },
  },
  ...UNREAD_DATABASES.map(
    ({ name, matches }): Judge => ({
      name,
      matches,
      tell: (source) => (source.size === 0 ? NOTHING : { ...NOTHING, fault: name }),
    }),
  ),
  {
    name: 'secret',
    matches: namesSecret,
    tell: (source) =>
      source.size > SECRET_BYTES_MAX
        ? NOTHING
        : { ...NOTHING, secrets: [...new Set(findSecrets(textOf(source)).map(({ id }) => id))] },
  },
  ...INSTALLED_READERS.map(
    (reader): Judge => ({
      name: reader.name,
      matches: (path, mode) => reader.matches(path, mode),
      tell: (source, path) => {
        if (source.size > reader.bytesMax)
          return { ...NOTHING, fault: `\`${printable(path)}\`, which is too large` };
        try {
          const read = reader.read(source, path);
          if (!('fault' in read)) return { ...NOTHING, installed: read };
          return { ...NOTHING, ...read, fault: read.fault === null ? null : faultIn(path, read.fault) };
        } catch (fault) {
          return { ...NOTHING, fault: faultIn(path, (fault as Error).message) };
        }
      },
    }),
  ),
];

/** How a file is read under a name. @param mode its permissions */
export const judgesOf = (path: string, mode: number): readonly Judge[] =>
  JUDGES.filter((judge) => judge.matches(path, mode));
