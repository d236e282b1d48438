import { plural } from '@sallyport/core';
import type { AlertRule } from './alerts.ts';

/** What the record and its backups are judged by. */
export interface RecordWindow {
  /** Records that workers were told are durable, and that are not in the log. */
  readonly missing: number;
  /** Witnesses that refuse to go on, as they saw another log. */
  readonly refusedBy: readonly string[];
  /** Hours from the last backup until now, and how many there may be; null where none are to be made. */
  readonly backup: { readonly hours: number | null; readonly hoursMax: number } | null;
}

/** Rules about the record: what was lost from it, who contradicts it, whether it could be restored. */
export const RECORD_ALERT_RULES: readonly AlertRule[] = [
  {
    id: 'record-gap',
    severity: 'critical',
    owner: 'security',
    action:
      'take a copy of the data folder; see `record-gap-found` in the record for the worker, and its log for why',
    judge: ({ record: { missing } }) =>
      missing > 0
        ? [
            {
              subject: 'organisation',
              detail: `${plural(missing, 'record')} that ${missing === 1 ? 'was' : 'were'} acknowledged ${missing === 1 ? 'is' : 'are'} not in the log`,
            },
          ]
        : [],
  },
  {
    id: 'record-refused',
    severity: 'critical',
    owner: 'security',
    action:
      'stop, and hold the log against a backup with `sallyport ledger verify --checkpoint`: it was cut or rewritten',
    judge: ({ record: { refusedBy } }) =>
      refusedBy.length > 0
        ? [{ subject: 'organisation', detail: `the witnesses ${refusedBy.join(', ')} saw another log` }]
        : [],
  },
  {
    id: 'backup-overdue',
    severity: 'high',
    owner: 'operations',
    action: 'read the log for why backups fail, then `sallyport backup`',
    judge: ({ record: { backup } }) =>
      backup && backup.hours !== null && backup.hours > backup.hoursMax
        ? [
            {
              subject: 'organisation',
              detail: `the last backup is ${plural(Math.floor(backup.hours), 'hour')} old`,
            },
          ]
        : [],
  },
];
