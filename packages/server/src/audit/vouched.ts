import { type NoteSigner, parseVerifierKey, verifyRaw } from '@sallyport/ledger';
import type { Divergence } from '../state-watch.ts';

/** What a server said of rows that grant something, when it was asked with a number drawn for that. */
export interface Told {
  readonly nonce: string;
  readonly rows: readonly Divergence[];
  /** By each key of its log: base64. */
  readonly seals: readonly string[];
}

const vouchedBytes = (nonce: string, rows: readonly Divergence[]): Buffer =>
  Buffer.from(`sallyport-state/1\n${nonce}\n${JSON.stringify(rows.map(({ row, why }) => [row, why]))}`);

/** Signs what a server says, so that nothing else that answers in the data folder is taken for it. */
export const vouch = (signers: readonly NoteSigner[], nonce: string, rows: readonly Divergence[]): string[] =>
  signers.map((signer) => Buffer.from(signer.sign(vouchedBytes(nonce, rows))).toString('base64'));

/** Whether a server said it that has the key of the log. */
export function isVouched({ nonce, rows, seals }: Told, verifierKey: string): boolean {
  try {
    const key = parseVerifierKey(verifierKey);
    return seals.some((seal) => verifyRaw(key, vouchedBytes(nonce, rows), Buffer.from(seal, 'base64')));
  } catch {
    return false;
  }
}
