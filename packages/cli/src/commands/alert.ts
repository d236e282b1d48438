import { CodedError } from '@sallyport/core';
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
  readonly over: string | null;
  readonly acknowledged: { readonly by: string } | null;
}

/** Alerts that go on, or that no one has looked after yet. */
export const alertList: Command = {
  name: 'alert list',
  usage: 'alert list',
  summary: 'alerts that go on or wait for someone, with what to do first; exits 1 when there are any',
  run: (options) =>
    withClient(options, async (client) => {
      const { alerts } = await client.call<{ alerts: Alert[] }>('GET', '/api/v1/alerts');
      if (options.json) printJson({ alerts });
      else if (alerts.length === 0) print('No alert is open.');
      for (const { rule, severity, subject, detail, since, over, owner, action, acknowledged } of options.json
        ? []
        : alerts)
        print(
          `${severity}  ${rule}  ${subject}  ${detail}`,
          `    since ${since}${over === null ? '' : `, over since ${over}`}, for ${owner}: ${action}`,
          ...(acknowledged ? [`    ${acknowledged.by} looks after it`] : []),
        );
      return alerts.length === 0 ? 0 : 1;
    }),
};

/** Says that somebody looks after an alert. */
export const alertAcknowledge: Command = {
  name: 'alert acknowledge',
  usage: 'alert acknowledge RULE SUBJECT [--note TEXT]',
  summary: 'look after an alert: who did and how long it took is in the record',
  options: { note: { type: 'string' } },
  async run(options) {
    const [rule, subject] = options.positionals;
    if (rule === undefined || subject === undefined)
      throw new CodedError('usage', 'name the rule and the subject: sallyport alert list shows them');
    const note = options.text('note');
    const alert = await withClient(options, (client) =>
      client.call<Alert>('POST', '/api/v1/alerts/acknowledge', {
        rule,
        subject,
        ...(note === undefined ? {} : { note }),
      }),
    );
    if (options.json) printJson(alert);
    else print(`You look after it: ${alert.action}`);
    return 0;
  },
};
