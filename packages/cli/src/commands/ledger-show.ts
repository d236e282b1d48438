import { CodedError } from '@sallyport/core';
import { leafHash, verifyInclusion } from '@sallyport/ledger';
import { withClient } from '../client.ts';
import type { Command } from '../commands.ts';
import { print, printJson } from '../output.ts';

interface Shown {
  readonly exchange: Record<string, unknown>;
  readonly entries: readonly {
    index: number;
    leaf: Record<string, unknown>;
    leafBase64: string;
    proof: string[];
    content?: string | null;
  }[];
  readonly checkpoint: { readonly size: number; readonly rootHash: string; readonly note: string };
}

/** Prints one exchange with the proof that it is in the log. */
export const ledgerShow: Command = {
  name: 'ledger show',
  usage: 'ledger show EXCHANGE-ID [--content]',
  summary: 'print one exchange with its inclusion proof',
  options: { content: { type: 'boolean' } },
  async run(options) {
    const [id] = options.positionals;
    if (id === undefined)
      throw new CodedError('usage', 'name an exchange: the x-sallyport-exchange header of its answer');
    const query = options.flag('content') ? '?content=true' : '';
    const shown = await withClient(options, (client) =>
      client.call<Shown>('GET', `/api/v1/exchanges/${encodeURIComponent(id)}${query}`),
    );
    const root = Buffer.from(shown.checkpoint.rootHash, 'base64');
    // Checked here again, from the bytes: the proof is worth nothing if one has to believe who shows it.
    const entries = shown.entries.map((entry) => ({
      ...entry,
      included: verifyInclusion(
        leafHash(Buffer.from(entry.leafBase64, 'base64')),
        entry.index,
        shown.checkpoint.size,
        entry.proof.map((hash) => Buffer.from(hash, 'base64')),
        root,
      ),
    }));
    const ok = entries.length > 0 && entries.every((entry) => entry.included);
    if (options.json) printJson({ ok, ...shown, entries });
    else {
      for (const { index, leaf, proof, included, content } of entries) {
        print(
          `entry ${index}: ${included ? 'in the log' : 'NOT IN THE LOG'}, ${proof.length} hashes to root ${shown.checkpoint.rootHash} of ${shown.checkpoint.size} entries`,
        );
        printJson(leaf);
        if (content !== undefined) print('content:', content ?? '(not kept)');
      }
    }
    return ok ? 0 : 1;
  },
};
