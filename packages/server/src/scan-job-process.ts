import { ftruncateSync, openSync, writeSync } from 'node:fs';
import { answerApart, tellApart } from '@sallyport/core';
import { RUN_MS_MAX, type ScanJob, type ScanJobAnswer, type ScanJobReport } from './scan-job.ts';

const limits = { timeMs: RUN_MS_MAX };

/** Writes the name of what is read next: it is there, however this process ends. */
function writing(path: string | undefined): (name: string) => void {
  if (path === undefined) return () => {};
  const descriptor = openSync(path, 'w', 0o600);
  return (name) => {
    ftruncateSync(descriptor, 0);
    writeSync(descriptor, `${JSON.stringify(name)}\n`, 0);
  };
}

async function reportOf({
  kind,
  paths,
  logs = [],
  advisories,
  exclude,
  decided = [],
  reading,
  failed,
}: ScanJob): Promise<Omit<ScanJobReport, 'unclear'>> {
  const { AdvisoryDatabase, discover, inspectDependencies, scanFiles } = await import('@sallyport/scan');
  if (kind === 'model-files') return scanFiles(paths, { exclude, limits, workers: 1, apart: true });
  if (kind === 'dependencies') {
    const watch = { onRead: writing(reading), failed };
    const database = advisories === undefined ? null : AdvisoryDatabase.open(advisories);
    try {
      const { components: _, ...report } = await inspectDependencies(paths, database, undefined, {
        exclude,
        limits,
        ...watch,
      });
      return report;
    } finally {
      database?.close();
    }
  }
  const known = new Set(decided);
  const isSanctioned = ({ fingerprint }: { fingerprint: string }): boolean => known.has(fingerprint);
  const watch = { onRead: writing(reading), failed };
  return discover(paths, logs, { isSanctioned }, undefined, { exclude, limits, ...watch });
}

answerApart<ScanJob>(async (job) => {
  let answer: ScanJobAnswer;
  try {
    const { isToldWhole } = await import('@sallyport/scan');
    const report = await reportOf(job);
    const unclear = report.files.filter((file) => !isToldWhole(file)).map(({ path }) => path);
    answer = { report: { ...report, unclear } };
  } catch (fault) {
    const { code, path, message } = fault as NodeJS.ErrnoException;
    answer = { fault: code === 'ENOENT' ? `there is no \`${path}\`` : message };
  }
  await tellApart(answer);
  process.exit();
});
