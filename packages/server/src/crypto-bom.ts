import { randomUUID } from 'node:crypto';
import { clock, HYBRID_GROUP, tableOf } from '@sallyport/core';
import { WRAPPING_SUITES } from '@sallyport/vault';
import type { KeyListing } from './key-listing.ts';
import type { TlsState } from './tls/tls-endpoints.ts';

/** An algorithm as CycloneDX describes it, and whether a quantum computer breaks it. */
interface Algorithm {
  readonly primitive: 'kem' | 'ae' | 'signature' | 'hash' | 'kdf' | 'mac';
  readonly parameters: string;
  /** NIST category, 0 for what a quantum computer breaks. */
  readonly quantumLevel: number;
  readonly functions: readonly string[];
}

const ALGORITHMS: Readonly<Record<string, Algorithm>> = tableOf({
  'AES-256-GCM': { primitive: 'ae', parameters: '256', quantumLevel: 5, functions: ['encrypt', 'decrypt'] },
  'XAES-256-GCM': { primitive: 'ae', parameters: '256', quantumLevel: 5, functions: ['encrypt', 'decrypt'] },
  'Cobblestone-256': {
    primitive: 'ae',
    parameters: '256',
    quantumLevel: 5,
    functions: ['encrypt', 'decrypt'],
  },
  'ChaCha20-Poly1305': {
    primitive: 'ae',
    parameters: '256',
    quantumLevel: 5,
    functions: ['encrypt', 'decrypt'],
  },
  'X-Wing': {
    primitive: 'kem',
    parameters: 'X25519+ML-KEM-768',
    quantumLevel: 3,
    functions: ['encapsulate', 'decapsulate'],
  },
  'MLKEM1024-P384': {
    primitive: 'kem',
    parameters: 'P-384+ML-KEM-1024',
    quantumLevel: 5,
    functions: ['encapsulate', 'decapsulate'],
  },
  Ed25519: { primitive: 'signature', parameters: 'Ed25519', quantumLevel: 0, functions: ['sign', 'verify'] },
  'ML-DSA-44': {
    primitive: 'signature',
    parameters: 'ML-DSA-44',
    quantumLevel: 2,
    functions: ['sign', 'verify'],
  },
  'ECDSA-P-256': {
    primitive: 'signature',
    parameters: 'P-256',
    quantumLevel: 0,
    functions: ['sign', 'verify'],
  },
  argon2id: { primitive: 'kdf', parameters: '256', quantumLevel: 2, functions: ['keyderive'] },
  scrypt: { primitive: 'kdf', parameters: '256', quantumLevel: 2, functions: ['keyderive'] },
  'HMAC-SHA-256': { primitive: 'mac', parameters: '256', quantumLevel: 2, functions: ['tag'] },
  // Codes of authenticator apps.
  'HMAC-SHA-1': { primitive: 'mac', parameters: '160', quantumLevel: 1, functions: ['tag'] },
  'SHA3-256': { primitive: 'hash', parameters: '256', quantumLevel: 2, functions: ['digest'] },
  SHAKE256: { primitive: 'hash', parameters: '256', quantumLevel: 2, functions: ['digest'] },
  // Names in git and in lists of breached passwords; nothing is protected by it.
  'SHA-1': { primitive: 'hash', parameters: '160', quantumLevel: 0, functions: ['digest'] },
  'SHA-256': { primitive: 'hash', parameters: '256', quantumLevel: 2, functions: ['digest'] },
  'SHA-512': { primitive: 'hash', parameters: '512', quantumLevel: 4, functions: ['digest'] },
  'HKDF-SHA-512': { primitive: 'kdf', parameters: '512', quantumLevel: 4, functions: ['keyderive'] },
  'HKDF-SHA-256': { primitive: 'kdf', parameters: '256', quantumLevel: 2, functions: ['keyderive'] },
});
const KEM_NAMES: Readonly<Record<string, string>> = tableOf({
  'x-wing': 'X-Wing',
  'mlkem1024-p384': 'MLKEM1024-P384',
});
const reference = (name: string): string => `algorithm:${name}`;
const suiteAlgorithm = (suite: string): string => {
  const known = Object.hasOwn(WRAPPING_SUITES, suite)
    ? WRAPPING_SUITES[suite as keyof typeof WRAPPING_SUITES]
    : null;
  return known ? (KEM_NAMES[known.kem.name] ?? known.kem.name) : suite;
};

interface Material {
  readonly ref: string;
  readonly name: string;
  readonly type: 'secret-key' | 'private-key';
  readonly algorithm: string;
  readonly bits: number;
  readonly createdAt?: string;
  readonly state: 'active' | 'deactivated';
  /** What protects it, and what it lies under. */
  readonly securedBy?: { readonly mechanism: string; readonly algorithm: string; readonly parent: string };
}

function materials({ root, keyEncryptionKeys, dataKeys, signingKeys }: KeyListing): Material[] {
  const parent = (id: string, suite: string): NonNullable<Material['securedBy']> => ({
    mechanism: `wrapped under ${id}`,
    algorithm: suiteAlgorithm(suite),
    parent: id,
  });
  const suiteOf = new Map(keyEncryptionKeys.map(({ id, suite }) => [id, suite]));
  return [
    {
      ref: root.id,
      name: `root key (${root.kind}, ${root.place})`,
      type: 'secret-key',
      algorithm: 'AES-256-GCM',
      bits: 256,
      state: 'active',
    },
    ...keyEncryptionKeys.map(
      ({ id, purpose, owner, suite, createdAt, retiredAt }): Material => ({
        ref: id,
        name: `key-encryption key of ${purpose}${owner === '' ? '' : ` ${owner}`}`,
        type: 'private-key',
        algorithm: suiteAlgorithm(suite),
        bits: 256,
        createdAt,
        state: retiredAt === null ? 'active' : 'deactivated',
        securedBy: { mechanism: 'wrapped under the root', algorithm: 'AES-256-GCM', parent: root.id },
      }),
    ),
    ...dataKeys.map(
      ({ id, purpose, day, suite, parent: above }): Material => ({
        ref: id,
        name: `data key of ${purpose}, ${day}`,
        type: 'secret-key',
        algorithm: purpose.startsWith('artefact:') ? 'Cobblestone-256' : 'XAES-256-GCM',
        bits: 256,
        state: 'active',
        securedBy: parent(above, suite),
      }),
    ),
    ...signingKeys.flatMap(({ name, algorithms, parent: above }) =>
      algorithms.map(
        (algorithm): Material => ({
          ref: `signing:${name}:${algorithm}`,
          name: `signing key of the ${name}`,
          type: 'private-key',
          algorithm,
          bits: 256,
          state: 'active',
          ...(above !== null && { securedBy: parent(above, suiteOf.get(above) ?? '') }),
        }),
      ),
    ),
  ];
}

/** What a quantum computer will open or forge, in words; what is signed twice is only as weak as its stronger half. */
export function notQuantumSafe(listing: KeyListing): string[] {
  return materials(listing)
    .filter(({ securedBy }) => securedBy && (ALGORITHMS[securedBy.algorithm]?.quantumLevel ?? 0) === 0)
    .map(({ name, ref }) => `${name} (${ref}) is wrapped under what a quantum computer opens`);
}

/** Connections whose keys a quantum computer will find, in words. */
const notHybrid = (connections: readonly TlsState[]): string[] =>
  connections.flatMap(({ name, url, protocol, group, problem }) => {
    if (protocol !== null && group !== HYBRID_GROUP)
      return [`${name} (${url}) agrees on keys in ${group ?? 'a group'} that a quantum computer opens`];
    // Of one that does not answer nothing is known.
    return url.startsWith('http:') && problem !== null ? [`${name} (${url}): ${problem}`] : [];
  });

/**
 * Every key, algorithm, age, parent and connection (CycloneDX 1.7, "Cryptography Bill of Materials").
 * @param connections as they answered when they were asked
 */
export function cryptoBom(listing: KeyListing, connections: readonly TlsState[]): Record<string, unknown> {
  const all = materials(listing);
  const over = connections.filter(({ protocol }) => protocol !== null);
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.7',
    serialNumber: `urn:uuid:${randomUUID()}`,
    version: 1,
    metadata: {
      timestamp: clock.nowIso(),
      component: { type: 'application', name: 'sallyport', 'bom-ref': 'sallyport' },
      properties: [...notQuantumSafe(listing), ...notHybrid(connections)].map((value) => ({
        name: 'sallyport:not-quantum-safe',
        value,
      })),
    },
    components: [
      ...Object.entries(ALGORITHMS).map(([name, { primitive, parameters, quantumLevel, functions }]) => ({
        type: 'cryptographic-asset',
        name,
        'bom-ref': reference(name),
        cryptoProperties: {
          assetType: 'algorithm',
          algorithmProperties: {
            primitive,
            parameterSetIdentifier: parameters,
            cryptoFunctions: functions,
            nistQuantumSecurityLevel: quantumLevel,
          },
        },
      })),
      ...all.map(({ ref, name, type, algorithm, bits, createdAt, state, securedBy }) => ({
        type: 'cryptographic-asset',
        name,
        'bom-ref': ref,
        cryptoProperties: {
          assetType: 'related-crypto-material',
          relatedCryptoMaterialProperties: {
            type,
            id: ref,
            state,
            size: bits,
            algorithmRef: reference(algorithm),
            ...(createdAt === undefined ? {} : { creationDate: createdAt }),
            ...(securedBy && {
              securedBy: { mechanism: securedBy.mechanism, algorithmRef: reference(securedBy.algorithm) },
            }),
          },
        },
      })),
      ...over.map(({ name, url, protocol, cipher, group }) => ({
        type: 'cryptographic-asset',
        name: `TLS of ${name}`,
        'bom-ref': `tls:${name}:${url}`,
        cryptoProperties: {
          assetType: 'protocol',
          protocolProperties: {
            type: 'tls',
            version: protocol!.replace('TLSv', ''),
            cipherSuites: [{ name: cipher ?? 'unknown' }],
          },
        },
        properties: [
          { name: 'sallyport:key-agreement', value: group ?? 'unknown' },
          { name: 'sallyport:url', value: url },
        ],
      })),
    ],
    dependencies: all.flatMap(({ ref, securedBy }) =>
      securedBy ? [{ ref, dependsOn: [securedBy.parent] }] : [],
    ),
  };
}
