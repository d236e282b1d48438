/** Levels of log lines, mildest first. */
const LEVELS = ['debug', 'info', 'warn', 'error'] as const;
type Level = (typeof LEVELS)[number];

let least: Level = 'warn';

/** Sets the mildest level that is written. */
export function setLogLevel(level: Level): void {
  least = level;
}

/** Writes one JSON line to standard error. Facts are ids, counts and codes: never content, never secrets. */
export function log(level: Level, message: string, facts: Readonly<Record<string, string | number | boolean | null>> = {}): void {
  if (LEVELS.indexOf(level) < LEVELS.indexOf(least)) return;
  process.stderr.write(`${JSON.stringify({ at: new Date().toISOString(), level, message, ...facts })}\n`);
}
