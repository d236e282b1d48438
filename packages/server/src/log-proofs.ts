import { CodedError } from '@sallyport/core';
import { formatProof } from '@sallyport/ledger';
import type { Installation } from './installation.ts';

/** A proof that an entry is in the record, and the name of a file for it. */
export interface NamedProof {
  readonly name: string;
  readonly index: number;
  /** https://c2sp.org/tlog-proof, with the entry itself. */
  readonly proof: string;
}

/**
 * Proofs of what is recorded under an id: beginning and end of an exchange, or one event.
 * @throws CodedError `not-found`
 */
export async function proofsOf(installation: Installation, id: string): Promise<readonly NamedProof[]> {
  await installation.flush();
  const { store, ledger } = installation;
  const exchange = await store.exchanges.byId(id);
  const own = exchange ? [exchange.intent_index, exchange.outcome_index] : [await store.events.indexOf(id)];
  const indices = [...new Set(own)].filter((index) => index !== null);
  if (indices.length === 0)
    throw new CodedError('not-found', `nothing is recorded under \`${id.slice(0, 64)}\``);
  const { leaves, note } = await ledger.prove(indices);
  return leaves.map(({ leaf, proof }, at) => ({
    name: `${id}-${indices[at]}.tlog-proof`,
    index: indices[at]!,
    proof: formatProof({ index: indices[at]!, hashes: proof, extra: leaf, note }),
  }));
}
