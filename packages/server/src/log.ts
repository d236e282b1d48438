import { writeSync } from 'node:fs';
import { clock, visibleJson } from '@sallyport/core';

/** Levels of log lines, mildest first. */
const LEVELS = ['debug', 'info', 'warn', 'error'] as const;
type Level = (typeof LEVELS)[number];

/** The mildest level that is written: `SALLYPORT_LOG`, or `warn`. */
const least = LEVELS.indexOf((process.env['SALLYPORT_LOG'] ?? 'warn') as Level);

const STANDARD_ERROR = 2;

/** Lines that could not be written since the last one that was. */
let lost = 0;

/**
 * Writes one JSON line to standard error; where that cannot be written, the server goes on, and says later how many lines
 * are missing. Facts are ids, counts and codes: never content, never secrets.
 */
export function log(
  level: Level,
  message: string,
  facts: Readonly<Record<string, string | number | boolean | null>> = {},
): void {
  if (LEVELS.indexOf(level) < least) return;
  const missing = lost > 0 ? { linesLost: lost } : {};
  try {
    writeSync(
      STANDARD_ERROR,
      `${visibleJson({ at: clock.nowIso(), level, message, ...facts, ...missing })}\n`,
    );
    lost = 0;
  } catch {
    lost++;
  }
}

/** Says that something failed that nobody waited for: the server goes on without it. */
export function unforeseen(fault: unknown): void {
  const { message, stack = '' } = fault instanceof Error ? fault : new Error(String(fault));
  const where = stack.split('\n').find((line) => /^\s+at /.test(line)) ?? '';
  log('error', 'something failed that nothing waited for; report this line', {
    fault: message,
    where: where.trim(),
  });
}
