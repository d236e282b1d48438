import { CodedError } from '@sallyport/core';
import { formatProof } from '@sallyport/ledger';
import type { Control } from './control.ts';
import { cosignedCheckpoint } from './cosigned-checkpoint.ts';
import { notAsRecorded, recordedCall } from './recorded-call.ts';

/** A proof that an entry is in the record, and the name of a file for it. */
export interface NamedProof {
  readonly name: string;
  readonly index: number;
  /** https://c2sp.org/tlog-proof, with the entry itself. */
  readonly proof: string;
}

/** Proofs of what is recorded under one id. */
export interface RecordedProofs {
  readonly proofs: readonly NamedProof[];
  /** Who cosigned the checkpoint that they lead to: none where the entries are newer than what was cosigned last. */
  readonly witnesses: readonly string[];
  /** How many witnesses there are. */
  readonly asked: number;
}

/**
 * Proofs of what is recorded under an id: beginning and end of an exchange, or one event. They lead to the checkpoint that
 * witnesses cosigned last, where it covers the entries, else to the newest.
 * @throws CodedError `not-found`, `conflict` where a row names another entry
 */
export async function proofsOf(
  control: Pick<Control, 'config' | 'installation'>,
  id: string,
): Promise<RecordedProofs> {
  const { installation } = control;
  const { store, ledger } = installation;
  const exchange = await recordedCall(installation, id);
  const own = exchange ? [exchange.intent_index, exchange.outcome_index] : [await store.events.indexOf(id)];
  const indices = [...new Set(own)].filter((index) => index !== null);
  if (indices.length === 0)
    throw new CodedError('not-found', `nothing is recorded under \`${id.slice(0, 64)}\``);
  const cosigned = cosignedCheckpoint(control);
  const { leaves, note } = await ledger.prove(indices, cosigned?.note ?? null);
  for (const { leaf } of leaves)
    if ((JSON.parse(Buffer.from(leaf).toString()) as { id: string }).id !== id) throw notAsRecorded(id);
  return {
    proofs: leaves.map(({ leaf, proof }, at) => ({
      name: `${id}-${indices[at]}.tlog-proof`,
      index: indices[at]!,
      proof: formatProof({ index: indices[at]!, hashes: proof, extra: leaf, note }),
    })),
    witnesses: cosigned?.note === note ? cosigned.witnesses : [],
    asked: control.config.record.witnesses.length,
  };
}
