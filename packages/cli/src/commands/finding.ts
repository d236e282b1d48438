import { CodedError, SEVERITIES, type Severity } from '@sallyport/core';
import { withClient } from '../client.ts';
import type { Command } from '../commands.ts';
import { failOnOf } from '../options.ts';
import { print, printJson, table } from '../output.ts';

interface Finding {
  readonly fingerprint: string;
  readonly subject: string;
  readonly technique: string;
  readonly also: readonly string[];
  readonly severity: Severity;
  readonly status: string;
  readonly priority: number;
  readonly owner: string | null;
  readonly dueAt: string;
  readonly overdue: boolean;
  readonly demo: boolean;
  readonly accepted: { readonly until: string } | null;
  readonly scanned: { readonly message: string; readonly place: string } | null;
}

const SHOWN_MAX = 50;

/** Lists what must be dealt with. */
export const findingList: Command = {
  name: 'finding list',
  usage: 'finding list [--all] [--fail-on SEVERITY]',
  summary:
    'what must be dealt with, the most pressing first; exit 1 for open findings at or above a severity (high)',
  options: { all: { type: 'boolean' }, 'fail-on': { type: 'string' } },
  async run(options) {
    const failOn = failOnOf(options);
    const { findings, leftOut } = await withClient(options, (client) =>
      client.call<{ findings: Finding[]; leftOut: number }>('GET', '/api/v1/findings'),
    );
    const shown = options.flag('all') ? findings : findings.filter(({ status }) => status === 'open');
    if (options.json) printJson({ findings: shown, leftOut });
    else {
      print(
        ...table(
          ['PRIORITY', 'SEVERITY', 'DUE', 'ON', 'WHAT', 'FINGERPRINT'],
          shown
            .slice(0, SHOWN_MAX)
            .map((one) => [
              String(one.priority),
              one.severity,
              `${one.dueAt.slice(0, 10)}${one.overdue ? ' overdue' : one.accepted ? ' accepted' : ''}`,
              one.subject,
              one.scanned
                ? `${one.scanned.message.slice(0, 90)} (${one.scanned.place.slice(0, 60)})`
                : `${one.technique}${one.also.length > 0 ? ` (and ${one.also.join(', ')})` : ''}`,
              one.fingerprint,
            ]),
        ),
      );
      if (shown.length > SHOWN_MAX) print(`… and ${shown.length - SHOWN_MAX} more (--format json has all)`);
      if (leftOut > 0) print(`${leftOut} more are open, less pressing than these: deal with these first`);
    }
    // What is not listed is not known to be mild.
    if (leftOut > 0) return 1;
    const limit = SEVERITIES.indexOf(failOn);
    return findings.some(
      ({ status, severity, demo, accepted }) =>
        status === 'open' && !demo && accepted === null && SEVERITIES.indexOf(severity) <= limit,
    )
      ? 1
      : 0;
  },
};

/** Says who answers for a finding. */
export const findingAssign: Command = {
  name: 'finding assign',
  usage: 'finding assign FINGERPRINT OWNER',
  summary: 'say who answers for a finding',
  async run(options) {
    const [fingerprint, owner] = options.positionals;
    if (fingerprint === undefined || owner === undefined)
      throw new CodedError('usage', 'name a finding by its fingerprint, and a person');
    const done = await withClient(options, (client) =>
      client.call<Finding>('POST', `/api/v1/findings/${encodeURIComponent(fingerprint)}/owner`, { owner }),
    );
    if (options.json) printJson(done);
    else print(`${owner} answers for ${done.technique} on ${done.subject}, due ${done.dueAt.slice(0, 10)}`);
    return 0;
  },
};

/** Scans a watched folder now. */
export const rescan: Command = {
  name: 'rescan',
  usage: 'rescan WATCHED',
  summary: 'scan a watched folder now; findings that are no longer there close; exit 1 where something is',
  async run(options) {
    const [watch] = options.positionals;
    if (watch === undefined) throw new CodedError('usage', 'name a watched folder of `sallyport.yaml`');
    const { outcomes } = await withClient(options, (client) =>
      client.call<{ outcomes: { passed: boolean; summary: string }[] }>('POST', '/api/v1/scans', { watch }),
    );
    if (options.json) printJson({ outcomes });
    else for (const { summary } of outcomes) print(summary);
    return outcomes.every(({ passed }) => passed) ? 0 : 1;
  },
};
