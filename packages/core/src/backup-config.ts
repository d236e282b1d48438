import { z } from 'zod';

/** Days that backups are kept where nothing else is said. */
export const BACKUP_KEEP_DAYS = 35;

const recipient = z
  .string()
  .max(4096)
  .regex(
    /^age1(?:pq1)?[02-9ac-hj-np-z]+$/,
    'is `age1…` or `age1pq1…`, as `sallyport vault identity` prints it',
  );

/** Backups that are made by themselves, and restored to see that they can be. */
export const backupSchema = z.strictObject({
  /** Where they go: another disk, or a mount of another machine. */
  folder: z.string().min(1).max(4096),
  /** Who can open them besides this installation: without one of them, its own keys are needed. */
  recipients: z.array(recipient).max(16).default([]),
  everyHours: z.int().min(1).max(720).default(24),
  /** Days that backups are kept, and with them keys that only they need. */
  keepDays: z.int().min(1).max(3_660).default(BACKUP_KEEP_DAYS),
  /** Hours from one drill, which restores the newest into a folder of its own, to the next. */
  drillEveryHours: z.int().min(1).max(8_784).default(168),
});
export type BackupConfig = z.infer<typeof backupSchema>;
