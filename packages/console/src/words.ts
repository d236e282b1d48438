import type { Expired } from './api.ts';

/** How long ago, in words. */
export function ago(iso: string, now: number = Date.now()): string {
  const seconds = Math.max(0, Math.round((now - Date.parse(iso)) / 1000));
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}

/** What stands for a number that is not known: it is never 0. */
const UNKNOWN = '–';

/** A number as the reader writes them; – where it is not known. */
export const count = (value: number | undefined): string => value?.toLocaleString() ?? UNKNOWN;

const CLOCK = { hour: 'numeric', minute: '2-digit', second: '2-digit' } as const;
const DAY = { year: 'numeric', month: 'numeric', day: 'numeric' } as const;

/** A time of day as the reader writes them, to the second; say {@link zone} beside. */
export const clock = (iso: string): string => new Date(iso).toLocaleTimeString(undefined, CLOCK);

/** A date, local, as the reader writes them. */
export const day = (iso: string): string => new Date(iso).toLocaleDateString(undefined, DAY);

/** A date and time, local, as the reader writes them, with the zone. */
export const moment = (iso: string): string =>
  new Date(iso).toLocaleString(undefined, { ...DAY, ...CLOCK, timeZoneName: 'short' });

/** The reader's zone, in short. */
export const zone = (): string =>
  new Intl.DateTimeFormat(undefined, { timeZoneName: 'short' })
    .formatToParts()
    .find(({ type }) => type === 'timeZoneName')?.value ?? '';

/** Milliseconds, to what is worth saying. */
export const millis = (ms: number): string =>
  ms >= 1000 ? `${(ms / 1000).toFixed(2)} s` : ms >= 10 ? `${ms.toFixed(0)} ms` : `${ms.toFixed(2)} ms`;

/** One word or several. */
export const plural = (n: number | undefined, one: string, many = `${one}s`): string =>
  `${count(n)} ${n === 1 ? one : many}`;

interface Seen {
  readonly exchanges: number;
  readonly inspected: number;
  readonly answered: number;
  readonly failed: number;
  readonly denied: number;
  readonly wouldHaveDenied: number;
  readonly wouldHaveRedacted: number;
}

const were = (n: number): string => `${count(n)} ${n === 1 ? 'was' : 'were'}`;

/**
 * Counts of one system: 0 where it has none, undefined while none were read.
 * @param all counts of every system that had a call
 */
export function seenOf<T extends Seen & { readonly system: string }>(
  all: readonly T[] | undefined,
  system: string,
): Pick<Seen, 'exchanges' | 'inspected' | 'denied' | 'wouldHaveDenied'> | undefined {
  return (
    all &&
    (all.find((one) => one.system === system) ?? {
      exchanges: 0,
      inspected: 0,
      denied: 0,
      wouldHaveDenied: 0,
    })
  );
}

/** How many calls enforcing would have denied; null where none was inspected, so that nobody knows. */
export const wouldDeny = (seen: Pick<Seen, 'inspected' | 'wouldHaveDenied'> | undefined): number | null =>
  seen && seen.inspected > 0 ? seen.wouldHaveDenied : null;

/** Of a system that enforces: what passed while it did not. */
export const passedBefore = (n: number): string =>
  n === 0 ? '' : `, and ${count(n)} that passed while it observed would be denied now`;

/** What is counted no more. */
export const expiredWords = ({ calls, before }: Expired): string =>
  `${plural(calls, 'call')} from before ${before} ${calls === 1 ? 'has' : 'have'} expired: the record keeps only that ${calls === 1 ? 'it was' : 'they were'}.`;

/** What is known of the calls to a system before it enforces, or while it does. Nothing seen is told as that. */
export function judged(
  report: Seen & {
    readonly mode: 'observe' | 'enforce';
    readonly kinds: readonly unknown[];
    readonly expired?: Expired | null;
  },
): string {
  if (report.expired) {
    const gone = expiredWords(report.expired);
    return report.exchanges === 0 ? gone : `${judged({ ...report, expired: null })} ${gone}`;
  }
  const { exchanges, inspected, answered, failed, denied, mode } = report;
  if (exchanges === 0) return 'There is no call to it yet, so no call was inspected yet.';
  const all = `of ${plural(exchanges, 'call')}`;
  const ends = [
    ...(failed > 0 ? [`${count(failed)} failed`] : []),
    ...(denied > 0 ? [`${were(denied)} denied`] : []),
  ].join(', ');
  const why = ends === '' ? '' : `: ${all}, ${ends}`;
  if (inspected === 0) return `No call was inspected yet${why}.`;
  const acted =
    mode === 'enforce'
      ? `${were(denied)} denied${passedBefore(report.wouldHaveDenied)}`
      : `of those enforcing would have denied ${count(report.wouldHaveDenied)} and rewritten ${count(report.wouldHaveRedacted)}`;
  const more = report.kinds.length > 0 ? ' By what was seen:' : '';
  if (answered === 0)
    return `No answer was inspected yet${why}.${mode === 'enforce' ? '' : ` By their questions alone, ${acted.replace(/^of those /, '')}.`}${more}`;
  const rest = more || (mode === 'enforce' ? '' : ' All else in them would have passed unchanged.');
  const fell =
    failed > 0 ? ` Of all ${plural(exchanges, 'call')}, inspected or not, ${count(failed)} failed.` : '';
  return `Of ${all.slice(3)}, ${were(inspected)} inspected; ${acted}.${fell}${rest}`;
}

interface Cost {
  /** In millionths of a US dollar. */
  readonly costMicroUsd: number | null;
  readonly outcome: string | null;
  readonly code: string | null;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** What a call cost in US dollars; what has no price is nothing that is known. */
export function spend({ costMicroUsd, outcome, code, inputTokens, outputTokens }: Cost): string {
  if (outcome === null) return '– (not over yet)';
  if (costMicroUsd !== null) return `${(costMicroUsd / 1_000_000).toFixed(6)} USD`;
  const unsent = outcome === 'denied' && code !== 'output-denied' && inputTokens + outputTokens === 0;
  return unsent ? 'none (nothing was sent)' : '– (no price set)';
}

/** A price in US dollars for a million tokens, where there is one. */
export const price = (dollars: number | undefined): string => dollars?.toLocaleString() ?? UNKNOWN;
