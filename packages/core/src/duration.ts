import { CodedError } from './errors.ts';
import { tableOf } from './table.ts';

const UNIT_MS: Record<string, number> = tableOf({ s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 });

/**
 * Reads a duration such as `30d`, `12h`, `90m` or `45s`.
 * @returns milliseconds
 * @throws CodedError `usage` when the text is no duration
 */
export function parseDurationMs(text: string): number {
  const match = /^(\d{1,6})([smhd])$/.exec(text);
  if (!match)
    throw new CodedError('usage', `\`${text}\` is no duration; write for example 30d, 12h, 90m or 45s`);
  return Number(match[1]) * UNIT_MS[match[2]!]!;
}
