import { CodedError, type ExchangeLeaf, idTimeMs, isId, newEvent } from '@sallyport/core';
import type { ExchangeRow } from '@sallyport/store';
import { commit, SALT_BYTES } from '@sallyport/vault';
import { openContent } from './content.ts';
import type { ExpiredCalls } from './expired-calls.ts';
import type { Installation } from './installation.ts';
import { recordedCall } from './recorded-call.ts';

/** One exchange with its leaves, proofs and, on demand, content. */
export interface ExchangeProof {
  readonly id: string;
  readonly summary: ExchangeRow;
  readonly entries: readonly {
    index: number;
    leaf: ExchangeLeaf;
    leafBase64: string;
    proof: string[];
    content?: string | null;
    commitmentHolds?: boolean;
  }[];
  readonly checkpoint: { size: number; rootHash: string; note: string };
}

/** What is said of a call that is not there: its days may be over. */
function notThere({ ranges }: ExpiredCalls, id: string): CodedError {
  const name = `\`${id.slice(0, 64)}\``;
  const isOver = isId('exc', id) && ranges.some(({ before }) => idTimeMs(id) < Date.parse(before));
  return new CodedError(
    'not-found',
    isOver
      ? `there is no exchange ${name} in the lists: calls of its day have expired (\`callDays\`); the entries of the record stay`
      : `there is no exchange ${name} in the record`,
  );
}

/** One exchange, proven. @param withContent opens the sealed content too, which is itself recorded */
export async function proveExchange(
  installation: Installation,
  actor: string,
  id: string,
  withContent: boolean,
): Promise<ExchangeProof> {
  const { ledger } = installation;
  const summary = await recordedCall(installation, id);
  if (!summary) throw notThere(await installation.state.expired(), id);
  if (withContent) {
    await installation.announce(
      newEvent('content-read', { actor, subject: `exchange:${id}`, demo: summary.demo === 1 }),
    );
  }
  await ledger.checkpointNow();
  const indices = [...new Set([summary.intent_index, summary.outcome_index])].filter(
    (index) => index !== null,
  );
  const { leaves, checkpoint, note } = await ledger.prove(indices);
  const entries: ExchangeProof['entries'][number][] = [];
  for (const [i, { leaf: bytes, proof }] of leaves.entries()) {
    const leaf = JSON.parse(Buffer.from(bytes).toString()) as ExchangeLeaf;
    const index = indices[i]!;
    const entry = {
      index,
      leaf,
      leafBase64: Buffer.from(bytes).toString('base64'),
      proof: proof.map((hash) => hash.toString('base64')),
    };
    entries.push(withContent ? { ...entry, ...(await content(installation, index, leaf)) } : entry);
  }
  return {
    id,
    summary,
    entries,
    checkpoint: { size: checkpoint.size, rootHash: checkpoint.root.toString('base64'), note },
  };
}

async function content(
  installation: Installation,
  index: number,
  leaf: ExchangeLeaf,
): Promise<{ content: string | null; commitmentHolds: boolean }> {
  const opened = await openContent(installation, index, leaf.id);
  if (!opened) return { content: null, commitmentHolds: false };
  const { plain } = opened;
  const record = leaf.type === 'exchange-outcome' ? leaf.output : leaf.input;
  const bytes = plain.subarray(SALT_BYTES);
  return {
    content: Buffer.from(bytes).toString(),
    commitmentHolds:
      record !== null &&
      record.kept === record.bytes &&
      commit(plain.subarray(0, SALT_BYTES), bytes) === record.commitment,
  };
}
