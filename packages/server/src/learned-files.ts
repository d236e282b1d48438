import { readFileSync } from 'node:fs';
import { CodedError, describeIssue, type RowProfile, rowProfileSchema } from '@sallyport/core';
import { TrainingEcho } from '@sallyport/guard';

/**
 * Reads a profile of rows that `sallyport guard learn` wrote.
 * @param bytes its content, where that was read already
 * @throws CodedError `profile-invalid` naming the file
 */
export function readProfile(path: string, bytes?: Uint8Array): RowProfile {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes ?? readFileSync(path)).toString('utf8'));
  } catch (cause) {
    throw new CodedError('profile-invalid', `the profile \`${path}\` cannot be read`, { cause });
  }
  const read = rowProfileSchema.safeParse(value);
  if (!read.success) throw new CodedError('profile-invalid', `\`${path}\`: ${describeIssue(read.error)}`);
  return read.data;
}

/**
 * Reads a filter of training texts that `sallyport guard learn-texts` wrote, into memory that threads share.
 * @param content of it, where that was read already
 * @throws CodedError `profile-invalid` naming the file
 */
export function readTrainingEcho(path: string, content?: Uint8Array): Uint8Array {
  try {
    const bytes = content ?? readFileSync(path);
    const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
    shared.set(bytes);
    TrainingEcho.parse(shared);
    return shared;
  } catch (cause) {
    throw new CodedError('profile-invalid', `\`${path}\`: ${(cause as Error).message}`, { cause });
  }
}
