import { plural } from '@sallyport/core';
import type { AlertRule } from './alerts.ts';

/** What people and programs did in the last hour, as far as alerts look at it. */
export interface AccessWindow {
  /** Failed sign-ins by account (`person:ID`), and under `organisation` those at accounts that do not exist. */
  readonly failures: Readonly<Record<string, number>>;
  /** Administrators who signed in from an address that they never came from. */
  readonly newAddresses: readonly { readonly subject: string; readonly address: string }[];
  /** People who were in two places that are too far apart. */
  readonly travel: readonly { readonly subject: string; readonly detail: string }[];
  /** Contents of calls opened, by who did. */
  readonly contentReads: Readonly<Record<string, number>>;
  /** Of those, outside working hours. */
  readonly contentReadsOffHours: Readonly<Record<string, number>>;
  /** People who used emergency access that nobody judged yet, and what for. */
  readonly emergencies: readonly { readonly subject: string; readonly detail: string }[];
  /** Third parties to which nothing goes because they are not what was approved. */
  readonly suspended: readonly { readonly subject: string; readonly detail: string }[];
  /** Reviews that are overdue. */
  readonly overdue: readonly { readonly subject: string; readonly days: number }[];
  /** People who were shut out, and have another account that was not. */
  readonly stillIn: readonly { readonly subject: string; readonly detail: string }[];
  /** Live keys that end soon, and days until then. */
  readonly keysEnding: readonly { readonly subject: string; readonly name: string; readonly days: number }[];
  /** Live keys whose owner left, and days until they end. */
  readonly keysOwnerless: readonly {
    readonly subject: string;
    readonly name: string;
    readonly days: number;
  }[];
}

const FAILURES_MIN = 20;
const READS_MIN = 100;
const READS_OFF_HOURS_MIN = 20;

/** A rule over counts by subject. */
const counted = (
  of: (access: AccessWindow) => Readonly<Record<string, number>>,
  least: number,
  words: (count: number) => string,
): AlertRule['judge'] => {
  return ({ access }) =>
    Object.entries(of(access)).flatMap(([subject, count]) =>
      count >= least ? [{ subject, detail: words(count) }] : [],
    );
};

/** Rules over who does what. */
export const ACCESS_ALERT_RULES: readonly AlertRule[] = [
  {
    id: 'sign-in-failures',
    severity: 'high',
    owner: 'security',
    action:
      'see the addresses in the access log; ask the holder of the account, and block the addresses in front of the console',
    judge: counted(
      ({ failures }) => failures,
      FAILURES_MIN,
      (n) => `${n} failed sign-ins within an hour`,
    ),
  },
  {
    id: 'break-glass',
    severity: 'critical',
    owner: 'security',
    action: 'ask them now; the alarm ends when another person has judged it under Reviews',
    judge: ({ access }) => access.emergencies,
  },
  {
    id: 'third-party-changed',
    severity: 'high',
    owner: 'security',
    action:
      'ask them what changed; a person with the role approver approves it under Integrations, or ends it',
    judge: ({ access }) => access.suspended,
  },
  {
    id: 'review-overdue',
    severity: 'medium',
    owner: 'security',
    action: 'a person with the role approver finishes it under Reviews',
    judge: ({ access }) =>
      access.overdue.map(({ subject, days }) => ({
        subject,
        detail: `a review is overdue by ${days < 1 ? 'less than a day' : plural(Math.floor(days), 'day')}`,
      })),
  },
  {
    id: 'administrator-new-address',
    severity: 'medium',
    owner: 'security',
    action: 'ask them whether it was they; if not: sallyport user disable',
    judge: ({ access }) =>
      access.newAddresses.map(({ subject, address }) => ({
        subject,
        detail: `an administrator signed in from ${address} for the first time`,
      })),
  },
  {
    id: 'impossible-travel',
    severity: 'high',
    owner: 'security',
    action: 'ask them whether both were they; if not: end their sessions, sallyport user disable',
    judge: ({ access }) => access.travel,
  },
  {
    id: 'mass-reading',
    severity: 'high',
    owner: 'security',
    action: 'see what was opened in the access log; end their sessions if it is not their work',
    judge: counted(
      ({ contentReads }) => contentReads,
      READS_MIN,
      (n) => `opened the content of ${n} calls within an hour`,
    ),
  },
  {
    id: 'reading-off-hours',
    severity: 'medium',
    owner: 'security',
    action: 'ask them about it; the access log says what was opened',
    judge: counted(
      ({ contentReadsOffHours }) => contentReadsOffHours,
      READS_OFF_HOURS_MIN,
      (n) => `opened the content of ${n} calls within an hour, at night or at the weekend`,
    ),
  },
  {
    id: 'shut-out-elsewhere',
    severity: 'high',
    owner: 'security',
    action: 'sallyport user disable NAME shuts the other account out, too; or let this one in again',
    judge: ({ access }) => access.stillIn,
  },
  {
    id: 'key-ownerless',
    severity: 'medium',
    owner: 'security',
    action: 'sallyport key owner ID NAME says who answers for it from now on; or revoke it',
    judge: ({ access }) =>
      access.keysOwnerless.map(({ subject, name, days }) => ({
        subject,
        detail: `who answered for the key \`${name}\` left; it ends in ${days < 1 ? 'less than a day' : plural(Math.floor(days), 'day')}`,
      })),
  },
  {
    id: 'key-ending',
    severity: 'low',
    owner: 'operations',
    action: 'sallyport key rotate ID, and put the new key where the old one is',
    judge: ({ access }) =>
      access.keysEnding.map(({ subject, name, days }) => ({
        subject,
        detail: `the key \`${name}\` ends in ${days < 1 ? 'less than a day' : `${Math.floor(days)} days`}`,
      })),
  },
];
