import { CodedError } from '@sallyport/core';

const DECIMAL = /^(0|[1-9]\d{0,19})$/;
const PAST = 1n << 64n;

/** A number of 64 bits as C2SP writes sizes and indices: decimal, without zeros ahead. @returns null for any other text */
export function sixtyFourBits(text: string): bigint | null {
  const value = DECIMAL.test(text) ? BigInt(text) : PAST;
  return value < PAST ? value : null;
}

/** Whether the code here can hold a size or an index: logs of up to 2⁵³ − 1 entries. */
export const isHeld = (value: bigint): boolean => value <= BigInt(Number.MAX_SAFE_INTEGER);

/** A size or an index as a number. @throws CodedError `ledger-corrupt` where it is lawful and more than can be held here */
export function heldNumber(value: bigint): number {
  if (!isHeld(value))
    throw new CodedError(
      'ledger-corrupt',
      `\`${value}\` is more than can be held here: logs of up to 2^53 - 1 entries are read`,
    );
  return Number(value);
}
