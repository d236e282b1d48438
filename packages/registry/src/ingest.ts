import { CodedError, clock, newEvent } from '@sallyport/core';
import type { Store } from '@sallyport/store';
import { versionTarget } from './version-target.ts';

/** Whether an address lies within a source: the same, or below it, and not one that only begins alike. */
export function isWithin(source: string, pattern: string): boolean {
  if (source.includes('/../') || source.endsWith('/..')) return false;
  const base = pattern.replace(/(?<!\/)\/+$/, '');
  return source === base || source.startsWith(`${base}/`);
}

/** Only sources that somebody approved may be taken in; that one was refused is an event too. */
export async function decideIngest(
  store: Store,
  actor: string,
  name: string,
  label: string,
  source: string,
): Promise<void> {
  const now = clock.nowIso();
  const approved = (await store.inventory.sources()).find(
    (one) =>
      one.status === 'approved' && one.expiresAt > now && source !== '' && isWithin(source, one.pattern),
  );
  await store.announce(
    newEvent('ingest-decided', {
      actor,
      subject: versionTarget('dataset', name, label),
      data: {
        source,
        decision: approved ? 'allowed' : 'refused',
        by: approved?.pattern ?? null,
        licence: approved?.licence ?? null,
      },
    }),
  );
  if (!approved)
    throw new CodedError(
      'not-permitted',
      source === ''
        ? 'say where the data comes from: only approved sources may be taken in'
        : `the source \`${source.slice(0, 200)}\` is not approved: propose it, and have another person approve it`,
    );
}
