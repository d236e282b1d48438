import { readFileSync } from 'node:fs';
import { CodedError } from '@sallyport/core';
import { resolveSecret } from '@sallyport/server/local';
import {
  type AgeIdentity,
  type AgeRecipient,
  parseIdentity,
  parseRecipient,
  passphraseIdentity,
  passphraseRecipient,
} from '@sallyport/vault';
import type { Options } from './options.ts';
import { readText } from './read-text.ts';

/** Options that say who can open what is sealed. */
export const RECIPIENT_OPTIONS = {
  to: { type: 'string', multiple: true },
  'passphrase-ref': { type: 'string' },
} as const;

/** Options that say with what it is opened. */
export const IDENTITY_OPTIONS = {
  identity: { type: 'string', multiple: true },
  'passphrase-ref': { type: 'string' },
} as const;

function passphrase(options: Options): string | null {
  const ref = options.text('passphrase-ref');
  if (ref === undefined) return null;
  const value = resolveSecret(ref);
  if (value === null) throw new CodedError('usage', `--passphrase-ref: \`${ref}\` holds nothing`);
  return value;
}

/** Recipients that `--to` names: themselves, or files of them, as `vault identity` writes beside an identity or one a line. @throws CodedError `usage` */
export const recipientTexts = (options: Options): string[] =>
  options.texts('to').flatMap((named) => {
    if (/^age1/i.test(named)) return [named];
    let text: string;
    try {
      text = readText(named);
    } catch (cause) {
      throw new CodedError('usage', `\`--to ${named}\` is neither a recipient (age1…) nor a file of them`, {
        cause,
      });
    }
    const found = text.split('\n').flatMap((line) => {
      const plain = line.trim().replace(/^# public key: /, '');
      return plain.startsWith('age1') ? [plain] : [];
    });
    if (found.length === 0) throw new CodedError('usage', `\`${named}\` names no recipient (age1…)`);
    return found;
  });

/** Who can open what is sealed: `--to age1…`, a file of such, or a passphrase. @throws CodedError `usage` */
export function recipientsOf(options: Options): AgeRecipient[] {
  const words = passphrase(options);
  const named = recipientTexts(options).map(parseRecipient);
  return words === null ? named : [...named, passphraseRecipient(words)];
}

/** With what it is opened: files of identities as `age-keygen` and `sallyport vault identity` write them, or a passphrase. @throws CodedError `usage` */
export function identitiesOf(options: Options): AgeIdentity[] {
  const words = passphrase(options);
  const named = options.texts('identity').flatMap((path) => {
    let text: string;
    try {
      text = readFileSync(path, 'utf8');
    } catch (cause) {
      throw new CodedError('usage', `\`${path}\` cannot be read`, { cause });
    }
    const lines = text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'));
    if (lines.length === 0) throw new CodedError('usage', `\`${path}\` holds no identity`);
    return lines.map(parseIdentity);
  });
  return words === null ? named : [...named, passphraseIdentity(words)];
}
