/** Payload type of in-toto statements. */
export const IN_TOTO_TYPE = 'application/vnd.in-toto+json';

/** A signed envelope (DSSE, github.com/secure-systems-lab/dsse, protocol v1). */
export interface Envelope {
  /** Base64. */
  readonly payload: string;
  readonly payloadType: string;
  readonly signatures: readonly { readonly sig: string; readonly keyid?: string }[];
}

/** What is signed of an envelope: type and payload, each with its length. @param prefix some early signers wrote `DSSEV1` */
export function preAuthEncoding(
  type: string,
  payload: Uint8Array,
  prefix: 'DSSEv1' | 'DSSEV1' = 'DSSEv1',
): Buffer {
  return Buffer.concat([
    Buffer.from(`${prefix} ${Buffer.byteLength(type)} ${type} ${payload.length} `, 'utf8'),
    payload,
  ]);
}

/** A statement about artefacts (in-toto Attestation Framework, Statement v1). */
export interface Statement {
  readonly _type: 'https://in-toto.io/Statement/v1';
  readonly subject: readonly { readonly name?: string; readonly digest: Readonly<Record<string, string>> }[];
  readonly predicateType: string;
  readonly predicate: unknown;
}

/** Signs a statement. @param sign returns a raw signature of the bytes it is given */
export function envelope(
  statement: Statement,
  sign: (bytes: Uint8Array) => Uint8Array,
  keyid = '',
): Envelope {
  const payload = Buffer.from(JSON.stringify(statement));
  return {
    payload: payload.toString('base64'),
    payloadType: IN_TOTO_TYPE,
    signatures: [
      { sig: Buffer.from(sign(preAuthEncoding(IN_TOTO_TYPE, payload))).toString('base64'), keyid },
    ],
  };
}
