import { CodedError, newEvent, type SystemConfig } from '@sallyport/core';
import type { BlockedKind, Summary } from '@sallyport/store';
import type { Control } from './control.ts';

/** The "would have blocked" report of one system. */
export interface BlockedReport extends Summary {
  readonly mode: SystemConfig['mode'];
  readonly kinds: readonly BlockedKind[];
}

/** What enforcing would have blocked on a system. That it was read is an event. @throws CodedError `system-unknown` */
export async function blockedReport(control: Control, actor: string, name: string): Promise<BlockedReport> {
  const { installation } = control;
  const known = (await control.systems()).find((system) => system.name === name);
  if (!known) throw new CodedError('system-unknown', `no system \`${name.slice(0, 64)}\` is known`);
  await installation.flush();
  const { exchanges } = installation.store;
  const summary = (await exchanges.summaries()).find((one) => one.system === name);
  const kinds = await exchanges.wouldHaveBlocked(name);
  if ((summary?.exchanges ?? 0) > 0)
    await installation.announce(
      newEvent('report-read', {
        actor,
        subject: `system:${name}`,
        demo: known.demo,
        data: { kinds: kinds.length },
      }),
    );
  const { wouldHaveDenied = 0, denied = 0, exchanges: total = 0 } = summary ?? {};
  return { system: name, mode: known.config.mode, exchanges: total, wouldHaveDenied, denied, kinds };
}
