import { randomInt } from 'node:crypto';
import { type LedgerReport, TILE_WIDTH, verifyLedger } from '@sallyport/ledger';
import type { Installation } from '../installation.ts';
import { ContentAudit, type ContentReport } from './content-audit.ts';
import { visitorOf } from './record-audit.ts';
import { StateAudit, type StateReport } from './state-audit.ts';

/** Bundles of entries whose content and rows a server that runs looks at beside the newest entries, drawn anew each time. */
const DRAWN_BUNDLES = 7;

/**
 * The bundles that hold the newest 256 entries, two unless the last one is full, and {@link DRAWN_BUNDLES} others, none of
 * them twice; all where there are no more. @param size entries in the log
 */
export function sampledBundles(size: number): ReadonlySet<number> {
  const bundles = Math.ceil(size / TILE_WIDTH);
  const newest = size % TILE_WIDTH === 0 ? 1 : 2;
  const out = new Set<number>();
  for (let n = bundles - 1; n >= Math.max(0, bundles - newest); n--) out.add(n);
  const most = Math.min(bundles, out.size + DRAWN_BUNDLES);
  while (out.size < most) out.add(randomInt(bundles));
  return out;
}

/**
 * Verifies the whole log of an installation that is open; of content and state a sample, so that calls are not held up. That content is
 * there, and how many rows there are, is looked at for all of it.
 */
export async function auditRunning(
  installation: Installation,
): Promise<{ log: LedgerReport; content: ContentReport; state: StateReport }> {
  const { ledger, dataKeys, store, state } = installation;
  await installation.flush();
  const bundles = sampledBundles(ledger.checkpoint.size);
  const sample = (bundle: number): boolean => bundles.has(bundle);
  const keys = { open: () => dataKeys, refresh: async () => {} };
  const content = new ContentAudit({ folder: ledger.folder, keys, sample });
  const view = store.view();
  // Rows that grant something were looked at before, as they change.
  const rows = new StateAudit({ view, isSealed: () => false, told: state.diverging, sample });
  const verifiers = [ledger.verifierKey, ledger.quantumSafeVerifierKey];
  const log = await verifyLedger(ledger.folder, verifiers, [], () => {}, visitorOf(content, rows));
  return { log, content: content.report(), state: await rows.report() };
}
