import { randomInt } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { type LedgerReport, TILE_WIDTH, verifyLedger } from '@sallyport/ledger';
import type { Installation } from '../installation.ts';
import { AuditMemory } from './audit-memory.ts';
import { ContentAudit, type ContentReport } from './content-audit.ts';
import { visitorOf } from './record-audit.ts';
import { StateAudit } from './state-audit.ts';
import type { StateReport } from './state-report.ts';

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

/** Work on the log goes on for so long before others go first, and they have so many times as long. */
const WORK_MS = 10;
const REST_TIMES = 3;

/** Rests between pieces of long work; short work does without. */
function resting(signal: AbortSignal): () => Promise<void> {
  let began = performance.now();
  return async () => {
    const workedMs = performance.now() - began;
    if (workedMs < WORK_MS) return;
    await delay(workedMs * REST_TIMES, undefined, { signal }).catch(() => {});
    began = performance.now();
  };
}

/**
 * Verifies the whole log of an installation that is open; of content and state a sample, so that calls are not held up. That content is
 * there, and how many rows there are, is looked at for all of it. What was verified before and has not changed is not read
 * again, but for a part of it each time.
 * @param signal ends it: it throws the reason
 */
export async function auditRunning(
  installation: Installation,
  memory = new AuditMemory(),
  signal = new AbortController().signal,
): Promise<{ log: LedgerReport; content: ContentReport; state: StateReport }> {
  const { ledger, dataKeys, store, state } = installation;
  await installation.flush();
  const bundles = sampledBundles(ledger.checkpoint.size);
  const sample = (bundle: number): boolean => bundles.has(bundle);
  const keys = { open: () => dataKeys, refresh: async () => {} };
  const leafOf = (index: number): Promise<Uint8Array | null> => ledger.leaf(index);
  const { folder } = ledger;
  const content = new ContentAudit({ folder, keys, sample, seen: memory.contents, leafOf });
  const view = store.view();
  // Rows that grant something were looked at before, as they change.
  const rows = new StateAudit({
    view,
    isSealed: () => false,
    told: state.diverging,
    sample,
    made: memory.rows,
  });
  const verifiers = [ledger.verifierKey, ledger.quantumSafeVerifierKey];
  const again = { known: memory.bundles, signal, rest: resting(signal) };
  const visitor = visitorOf(content, rows);
  const log = await verifyLedger(folder, verifiers, [], () => {}, visitor, again, installation.signers);
  return { log, content: content.report(), state: await rows.report() };
}
