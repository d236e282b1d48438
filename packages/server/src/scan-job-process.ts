import { answerApart, tellApart } from '@sallyport/core';
import { RUN_MS_MAX, type ScanJob, type ScanJobAnswer, type ScanJobReport } from './scan-job.ts';

const limits = { timeMs: RUN_MS_MAX };

async function reportOf({
  kind,
  paths,
  logs = [],
  advisories,
  exclude,
  decided = [],
}: ScanJob): Promise<Omit<ScanJobReport, 'unclear'>> {
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
