import type { SallyportEvent } from '@sallyport/core';
import type { Ledger } from '@sallyport/ledger';
import type { Said } from '@sallyport/store';
import type { Divergence } from './state-watch.ts';

/** Rows of which it matters what the log said: what they shut out stays shut out. */
const ASKED = /^(?:integrations|factors|holds|attestations)\//;
/** What an entry has that says something of such rows. Holds and attestations were told before their rows were held. */
const MARKS = ['"rows":{', '"type":"hold-placed"', '"type":"attestation-made"'].map((text) =>
  Buffer.from(text),
);

/** Rows of which an event says something. */
const rowsOf = ({ type, rows, data }: SallyportEvent): ReadonlySet<string> =>
  new Set([
    ...Object.keys(rows ?? {}),
    ...(type === 'hold-placed' ? [`holds/${String(data['id'])}`] : []),
    ...(type === 'attestation-made' ? [`attestations/${String(data['attestation'])}`] : []),
  ]);

/** An approval lets go of what was replaced. */
const letGo = (
  { type }: SallyportEvent,
  manifest: NonNullable<Said['manifest']>,
): NonNullable<Said['manifest']> =>
  type === 'integration-approved' ? { ...manifest, replaces: null } : manifest;

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
    if (!MARKS.some((mark) => bytes.includes(mark))) continue;
    const event = JSON.parse(bytes.toString()) as SallyportEvent;
    for (const row of rowsOf(event)) {
      if (!asked.has(row)) continue;
      const before = said.get(row);
      if (event.type === 'state-noted' || event.type === 'state-accepted') continue;
      const { manifest, kind, digest, replaces } = event.data;
      const isProposal = event.type === 'integration-proposed' && manifest !== undefined;
      said.set(row, {
        subject: event.subject,
        ...(before?.manifest ? { manifest: letGo(event, before.manifest) } : {}),
        ...(event.type === 'attestation-made' ? { digest: String(digest) } : {}),
        ...(isProposal
          ? {
              manifest: {
                kind: String(kind),
                text: JSON.stringify(manifest),
                replaces: replaces === undefined ? null : JSON.stringify(replaces),
              },
            }
          : {}),
      });
    }
  }
  return said;
}
