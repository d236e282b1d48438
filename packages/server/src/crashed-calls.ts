import { clock, NO_KINDS, type OutcomeLeaf } from '@sallyport/core';
import type { OpenCall } from './call-tally.ts';

/** Entries of the log that end calls which a crash cut off: what they had reserved counts as spent. */
export function crashedOutcomes(
  calls: readonly OpenCall[],
): { readonly leaf: Uint8Array; readonly payload: null }[] {
  return calls.map((call) => {
    const leaf: OutcomeLeaf = {
      v: 1,
      type: 'exchange-outcome',
      id: call.id,
      at: clock.nowIso(),
      worker: call.worker,
      seq: call.seq,
      run: call.run,
      synthetic: call.synthetic,
      demo: call.demo,
      system: call.system,
      actor: call.actor,
      outcome: 'crashed',
      status: 0,
      code: null,
      output: null,
      verdict: null,
      inputTokens: 0,
      outputTokens: 0,
      tokenKinds: NO_KINDS,
      costMicroUsd: call.reservedMicroUsd,
      restorations: [],
      timingsMs: {},
    };
    return { leaf: Buffer.from(JSON.stringify(leaf)), payload: null };
  });
}
