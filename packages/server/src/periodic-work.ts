import { clock, newEvent } from '@sallyport/core';
import { CallSweep, expireCalls } from './call-expiry.ts';
import { expireContent } from './content-expiry.ts';
import { ContentSweep } from './content-sweep.ts';
import type { Control } from './control.ts';
import { KeyWatch } from './key-watch.ts';
import { log } from './log.ts';
import type { Monitor } from './monitor.ts';
import { keepAssessments } from './party-assessment.ts';
import { watchPlaces } from './places.ts';
import { keepReviews } from './reviews-due.ts';
import type { Sweep } from './sweep.ts';
import { watchThirdParties } from './third-parties.ts';
import { renewCertificates } from './tls/listener.ts';

const PROBE_EVERY_MS = 15 * 60_000;
/** How often the machine's clock is looked at, and how far it may move in that time. */
const CLOCK_EVERY_MS = 5_000;
const CLOCK_JUMP_MS = 5_000;
/** How often third parties are looked at. */
const WATCH_EVERY_MS = 10 * 60_000;
const PLACES_EVERY_MS = 60_000;
/** How often alerts are judged. */
const MONITOR_EVERY_MS = 15_000;
/** Data keys are per day: snapshots are renewed well within one. */
const RENEW_EVERY_MS = 10 * 60_000;
/** How often the root is asked whether it still opens. */
const KEYS_EVERY_MS = 60_000;
/** How often what is new in the log is archived. */
const ARCHIVE_EVERY_MS = 60_000;
/** How often it is remembered apart from the data how far the log went. */
const SEEN_EVERY_MS = 60_000;
/** How often sessions and counts that are over are forgotten. */
const PURGE_EVERY_MS = 10 * 60_000;
/** How often unused roles, due reviews, old content and certificates are looked for. */
const HOURLY_MS = 3_600_000;

/** What is done again and again while a server runs. */
function periodicWork(
  control: Control,
  monitor: Monitor,
  keys: KeyWatch,
  sweeps: readonly Sweep[],
): readonly (readonly [work: () => Promise<unknown>, everyMs: number])[] {
  return [
    [() => control.probeIfOlder(PROBE_EVERY_MS / 2), PROBE_EVERY_MS],
    [() => renewCertificates(control), HOURLY_MS],
    [() => control.publish(), RENEW_EVERY_MS],
    [() => watchClock(control), CLOCK_EVERY_MS],
    [() => monitor.tick(), MONITOR_EVERY_MS],
    [() => control.accounts.signIn.purge(), PURGE_EVERY_MS],
    [() => control.apiKeys.forgetJobs(), PURGE_EVERY_MS],
    [() => control.keyOwners.endOrphans(), PURGE_EVERY_MS],
    [() => control.accounts.directory.takeAwayUnused(control.config.access.unusedGrantDays), HOURLY_MS],
    [() => keepReviews(control), HOURLY_MS],
    [() => watchThirdParties(control), WATCH_EVERY_MS],
    [() => watchPlaces(control), PLACES_EVERY_MS],
    [() => control.scans.watch(), WATCH_EVERY_MS],
    [() => keepAssessments(control), HOURLY_MS],
    [() => control.backups.tick(), PURGE_EVERY_MS],
    [() => control.archive.tick(), ARCHIVE_EVERY_MS],
    [() => keys.tick(), KEYS_EVERY_MS],
    [() => control.installation.seen.note(), SEEN_EVERY_MS],
    [() => expireContent(control), HOURLY_MS],
    [() => expireCalls(control), HOURLY_MS],
    ...sweeps.map((sweep) => [() => sweep.round(), PURGE_EVERY_MS] as const),
    [() => control.witnesses.cosign(), control.config.record.everySeconds * 1000],
  ];
}

/** Begins what is done again and again. @returns ends it */
export function startPeriodicWork(control: Control, monitor: Monitor): () => Promise<void> {
  const keys = new KeyWatch(control);
  const sweeps = [new ContentSweep(control), new CallSweep(control)];
  const timers = periodicWork(control, monitor, keys, sweeps).map(([work, everyMs]) =>
    setInterval(
      () =>
        void work().catch((fault: Error) => log('error', 'a periodic task failed', { fault: fault.message })),
      everyMs,
    ).unref(),
  );
  // What changed before this start is not called until it is looked at again.
  void control.scans.watch();
  void control.witnesses.cosign().catch(() => {});
  void control.backups.tick().catch(() => {});
  void keys.tick().catch(() => {});
  void control.installation.seen.note();
  void watchPlaces(control).catch(() => {});
  void watchThirdParties(control).catch((fault: Error) =>
    log('error', 'third parties are looked at a little later', { fault: fault.message }),
  );
  return async () => {
    for (const timer of timers) clearInterval(timer);
    await Promise.all(sweeps.map((sweep) => sweep.stop()));
  };
}

/** Notes that the clock of the machine was set. Limits, expiry and the order of the record follow a steady one. */
async function watchClock(control: Control): Promise<void> {
  const driftMs = clock.driftMs();
  const byMs = driftMs - control.clockDriftMs;
  if (Math.abs(byMs) < CLOCK_JUMP_MS) return;
  control.clockDriftMs = driftMs;
  log('warn', 'the clock of this machine was set; time here goes on steadily until a restart', { byMs });
  await control.installation.announce(
    newEvent('clock-jumped', { actor: 'sallyport', subject: 'organisation', data: { byMs, driftMs } }),
  );
}
