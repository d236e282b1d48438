import type { SallyportEvent } from '@sallyport/core';
import type { Ledger } from '@sallyport/ledger';
import type { Said } from '@sallyport/store';
import type { Divergence } from './state-watch.ts';

/** Rows of which it matters what the log said: what they shut out stays shut out. */
const ASKED = /^(?:integrations|factors)\//;
const ROWS = Buffer.from('"rows":{');

/** What the log said last of rows that do not follow from it. It is read from the log, since what is beside it may be changed too. */
export async function whatWasSaid(
  ledger: Ledger,
  rows: readonly Divergence[],
): Promise<ReadonlyMap<string, Said>> {
  const asked = new Set(rows.flatMap(({ row }) => (ASKED.test(row) ? [row] : [])));
  const said = new Map<string, Said>();
  if (asked.size === 0) return said;
  for await (const { leaf } of ledger.read(0)) {
    const bytes = Buffer.from(leaf.buffer, leaf.byteOffset, leaf.length);
    if (!bytes.includes(ROWS)) continue;
    const event = JSON.parse(bytes.toString()) as SallyportEvent;
    for (const row of Object.keys(event.rows ?? {})) {
      if (!asked.has(row)) continue;
      const before = said.get(row);
      if (event.type === 'state-noted' || event.type === 'state-accepted') continue;
      const { manifest, kind } = event.data;
      const isProposal = event.type === 'integration-proposed' && manifest !== undefined;
      said.set(row, {
        subject: event.subject,
        ...(before?.manifest ? { manifest: before.manifest } : {}),
        ...(isProposal ? { manifest: { kind: String(kind), text: JSON.stringify(manifest) } } : {}),
      });
    }
  }
  return said;
}
