import { createPublicKey, type KeyObject, verify, X509Certificate } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { CodedError, clock } from '@sallyport/core';
import { z } from 'zod';
import { IN_TOTO_TYPE, preAuthEncoding } from './dsse.ts';
import { ignoredPath } from './model-files.ts';
import {
  fileOf,
  fromStatement,
  type HashWatcher,
  type ModelManifest,
  manifestOf,
  type Resource,
  type Serialization,
} from './model-manifest.ts';
import { digestFor, keyHint, readCertificates } from './sign-model.ts';

/** Whom to trust for a signature. */
export type Trust =
  | { readonly kind: 'key' /** PEM. */; readonly publicKey: string }
  | { readonly kind: 'certificates' /** PEM of roots. */; readonly roots: string }
  | {
      readonly kind: 'sigstore';
      /** `trusted_root.json`: authorities and logs, kept here so that nobody is asked. */
      readonly trustedRoot: string;
      /** Who must have signed, as the certificate says it, such as an address. */
      readonly identity: string;
      /** Who vouched for that identity. */
      readonly issuer: string;
    };

/** Who signed. */
export interface ModelSigner {
  readonly kind: Trust['kind'];
  /** Hint of the key, subject of the certificate, or identity. */
  readonly name: string;
}

/** What a signature was found to cover. */
export interface VerifiedModel {
  readonly signer: ModelSigner;
  readonly manifest: ModelManifest;
}

const MESSAGE_NAMES_MAX = 5;
const BUNDLE_BYTES_MAX = 256 * 1024 * 1024;

const bundleSchema = z.object({
  mediaType: z
    .string()
    .regex(/^application\/vnd\.dev\.sigstore\.bundle(?:\.v0\.3\+json|\+json;version=0\.[123])$/),
  verificationMaterial: z.object({
    publicKey: z.object({ hint: z.string().default('') }).optional(),
    x509CertificateChain: z
      .object({ certificates: z.array(z.object({ rawBytes: z.string() })).min(1) })
      .optional(),
    certificate: z.object({ rawBytes: z.string() }).optional(),
  }),
  dsseEnvelope: z.object({
    payload: z.string(),
    payloadType: z.literal(IN_TOTO_TYPE),
    signatures: z.array(z.object({ sig: z.string() })).length(1),
  }),
});
type Bundle = z.infer<typeof bundleSchema>;

const refuse = (why: string): CodedError => new CodedError('signature-invalid', why);

function parseBundle(text: string): Bundle {
  if (text.length > BUNDLE_BYTES_MAX) throw refuse('the signature is larger than any may be');
  try {
    return bundleSchema.parse(JSON.parse(text));
  } catch {
    throw refuse('the signature is not a bundle with one signed statement');
  }
}

/** Early signers wrote the prefix of what is signed with a capital letter; it binds type and payload all the same. */
function holds(bundle: Bundle, key: KeyObject): boolean {
  const { payload, payloadType, signatures } = bundle.dsseEnvelope;
  const bytes = Buffer.from(payload, 'base64');
  const signature = Buffer.from(signatures[0]!.sig, 'base64');
  return (['DSSEv1', 'DSSEV1'] as const).some((prefix) =>
    verify(digestFor(key), preAuthEncoding(payloadType, bytes, prefix), key, signature),
  );
}

function byKey(bundle: Bundle, pem: string): ModelSigner {
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch {
    throw new CodedError('usage', 'the public key cannot be read');
  }
  const hint = keyHint(key);
  if (!bundle.verificationMaterial.publicKey) throw refuse('it was not signed with a key alone');
  const named = bundle.verificationMaterial.publicKey.hint;
  if (/^[0-9a-f]{64}$/.test(named) && named !== hint) throw refuse('it was signed with another key');
  if (!holds(bundle, key)) throw refuse('the signature is not of this key, or what it covers was changed');
  return { kind: 'key', name: hint };
}

const CODE_SIGNING = '1.3.6.1.5.5.7.3.3';

/** Follows a chain from its leaf to one of the roots; each certificate must be valid now, for nothing says when it was used. */
function byCertificates(bundle: Bundle, rootsPem: string): ModelSigner {
  const roots = readCertificates(rootsPem);
  if (roots.length === 0) throw new CodedError('usage', 'there is no root certificate to trust');
  const listed = bundle.verificationMaterial.x509CertificateChain?.certificates ?? [];
  let chain: X509Certificate[];
  try {
    chain = listed.map(({ rawBytes }) => new X509Certificate(Buffer.from(rawBytes, 'base64')));
  } catch {
    throw refuse('it holds a certificate that cannot be read');
  }
  const [leaf] = chain;
  if (!leaf) throw refuse('it was not signed with a certificate');
  if (leaf.ca) throw refuse('the certificate that signed is one of an authority');
  if (leaf.keyUsage && !leaf.keyUsage.includes(CODE_SIGNING))
    throw refuse('the certificate that signed is not for signing code');
  const nowMs = clock.nowMs();
  let at = leaf;
  for (const above of [...chain.slice(1), null]) {
    if (nowMs < Date.parse(at.validFrom) || nowMs > Date.parse(at.validTo))
      throw refuse(`the certificate \`${subjectOf(at)}\` is not valid today`);
    if (roots.some((root) => root.fingerprint256 === at.fingerprint256)) break;
    const root = roots.find((one) => at.checkIssued(one) && at.verify(one.publicKey) && one.ca);
    if (root) {
      if (nowMs > Date.parse(root.validTo))
        throw refuse(`the root \`${subjectOf(root)}\` is not valid today`);
      break;
    }
    if (!above || !above.ca || !at.checkIssued(above) || !at.verify(above.publicKey))
      throw refuse('its certificates do not lead to a root that is trusted');
    at = above;
  }
  if (!holds(bundle, leaf.publicKey))
    throw refuse('the signature is not of its certificate, or what it covers was changed');
  return { kind: 'certificates', name: subjectOf(leaf) };
}

const subjectOf = (certificate: X509Certificate): string =>
  certificate.subject.replaceAll('\n', ', ').slice(0, 200);

async function bySigstore(text: string, trust: Extract<Trust, { kind: 'sigstore' }>): Promise<ModelSigner> {
  // Loaded here: whoever trusts keys needs none of it.
  const [{ bundleFromJSON }, { toSignedEntity, toTrustMaterial, Verifier }, { TrustedRoot }] =
    await Promise.all([
      import('@sigstore/bundle'),
      import('@sigstore/verify'),
      import('@sigstore/protobuf-specs'),
    ]);
  let material: ReturnType<typeof toTrustMaterial>;
  try {
    material = toTrustMaterial(TrustedRoot.fromJSON(JSON.parse(trust.trustedRoot)));
  } catch {
    throw new CodedError('usage', 'the trusted root cannot be read');
  }
  try {
    const entity = toSignedEntity(bundleFromJSON(JSON.parse(text)));
    const { identity } = new Verifier(material, { tlogThreshold: 1, ctlogThreshold: 1 }).verify(entity, {
      extensions: { issuer: trust.issuer },
    });
    // The library would take the name for a pattern that may match anywhere.
    if (identity?.subjectAlternativeName !== trust.identity)
      throw new Error(`it is signed by ${identity?.subjectAlternativeName ?? 'someone without a name'}`);
    return { kind: 'sigstore', name: trust.identity };
  } catch (fault) {
    throw refuse(`Sigstore: ${(fault as Error).message.slice(0, 300)}`);
  }
}

/**
 * Verifies the signature of a bundle and says what it covers; the model itself is not looked at.
 * @param text of `model.sig`
 * @throws CodedError `signature-invalid`
 */
export async function verifyBundle(text: string, trust: Trust): Promise<VerifiedModel> {
  const bundle = parseBundle(text);
  const signer =
    trust.kind === 'key'
      ? byKey(bundle, trust.publicKey)
      : trust.kind === 'certificates'
        ? byCertificates(bundle, trust.roots)
        : await bySigstore(text, trust);
  try {
    return { signer, manifest: fromStatement(Buffer.from(bundle.dsseEnvelope.payload, 'base64')) };
  } catch (fault) {
    throw refuse(
      `what was signed is no statement about a model: ${(fault as Error).message.split('\n')[0]!.slice(0, 200)}`,
    );
  }
}

const listed = (names: readonly string[]): string =>
  names
    .slice(0, MESSAGE_NAMES_MAX)
    .map((name) => `\`${name.slice(0, 100)}\``)
    .join(', ') + (names.length > MESSAGE_NAMES_MAX ? ` and ${names.length - MESSAGE_NAMES_MAX} more` : '');

/** How a model is verified. */
export interface VerifyOptions extends HashWatcher {
  /** Further paths to leave out, such as the signature itself. */
  readonly ignored?: readonly string[];
  /** Whether files may be there that were not signed. */
  readonly allowOthers?: boolean;
}

/**
 * Verifies a model against its signature: every file that was signed is there and unchanged, and no other.
 * @throws CodedError `signature-invalid` naming what differs, `usage` where there is no such model
 */
export async function verifyModel(
  root: string,
  text: string,
  trust: Trust,
  options: VerifyOptions = {},
): Promise<VerifiedModel> {
  const verified = await verifyBundle(text, trust);
  if (!existsSync(root)) throw new CodedError('usage', `there is no \`${root}\``);
  const { serialization, resources, name } = verified.manifest;
  const ignored = [...new Set([...serialization.ignored, ...(options.ignored ?? []).map(ignoredPath)])];
  let present: ModelManifest;
  try {
    present = await manifestOf(root, name, { ...serialization, ignored }, options);
  } catch (fault) {
    // A link or a pipe that came, or a file that changed meanwhile: it is not what was signed.
    if (fault instanceof CodedError) throw refuse(`the model is not what was signed: ${fault.message}`);
    throw fault;
  }
  const signed = new Map(resources.map((one) => [one.name, one.digest]));
  const { method } = serialization;
  const own = statSync(root).isFile() ? asSigned(present.resources, signed, method) : present.resources;
  const there = new Map(own.map((one) => [one.name, one.digest]));
  const files = new Set(resources.map((one) => fileOf(one.name, method)));
  const changed = [...there].flatMap(([file, digest]) =>
    signed.has(file)
      ? signed.get(file) === digest
        ? []
        : [file]
      : // A further part of a file that was signed: it became longer.
        method === 'shards' && files.has(fileOf(file, 'shards'))
        ? [file]
        : [],
  );
  const told = new Set(changed);
  const missing = [...signed.keys()].filter((file) => !there.has(file));
  const other = options.allowOthers
    ? []
    : [...there.keys()].filter((file) => !signed.has(file) && !told.has(file));
  const faults = [
    ...(changed.length > 0 ? [`${listed(changed)} changed`] : []),
    ...(missing.length > 0 ? [`${listed(missing)} missing`] : []),
    ...(other.length > 0 ? [`${listed(other)} not signed`] : []),
  ];
  if (faults.length > 0) throw refuse(`the model is not what was signed: ${faults.join('; ')}`);
  return verified;
}

/** The names of a model that is one file, as its signature has them: early signers called it `.`. */
function asSigned(
  there: readonly Resource[],
  signed: ReadonlyMap<string, string>,
  method: Serialization['method'],
): readonly Resource[] {
  if (![...signed.keys()].every((name) => fileOf(name, method) === '.')) return there;
  return there.map((one) => ({ ...one, name: `.${one.name.slice(fileOf(one.name, method)!.length)}` }));
}
