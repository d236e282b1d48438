import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CodedError } from '@sallyport/core';
import type { Command } from '../commands.ts';
import type { Options } from '../options.ts';
import { Progress, print, printJson } from '../output.ts';
import { finishReport, namePath, REPORT_OPTIONS, REPORT_USAGE, walkOf } from '../scan-output.ts';

/** Where advisories lie: the folder that was named, or that of the installation. */
export const advisoriesFolder = (options: Options): string =>
  options.text('advisories') ?? join(options.data, 'advisories');

/** The same to judge by. @throws CodedError `usage` in a pipeline where none was named: what lies in the working folder came with the change */
function advisoriesToJudgeBy(options: Options): string {
  const folder = advisoriesFolder(options);
  const isNamed = options.text('advisories') !== undefined || options.text('data') !== undefined;
  if (isNamed || (process.env['CI'] ?? '') === '' || !existsSync(folder)) return folder;
  throw new CodedError(
    'usage',
    `\`${folder}\` lies in the working folder, and may have come with the change: name the advisories with --advisories`,
  );
}

/** Says what is known about the packages that lock files name. */
export const dependencies: Command = {
  name: 'dependencies',
  usage: `dependencies [PATH…] [--advisories DIR] ${REPORT_USAGE}`,
  summary:
    'say what is known about the packages in lock files, manifests and container images; exit 1 for what is severe, exploited or made to harm',
  options: { advisories: { type: 'string' }, ...REPORT_OPTIONS },
  run: async (options) => {
    const { AdvisoryDatabase, inspectDependencies } = await import('@sallyport/scan');
    const database = AdvisoryDatabase.open(advisoriesToJudgeBy(options));
    const progress = new Progress('lock files and images');
    try {
      const paths = options.positionals.length > 0 ? options.positionals : ['.'];
      const onProgress = (done: number, of: number): void => progress.update(done, of);
      const report = await inspectDependencies(paths, database, onProgress, walkOf(options));
      if (report.files.length === 0 && !options.json)
        print('there are no lock files, manifests or container images');
      return await finishReport(report, options);
    } catch (fault) {
      throw namePath(fault);
    } finally {
      progress.end();
      database?.close();
    }
  },
};

/** Takes advisories in. */
export const advisoriesImport: Command = {
  name: 'advisories import',
  usage: 'advisories import DIR [--known-exploited FILE] [--advisories DIR]',
  summary: "take in OSV's offline export (`DIR/PyPI/all.zip` …) and CISA's list of exploited vulnerabilities",
  options: { advisories: { type: 'string' }, 'known-exploited': { type: 'string' } },
  run: async (options) => {
    const [from] = options.positionals;
    if (from === undefined) throw new CodedError('usage', 'name the folder that holds the export');
    const { importAdvisories } = await import('@sallyport/scan');
    const progress = new Progress('advisories');
    const description = importAdvisories(from, advisoriesFolder(options), {
      exploited: options.text('known-exploited'),
      onProgress: (done) => progress.update(done, done),
    });
    progress.end();
    if (options.json) printJson(description);
    else {
      for (const [ecosystem, { records, unread }] of Object.entries(description.ecosystems))
        print(`${ecosystem}: ${records} advisories${unread > 0 ? `, ${unread} that cannot be read` : ''}`);
      print(`the newest is of ${description.newest.slice(0, 10)}`);
      if (description.exploited) print(`${description.exploited.names} are known to be exploited`);
    }
    return 0;
  },
};
