/** A key encapsulation mechanism: whoever has the public key makes a secret that only the private key gives again. */
export interface Kem {
  readonly name: string;
  /** Its number as HPKE names it (RFC 9180, section 7.1, and draft-ietf-hpke-pq). */
  readonly id: number;
  readonly seedBytes: number;
  readonly publicKeyBytes: number;
  readonly encapsulatedBytes: number;
  /** The public key of a private one. @param seed `seedBytes` of them @throws RangeError for another length */
  publicKey(seed: Uint8Array): Uint8Array;
  /** @returns the secret, 32 bytes, and what is sent along. @throws RangeError for what is no public key */
  encapsulate(publicKey: Uint8Array): { readonly secret: Uint8Array; readonly encapsulated: Uint8Array };
  /** @returns the secret; another one for what was made for another key. @throws RangeError for what is none */
  decapsulate(seed: Uint8Array, encapsulated: Uint8Array): Uint8Array;
}

/** Says that bytes have the length they must have. @throws RangeError */
export function requireLength(bytes: Uint8Array, length: number, what: string): void {
  if (bytes.length !== length) throw new RangeError(`${what} has ${bytes.length} bytes instead of ${length}`);
}
