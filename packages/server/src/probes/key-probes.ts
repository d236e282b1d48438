import { hash } from 'node:crypto';
import { notQuantumSafe } from '../crypto-bom.ts';
import { listKeys } from '../key-listing.ts';
import type { Found, ProbeContext } from './probe-context.ts';

/** Data keys that one run looks into. */
const OPENED_MAX = 2_000;

/** Looks at where the root key lies, and who may read it, as it is now. */
export async function rootKey({ installation }: ProbeContext): Promise<Found> {
  const { place, exposed } = installation.rootKey;
  if (place === 'missing')
    return {
      passed: false,
      detail: 'the file of the root key is gone, and without it the next start opens nothing',
    };
  if (place !== 'outside')
    return { passed: false, detail: 'the root key lies beside the data that it protects' };
  if (exposed) return { passed: false, detail: 'the root key can be read by other users of this machine' };
  return {
    passed: true,
    detail: `the root key lies outside the data folder, readable by its owner only; ${installation.dataKeys.size} data keys are wrapped by it`,
  };
}

/** Takes keys out of their wrapping: each must open for its own purpose, and none may be the same as another. */
export async function keyInventory({ installation }: ProbeContext): Promise<Found> {
  const { dataKeys, ring } = installation;
  const entries = dataKeys.list();
  const usable = entries.filter(({ id }) => !dataKeys.isOrphan(id));
  const purposes = new Set(ring.list().map(({ purpose, owner }) => `${purpose}:${owner}`));
  const seen = new Set<string>();
  let reused = 0;
  for (const { id } of usable.slice(-OPENED_MAX)) {
    const print = hash('sha256', dataKeys.byId(id).key, 'hex');
    if (seen.has(print)) reused++;
    seen.add(print);
  }
  const left = entries.length - usable.length;
  return {
    passed: reused === 0,
    detail: `${usable.length} data keys lie under ${ring.list().length} key-encryption keys of ${purposes.size} purposes and owners; of ${seen.size + reused} that were opened ${reused} are the same as another${left === 0 ? '' : `; ${left} more lie under keys that were destroyed, and open nothing`}`,
  };
}

/** Share of keys that are wrapped under what a quantum computer does not open. */
export async function quantumSafety({ installation }: ProbeContext): Promise<Found> {
  const listing = listKeys(installation);
  const weak = notQuantumSafe(listing);
  const { keyEncryptionKeys, dataKeys, signingKeys } = listing;
  const all = keyEncryptionKeys.length + dataKeys.length + signingKeys.length;
  const once = signingKeys.filter(({ algorithms }) => !algorithms.includes('ML-DSA-44')).length;
  return {
    passed: weak.length === 0 && once === 0,
    detail:
      weak.length === 0 && once === 0
        ? `all ${all} keys are wrapped under hybrids with ML-KEM or under AES-256, and all ${signingKeys.length} signing keys sign with ML-DSA-44 too`
        : `of ${all} keys ${weak.length} are wrapped under what a quantum computer opens; ${once} sign without ML-DSA-44`,
  };
}
