import type { Command } from '../commands.ts';
import { Progress, print, table } from '../output.ts';
import { finishReport, namePath, REPORT_OPTIONS, REPORT_USAGE, shownPath, walkOf } from '../scan-output.ts';

const SHOWN_MAX = 40;

/** Finds the use of AI that nobody registered. */
export const discover: Command = {
  name: 'discover',
  usage: `discover [PATH…] [--log FILE]… [--sanctioned SERVICE]… ${REPORT_USAGE}`,
  summary: 'find the use of AI in source trees and in logs of proxies and resolvers, and secrets beside it',
  options: {
    log: { type: 'string', multiple: true },
    sanctioned: { type: 'string', multiple: true },
    ...REPORT_OPTIONS,
  },
  run: async (options) => {
    const { discover: find } = await import('@sallyport/scan');
    const logs = options.texts('log');
    const paths = options.positionals.length > 0 || logs.length > 0 ? options.positionals : ['.'];
    const sanctioned = new Set(options.texts('sanctioned'));
    const progress = new Progress('files');
    try {
      const known = { isSanctioned: ({ service }: { service: string }) => sanctioned.has(service) };
      const onProgress = (done: number, of: number): void => progress.update(done, of);
      const report = await find(paths, logs, known, onProgress, walkOf(options));
      progress.end();
      if (!options.json && report.hits.length > 0) {
        const rows = report.hits.map(({ serviceName, kind, what, where, line, count, lastAt }) => [
          serviceName,
          kind,
          what,
          `${shownPath(where)}${line === null ? '' : `:${line}`}`,
          String(count),
          lastAt?.slice(0, 19) ?? '',
        ]);
        print(...table(['service', 'seen as', 'what', 'where', 'times', 'last'], rows.slice(0, SHOWN_MAX)));
        if (rows.length > SHOWN_MAX) print(`… and ${rows.length - SHOWN_MAX} more (--format json has all)`);
      }
      return await finishReport(report, options);
    } catch (fault) {
      throw namePath(fault);
    } finally {
      progress.end();
    }
  },
};
