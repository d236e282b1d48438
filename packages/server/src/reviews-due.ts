import { clock } from '@sallyport/core';
import type { ReviewRow } from '@sallyport/store';
import type { Control } from './control.ts';
import { log } from './log.ts';

const DAY_MS = 86_400_000;
/** Days that a sample looks back over, and between samples. */
const SAMPLE_DAYS = 7;
const SAMPLE_DUE_DAYS = 7;

/**
 * Opens a sample of the access log. It is chosen by the root of the record at this moment, which nobody could know
 * before, and which whoever holds the record can compute again.
 */
export async function openSample(
  control: Control,
  actor: string,
  dueDays: number,
): Promise<ReviewRow | null> {
  await control.authoriser.flush();
  const { size, root } = await control.installation.ledger.checkpointNow();
  await control.installation.flush();
  const seed = `${size} ${Buffer.from(root).toString('base64')}`;
  return control.accounts.reviews.openSample(actor, seed, SAMPLE_DAYS, dueDays);
}

/** Opens reviews that are due, and lets roles lapse on which nobody decided in time. */
export async function keepReviews(control: Control): Promise<void> {
  const { reviews, directory } = control.accounts;
  if (!(await directory.any())) return;
  const { lapsed, kept } = await reviews.lapse();
  if (lapsed > 0) log('warn', 'roles lapsed that were not decided in time', { roles: lapsed });
  if (kept > 0)
    log('warn', 'a review ended with roles undecided that stay, since no one could have decided on them', {
      roles: kept,
      do: 'give a second person the role approver, and have them add a passkey; then sallyport review open grants',
    });
  const known = await reviews.list();
  const since = (kind: ReviewRow['kind']): number => {
    const last = known.find((one) => one.kind === kind);
    return last ? (clock.nowMs() - Date.parse(last.openedAt)) / DAY_MS : Number.POSITIVE_INFINITY;
  };
  const { everyDays, dueDays } = control.config.access.reviews;
  const open = known.some(({ kind, closedAt }) => kind === 'grants' && closedAt === null);
  if (everyDays > 0 && !open && since('grants') >= everyDays)
    await reviews.openGrants('sallyport', dueDays, control.config.access.unusedGrantDays);
  if (since('sample') >= SAMPLE_DAYS) await openSample(control, 'sallyport', SAMPLE_DUE_DAYS);
}
