import { CodedError, newEvent, type SystemConfig } from '@sallyport/core';
import type { BlockedKind, Summary } from '@sallyport/store';
import type { Control } from './control.ts';
import { type ExpiredNote, expiredNote } from './expired-calls.ts';

/** The "would have blocked" report of one system. */
export interface BlockedReport extends Summary {
  readonly mode: SystemConfig['mode'];
  readonly kinds: readonly BlockedKind[];
  readonly expired: ExpiredNote | null;
}

const NO_CALLS = {
  ...{ exchanges: 0, inspected: 0, answered: 0, failed: 0 },
  ...{ wouldHaveDenied: 0, wouldHaveRedacted: 0, denied: 0 },
};

/** What enforcing would have blocked on a system. That it was read is an event. @throws CodedError `system-unknown` */
export async function blockedReport(control: Control, actor: string, name: string): Promise<BlockedReport> {
  const { installation } = control;
  const known = (await control.systems()).find((system) => system.name === name);
  if (!known) throw new CodedError('system-unknown', `no system \`${name.slice(0, 64)}\` is known`);
  await installation.flush();
  const { exchanges } = installation.store;
  const summary = (await exchanges.summaries()).find((one) => one.system === name) ?? {
    ...NO_CALLS,
    system: name,
  };
  const { inspected, answered } = summary;
  const kinds = await exchanges.wouldHaveBlocked(name);
  const { mode } = known.config;
  if (summary.exchanges > 0)
    await installation.announce(
      newEvent('report-read', {
        actor,
        subject: `system:${name}`,
        demo: known.demo,
        data: { kinds: kinds.length, mode, inspected, answered },
      }),
    );
  const expired = expiredNote(await installation.state.expired(), { systems: [name], synthetic: false });
  return { ...summary, mode, kinds, expired };
}
