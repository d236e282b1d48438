import { createHash, generateKeyPairSync, sign, X509Certificate } from 'node:crypto';
import { initializeCA, initializeCTLog, initializeTLog } from '@sigstore/mock';
import { preAuthEncoding } from '../src/signing/dsse.ts';
import { BUNDLE_TYPE } from '../src/signing/sign-model.ts';

const pair = () => generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest();
const FOREVER = { start: '2020-01-01T00:00:00.000Z' };

/** What a log answers. */
interface LoggedEntry {
  readonly body: string;
  readonly integratedTime: number;
  readonly logID: string;
  readonly logIndex: number;
  readonly verification: {
    readonly signedEntryTimestamp: string;
    readonly inclusionProof: {
      readonly logIndex: number;
      readonly rootHash: string;
      readonly treeSize: number;
      readonly hashes: readonly string[];
      readonly checkpoint: string;
    };
  };
}

/** An authority, its logs, and who signs: what Sigstore is made of, on this machine. */
export async function sigstoreWorld() {
  const logs = { ct: pair(), transparency: pair() };
  const ct = await initializeCTLog(logs.ct);
  const authority = await initializeCA(pair(), ct);
  const log = await initializeTLog('https://rekor.test', logs.transparency);
  const publicKeyOf = (key: ReturnType<typeof pair>): { der: Buffer; id: Buffer } => {
    const der = key.publicKey.export({ format: 'der', type: 'spki' });
    return { der, id: sha256(der) };
  };
  const instance = (key: ReturnType<typeof pair>) => ({
    baseUrl: 'https://rekor.test',
    hashAlgorithm: 'SHA2_256',
    publicKey: {
      rawBytes: publicKeyOf(key).der.toString('base64'),
      keyDetails: 'PKIX_ECDSA_P256_SHA_256',
      validFor: FOREVER,
    },
    logId: { keyId: publicKeyOf(key).id.toString('base64') },
  });
  const root = Buffer.from(authority.rootCertificate as Uint8Array);
  const trustedRoot = JSON.stringify({
    mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
    tlogs: [instance(logs.transparency)],
    ctlogs: [instance(logs.ct)],
    certificateAuthorities: [
      {
        subject: { organization: 'test', commonName: 'test' },
        uri: 'https://fulcio.test',
        certChain: { certificates: [{ rawBytes: root.toString('base64') }] },
        validFor: FOREVER,
      },
    ],
    timestampAuthorities: [],
  });

  /** Signs a payload as somebody. @returns a bundle, as text */
  const bundle = async (payload: Uint8Array, identity: string, issuer: string): Promise<string> => {
    const key = pair();
    const der = key.publicKey.export({ format: 'der', type: 'spki' });
    const leaf = Buffer.from(
      (await authority.issueCertificate({
        publicKey: der,
        subjectAltName: identity,
        extensions: [{ oid: '1.3.6.1.4.1.57264.1.1', value: issuer, legacy: true }],
      })) as Uint8Array,
    );
    const type = 'application/vnd.in-toto+json';
    const signature = sign('sha256', preAuthEncoding(type, payload), key.privateKey).toString('base64');
    const [entry] = Object.values(
      (await log.log({
        apiVersion: '0.0.1',
        kind: 'dsse',
        spec: {
          payloadHash: { algorithm: 'sha256', value: sha256(payload).toString('hex') },
          signatures: [
            { signature, verifier: Buffer.from(new X509Certificate(leaf).toString()).toString('base64') },
          ],
        },
      })) as Record<string, LoggedEntry>,
    );
    const { inclusionProof, signedEntryTimestamp } = entry!.verification;
    return JSON.stringify({
      mediaType: BUNDLE_TYPE,
      verificationMaterial: {
        certificate: { rawBytes: leaf.toString('base64') },
        tlogEntries: [
          {
            logIndex: String(entry!.logIndex),
            logId: { keyId: Buffer.from(entry!.logID, 'hex').toString('base64') },
            kindVersion: { kind: 'dsse', version: '0.0.1' },
            integratedTime: String(entry!.integratedTime),
            inclusionPromise: { signedEntryTimestamp },
            inclusionProof: {
              logIndex: String(inclusionProof.logIndex),
              rootHash: Buffer.from(inclusionProof.rootHash, 'hex').toString('base64'),
              treeSize: String(inclusionProof.treeSize),
              hashes: inclusionProof.hashes.map((one) => Buffer.from(one, 'hex').toString('base64')),
              checkpoint: { envelope: inclusionProof.checkpoint },
            },
            canonicalizedBody: entry!.body,
          },
        ],
      },
      dsseEnvelope: {
        payload: Buffer.from(payload).toString('base64'),
        payloadType: type,
        signatures: [{ sig: signature, keyid: '' }],
      },
    });
  };
  return { trustedRoot, bundle };
}
