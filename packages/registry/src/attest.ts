import { type KeyObject, verify } from 'node:crypto';
import { type Attestation, clock, newId } from '@sallyport/core';
import { type Envelope, envelope, preAuthEncoding } from './signing/dsse.ts';

/** What signs statements of this installation. */
export interface Attester {
  /** Name of the key, as the log's verifier knows it. */
  readonly keyId: string;
  /** 32 raw bytes. */
  readonly publicKey: Uint8Array;
  /** Ed25519 (RFC 8032) over the bytes. */
  sign(bytes: Uint8Array): Uint8Array;
}

/** Predicates by what they say. Tests have one of in-toto; what we say of scans, signatures and approvals is our own. */
const PREDICATES: Readonly<Record<Attestation['kind'], string>> = {
  scan: 'urn:sallyport:predicate:scan:v1',
  signature: 'urn:sallyport:predicate:signature:v1',
  approval: 'urn:sallyport:predicate:approval:v1',
  test: 'https://in-toto.io/attestation/test-result/v0.1',
  promotion: 'https://slsa.dev/verification_summary/v1',
};

let latestMs = 0;

/** Says something about a digest and signs it (in-toto Attestation Framework v1, DSSE). */
export function attest(
  attester: Attester,
  said: Pick<Attestation, 'digest' | 'kind' | 'passed' | 'summary' | 'actor'>,
  name: string,
  predicate: object,
): Attestation {
  // The latest statement of a kind counts, so no two are of the same millisecond.
  latestMs = Math.max(latestMs + 1, clock.nowMs());
  const at = new Date(latestMs).toISOString();
  const signed = envelope(
    {
      _type: 'https://in-toto.io/Statement/v1',
      subject: [{ name, digest: { sha256: said.digest } }],
      predicateType: PREDICATES[said.kind],
      predicate: { ...predicate, result: said.passed ? 'PASSED' : 'FAILED', by: said.actor, at },
    },
    (bytes) => attester.sign(bytes),
    attester.keyId,
  );
  return { id: newId('att'), ...said, envelope: JSON.stringify(signed), at };
}

/** What an attestation of this installation says. */
export interface Said {
  /** Of its subject: the target it was said of. */
  readonly name: string;
  /** Of its subject. */
  readonly digest: string;
  readonly passed: boolean;
  /** The actor who had it said. */
  readonly by: string;
}

/** What an attestation says; its signature is not looked at. */
export function statedOf({ envelope: text }: Attestation): Said {
  const { payload } = JSON.parse(text) as Envelope;
  const { subject, predicate } = JSON.parse(Buffer.from(payload, 'base64').toString()) as {
    subject: { name: string; digest: { sha256: string } }[];
    predicate: { by: string; result: string };
  };
  const { name, digest } = subject[0]!;
  return { name, digest: digest.sha256, passed: predicate.result === 'PASSED', by: predicate.by };
}

/** Whether who had a test said was not behind what it is of when that was said; earlier releases do not say. */
export function isIndependent({ envelope: text }: Attestation): boolean {
  const { payload } = JSON.parse(text) as Envelope;
  const { predicate } = JSON.parse(Buffer.from(payload, 'base64').toString()) as {
    predicate: { independent?: boolean };
  };
  return predicate.independent === true;
}

/** Who signed, as the attestation of a signature says: the signer by its name here, and its key or identity. */
export function signerOf({ envelope: text }: Attestation): {
  readonly signer: string | null;
  readonly identity: string | null;
} {
  const { payload } = JSON.parse(text) as Envelope;
  const { predicate } = JSON.parse(Buffer.from(payload, 'base64').toString()) as {
    predicate: { signer?: string | null; identity?: string | null };
  };
  return { signer: predicate.signer ?? null, identity: predicate.identity ?? null };
}

/** Opens an attestation. @returns null where its signature is not of the key */
export function openAttestation(attestation: Attestation, key: KeyObject): Said | null {
  const { payload, payloadType, signatures } = JSON.parse(attestation.envelope) as Envelope;
  const bytes = Buffer.from(payload, 'base64');
  const signature = Buffer.from(signatures[0]!.sig, 'base64');
  return verify(null, preAuthEncoding(payloadType, bytes), key, signature) ? statedOf(attestation) : null;
}
