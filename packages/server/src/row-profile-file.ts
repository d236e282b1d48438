import { readFileSync } from 'node:fs';
import { CodedError, describeIssue, type RowProfile, rowProfileSchema } from '@sallyport/core';

/** Reads a profile of rows that `sallyport guard learn` wrote. @throws CodedError `profile-invalid` naming the file */
export function readProfile(path: string): RowProfile {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new CodedError('profile-invalid', `the profile \`${path}\` cannot be read`, { cause });
  }
  const read = rowProfileSchema.safeParse(value);
  if (!read.success) throw new CodedError('profile-invalid', `\`${path}\`: ${describeIssue(read.error)}`);
  return read.data;
}
