/** Result codes of SQLite that speak of a row, not of the database: TOOBIG, CONSTRAINT, MISMATCH, RANGE (sqlite.org/rescode.html). */
const SQLITE_ROW = new Set([18, 19, 20, 25]);

/**
 * Whether a fault lies in what was to be written, so that trying again changes nothing. A full disk or a database out of
 * reach is no such fault.
 */
export function liesInRow(fault: unknown): boolean {
  if (fault instanceof TypeError || fault instanceof RangeError || fault instanceof SyntaxError) return true;
  const { code, errcode } = fault as { code?: unknown; errcode?: unknown };
  if (code === 'ERR_SQLITE_ERROR') return typeof errcode === 'number' && SQLITE_ROW.has(errcode & 0xff);
  // Classes 22 and 23 of PostgreSQL: data exceptions and violated constraints.
  return typeof code === 'string' && /^2[23][0-9A-Z]{3}$/.test(code);
}

/** An entry of the log that could not be projected. */
export interface LeftOut {
  readonly index: number;
  readonly why: string;
}

/** Entries left out that are remembered; more are counted in the log's own messages only. */
export const LEFT_OUT_MAX = 100;
