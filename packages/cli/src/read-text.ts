import { readFileSync } from 'node:fs';
import { CodedError } from '@sallyport/core';

/** A file that somebody named, as text. @throws CodedError `usage` where it cannot be read */
export function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    throw new CodedError('usage', `the file \`${path}\` cannot be read`);
  }
}
