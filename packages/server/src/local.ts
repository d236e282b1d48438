/**
 * What commands need of the control plane before they know whether a server runs: files and folders of this machine. None
 * of it loads the server, which takes as long as a thousand files do; what does is loaded when it is asked for.
 *
 * Call first: {@link loadConfig}.
 */

export type { ContentReport } from './audit/content-audit.ts';
export type { RecordReport } from './audit/record-audit.ts';
export type { StateReport } from './audit/state-report.ts';
export type { Told } from './audit/vouched.ts';
export type { BackupDrill, BackupMade } from './backups/backup-desk.ts';
export { loadConfig, resolveSecret } from './config-file.ts';
export { controlSocketPath } from './control-socket.ts';
export { keptLog, knownLog, rememberLog, seenLog } from './known-logs.ts';
export { authorityPath } from './tls/listener.ts';

/** Takes the lock on a data folder and opens its API for one command. */
export const localApis = () => import('./local-api.ts');

/** Restores backups. */
export const restoring = () => import('./backups/restore.ts');

/** Verifies a record with the content beside it and the state that follows from it. */
export const auditing = () => import('./audit/record-audit.ts');
