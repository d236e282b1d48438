import { clock, visibleJson } from '@sallyport/core';

/** Levels of log lines, mildest first. */
const LEVELS = ['debug', 'info', 'warn', 'error'] as const;
type Level = (typeof LEVELS)[number];

/** The mildest level that is written: `SALLYPORT_LOG`, or `warn`. */
const least = LEVELS.indexOf((process.env['SALLYPORT_LOG'] ?? 'warn') as Level);

/** Writes one JSON line to standard error. Facts are ids, counts and codes: never content, never secrets. */
export function log(
  level: Level,
  message: string,
  facts: Readonly<Record<string, string | number | boolean | null>> = {},
): void {
  if (LEVELS.indexOf(level) < least) return;
  process.stderr.write(`${visibleJson({ at: clock.nowIso(), level, message, ...facts })}\n`);
}
