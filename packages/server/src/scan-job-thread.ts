import { parentPort, workerData } from 'node:worker_threads';
import { RUN_MS_MAX, type ScanJob, type ScanJobReport } from './scan-job.ts';

const { kind, paths, logs = [], advisories, exclude, decided = [] } = workerData as ScanJob;

const limits = { timeMs: RUN_MS_MAX };

async function run(): Promise<ScanJobReport> {
  // Loaded here, and gone when the thread is: the server itself needs none of it.
  const { AdvisoryDatabase, discover, inspectDependencies, scanFiles } = await import('@sallyport/scan');
  if (kind === 'model-files') return scanFiles(paths, { exclude, limits, workers: 1, apart: true });
  if (kind === 'dependencies') {
    const database = advisories === undefined ? null : AdvisoryDatabase.open(advisories);
    try {
      const { components: _, ...report } = await inspectDependencies(paths, database, undefined, {
        exclude,
        limits,
      });
      return report;
    } finally {
      database?.close();
    }
  }
  const known = new Set(decided);
  const isSanctioned = ({ fingerprint }: { fingerprint: string }): boolean => known.has(fingerprint);
  return discover(paths, logs, { isSanctioned }, undefined, { exclude, limits });
}

try {
  parentPort!.postMessage({ report: await run() });
} catch (fault) {
  const { code, path, message } = fault as NodeJS.ErrnoException;
  parentPort!.postMessage({ fault: code === 'ENOENT' ? `there is no \`${path}\`` : message });
}
