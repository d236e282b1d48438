import { plural, type Severity } from '@sallyport/core';
import { ACCESS_ALERT_RULES, type AccessWindow } from './access-alerts.ts';
import { RECORD_ALERT_RULES, type RecordWindow } from './record-alerts.ts';

/** What one system saw in a window of time; demonstrations and our own probes left out. */
export interface SystemWindow {
  readonly system: string;
  /** Calls in the window, and in the hour before it. */
  readonly calls: number;
  readonly callsHourBefore: number;
  readonly failed: number;
  /** Calls in which an attack was seen, blocked or not. */
  readonly attacks: number;
  /** Answers that held what must not leave. */
  readonly leaks: number;
  /** Calls in which it refused the credential that Sallyport sends. */
  readonly refused: number;
}

/** Everything alerts are judged by. */
export interface AlertWindow {
  readonly minutes: number;
  readonly systems: readonly SystemWindow[];
  /** Calls refused because they could not be recorded. */
  readonly unrecorded: number;
  /** Unauthenticated calls. */
  readonly unauthenticated: number;
  /** Gateway workers that run, and that should. */
  readonly workers: number;
  readonly workersWanted: number;
  /** Gateway workers that stood still within the window and were replaced. */
  readonly workersStuck: number;
  /** Leaves that are durable and not yet in the projection that alerts are judged by. */
  readonly behind: number;
  /** Systems to which nothing goes, for what is stored about them cannot be used, and why. */
  readonly quarantined: readonly { readonly system: string; readonly why: string }[];
  /** References of the credentials of systems, and why one holds nothing that could be sent; null where it does. */
  readonly credentials: readonly {
    readonly system: string;
    readonly ref: string;
    readonly lack: string | null;
  }[];
  /** Entries of the log that no list shows, since they could not be projected. */
  readonly leftOut: number;
  /** Minutes since the newest probe ended; null when none ever did. */
  readonly probeMinutes: number | null;
  readonly access: AccessWindow;
  readonly record: RecordWindow;
}

/** A rule: what it watches, and whom it calls. */
export interface AlertRule {
  readonly id: string;
  readonly severity: Severity;
  readonly owner: 'security' | 'operations';
  /** What an on-call engineer does first. */
  readonly action: string;
  /** Subjects it fires for, with what was seen. */
  judge(window: AlertWindow): readonly { readonly subject: string; readonly detail: string }[];
}

const perSystem =
  (judge: (system: SystemWindow, minutes: number) => string | null) =>
  (window: AlertWindow): { subject: string; detail: string }[] =>
    window.systems.flatMap((system) => {
      const detail = judge(system, window.minutes);
      return detail === null ? [] : [{ subject: `system:${system.system}`, detail }];
    });

const organisation =
  (judge: (window: AlertWindow) => string | null) =>
  (window: AlertWindow): { subject: string; detail: string }[] => {
    const detail = judge(window);
    return detail === null ? [] : [{ subject: 'organisation', detail }];
  };

const ATTACKS_MIN = 10;
const CALLS_FOR_RATE_MIN = 20;
const FAILED_SHARE = 0.5;
const USUAL_CALLS_MIN = 60;
const UNAUTHENTICATED_MIN = 300;
const BEHIND_MAX = 20_000;
const PROBE_MINUTES_MAX = 45;

/** Every rule. Those about ourselves come last: an alarm that is silent because it is dead is worse than none. */
export const ALERT_RULES: readonly AlertRule[] = [
  {
    id: 'leak-in-answers',
    severity: 'critical',
    owner: 'security',
    action: 'open the calls under Traffic, filtered by what was seen; rotate what leaked',
    judge: perSystem(({ leaks }, minutes) =>
      leaks > 0
        ? `${plural(leaks, 'answer')} held a secret, a canary, the system prompt or texts learned from within ${minutes} minutes`
        : null,
    ),
  },
  {
    id: 'attack-burst',
    severity: 'high',
    owner: 'security',
    action: 'see which key sends them under Traffic; revoke it if it is not known',
    judge: perSystem(({ attacks }, minutes) =>
      attacks >= ATTACKS_MIN
        ? `${plural(attacks, 'call')} carried an attack within ${minutes} minutes`
        : null,
    ),
  },
  {
    id: 'credential-missing',
    severity: 'high',
    owner: 'operations',
    action: 'sallyport doctor says what to type; calls to the system are refused until then',
    judge: ({ credentials }) =>
      credentials.flatMap(({ system, lack }) =>
        lack === null ? [] : [{ subject: `system:${system}`, detail: `its credential is missing: ${lack}` }],
      ),
  },
  {
    id: 'credential-refused',
    severity: 'high',
    owner: 'operations',
    action:
      'set another: the variable or file and a restart, or sallyport upstream edit NAME --api-key-ref; then sallyport upstream test NAME. The keys of callers are not the cause',
    judge: ({ systems, credentials, minutes }) =>
      systems.flatMap(({ system, refused }) => {
        if (refused === 0) return [];
        const ref = credentials.find((one) => one.system === system)?.ref;
        const what = ref === undefined ? 'it wants a credential and none is set' : `it refused ${ref}`;
        const detail = `${what}, in ${plural(refused, 'call')} within ${minutes} minutes`;
        return [{ subject: `system:${system}`, detail }];
      }),
  },
  {
    id: 'system-failing',
    severity: 'high',
    owner: 'operations',
    action: 'sallyport doctor',
    judge: perSystem(({ calls, failed }) =>
      calls >= CALLS_FOR_RATE_MIN && failed / calls >= FAILED_SHARE
        ? `${failed} of ${calls} calls failed`
        : null,
    ),
  },
  {
    id: 'system-quarantined',
    severity: 'high',
    owner: 'operations',
    action:
      'mend what the detail names, or remove the system and add it again; nothing goes to it until then',
    judge: ({ quarantined }) =>
      quarantined.map(({ system, why }) => ({
        subject: `system:${system}`,
        detail: `what is stored about it cannot be used: ${why}`.slice(0, 300),
      })),
  },
  {
    id: 'entries-left-out',
    severity: 'high',
    owner: 'operations',
    action:
      '`sallyport doctor` names them, `sallyport ledger show` reads them; report them as a fault of Sallyport',
    judge: ({ leftOut }) =>
      leftOut > 0
        ? [
            {
              subject: 'record',
              detail: `${plural(leftOut, 'entry is', 'entries are')} in the record and in no list or count`,
            },
          ]
        : [],
  },
  {
    id: 'system-silent',
    severity: 'medium',
    owner: 'operations',
    action: 'see whether its callers still reach the gateway',
    judge: perSystem(({ calls, callsHourBefore }, minutes) =>
      calls === 0 && callsHourBefore >= USUAL_CALLS_MIN
        ? `no call for ${minutes} minutes after ${callsHourBefore} in the hour before`
        : null,
    ),
  },
  {
    id: 'unauthenticated-flood',
    severity: 'medium',
    owner: 'security',
    action: 'find the address under Traffic and block it in front of the gateway',
    judge: organisation(({ unauthenticated, minutes }) =>
      unauthenticated >= UNAUTHENTICATED_MIN
        ? `${plural(unauthenticated, 'call')} without a valid key within ${minutes} minutes`
        : null,
    ),
  },
  ...ACCESS_ALERT_RULES,
  ...RECORD_ALERT_RULES,
  {
    id: 'record-unavailable',
    severity: 'critical',
    owner: 'operations',
    action: 'free space on the disk of the data folder, then sallyport doctor',
    judge: organisation(({ unrecorded }) =>
      unrecorded > 0
        ? `${plural(unrecorded, 'call was', 'calls were')} refused because the record could not be written`
        : null,
    ),
  },
  {
    id: 'workers-missing',
    severity: 'high',
    owner: 'operations',
    action: 'read the log for why they die, then restart',
    judge: organisation(({ workers, workersWanted }) =>
      workers < workersWanted ? `${workers} of ${plural(workersWanted, 'gateway worker')} run` : null,
    ),
  },
  {
    id: 'worker-stuck',
    severity: 'high',
    owner: 'operations',
    action:
      'see under Traffic which calls ended as crashed at that time; if one key sent them, revoke it, and report the texts',
    judge: organisation(({ workersStuck, minutes }) =>
      workersStuck > 0
        ? `gateway workers that stopped answering were replaced within ${minutes} minutes: ${workersStuck}; their calls were cut off`
        : null,
    ),
  },
  {
    id: 'monitor-behind',
    severity: 'medium',
    owner: 'operations',
    action: 'sallyport doctor; a slow disk or database keeps what is shown behind what is recorded',
    judge: organisation(({ behind }) =>
      behind > BEHIND_MAX ? `what is shown is ${plural(behind, 'entry', 'entries')} behind the record` : null,
    ),
  },
  {
    id: 'probes-silent',
    severity: 'medium',
    owner: 'operations',
    action: 'read the log for why probes fail; evidence grows stale meanwhile',
    judge: organisation(({ probeMinutes }) =>
      probeMinutes !== null && probeMinutes > PROBE_MINUTES_MAX
        ? `no probe has ended for ${plural(Math.round(probeMinutes), 'minute')}`
        : null,
    ),
  },
];

/** An alert that is open. */
export interface Alert {
  readonly rule: string;
  readonly subject: string;
  readonly severity: Severity;
  readonly owner: string;
  readonly detail: string;
  readonly action: string;
}

/** What changed: alerts that open, and those that close because what opened them is over. */
export interface AlertChange {
  readonly opened: readonly Alert[];
  readonly closed: readonly Alert[];
}

/** What tells alerts apart: a rule fires once for a subject. */
export const alertKey = (alert: { rule: string; subject: string }): string =>
  `${alert.rule} ${alert.subject}`;

/** Judges a window by every rule, against the alerts that are open. */
export function evaluateAlerts(window: AlertWindow, open: readonly Alert[]): AlertChange {
  const firing = new Map<string, Alert>();
  for (const rule of ALERT_RULES) {
    for (const { subject, detail } of rule.judge(window)) {
      const alert = {
        rule: rule.id,
        subject,
        severity: rule.severity,
        owner: rule.owner,
        detail,
        action: rule.action,
      };
      firing.set(alertKey(alert), alert);
    }
  }
  const known = new Set(open.map(alertKey));
  return {
    opened: [...firing.values()].filter((alert) => !known.has(alertKey(alert))),
    closed: open.filter((alert) => !firing.has(alertKey(alert))),
  };
}
