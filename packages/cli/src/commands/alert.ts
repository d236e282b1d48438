import { withClient } from '../client.ts';
import type { Command } from '../commands.ts';
import { print, printJson } from '../output.ts';

interface Alert {
  readonly rule: string;
  readonly subject: string;
  readonly severity: string;
  readonly owner: string;
  readonly detail: string;
  readonly action: string;
  readonly since: string;
}

/** Alerts that are open. */
export const alertList: Command = {
  name: 'alert list',
  usage: 'alert list',
  summary: 'alerts that are open, with what to do first; exits 1 when there are any',
  run: (options) =>
    withClient(options, async (client) => {
      const { alerts } = await client.call<{ alerts: Alert[] }>('GET', '/api/v1/alerts');
      if (options.json) printJson({ alerts });
      else if (alerts.length === 0) print('No alert is open.');
      for (const { severity, subject, detail, since, owner, action } of options.json ? [] : alerts)
        print(`${severity}  ${subject}  ${detail}`, `    since ${since}, for ${owner}: ${action}`);
      return alerts.length === 0 ? 0 : 1;
    }),
};
