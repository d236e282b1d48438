import { CodedError } from '@sallyport/core';

/** Whether a fault says that what was asked acts, though it is not stored or recorded. */
export const isInForce = (fault: unknown): boolean =>
  fault instanceof CodedError && fault.code === 'not-recorded-yet';

/** Makes a change that shuts someone out, and does what follows from it also where it is not stored yet. @throws CodedError as the change */
export async function inForce<T>(change: () => Promise<T>, follow: () => Promise<void>): Promise<T> {
  let done: T;
  try {
    done = await change();
  } catch (fault) {
    if (isInForce(fault)) await follow();
    throw fault;
  }
  await follow();
  return done;
}
