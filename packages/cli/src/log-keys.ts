import { existsSync } from 'node:fs';
import { CodedError } from '@sallyport/core';
import { parseVerifierKey } from '@sallyport/ledger';
import { readText } from './read-text.ts';

/**
 * Keys that verify a log, as someone names them: the text of one, or a file that holds one a line.
 * @throws CodedError `usage`
 */
export function logKeys(named: string): string[] {
  const text = existsSync(named) ? readText(named) : named;
  const keys = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  for (const key of keys) {
    try {
      parseVerifierKey(key);
    } catch {
      throw new CodedError(
        'usage',
        'name a file such as `verifier.key`, or the key itself: `sallyport.local/ID+HASH+KEY`',
      );
    }
  }
  if (keys.length === 0) throw new CodedError('usage', `\`${named}\` holds no key`);
  return keys;
}
