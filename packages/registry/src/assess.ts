import type { Assessment } from '@sallyport/store';

/** What can be measured of a third party. Null where there was nothing to measure. */
export interface PartyMeasures {
  /** Whether its manifest is approved and not over. */
  readonly approved: boolean;
  /** Whether somebody who is here answers for it. */
  readonly owned: boolean;
  /** TLS version spoken at its origins, such as `TLSv1.3`; null where none was reached. */
  readonly tls: string | null;
  /** Whether the exchange of keys was safe from quantum computers. */
  readonly hybridKeys: boolean | null;
  /** Whether it is as it was approved. */
  readonly unchanged: boolean;
  /** Calls through the gateway in the last 30 days, and those that it failed. */
  readonly calls: number;
  readonly failedCalls: number;
  /** Detections in what it answered. */
  readonly badAnswers: number;
  /** Open findings on systems behind it, critical and high. */
  readonly severeFindings: number;
  /** Times that it was suspended in the last year. */
  readonly suspensions: number;
}

const share = (part: number, of: number): number => (of === 0 ? 0 : part / of);

/** Facts of a third party, with the points each gives, and their sum of 100. What could not be measured gives half. */
export function assess(measures: PartyMeasures): Pick<Assessment, 'facts' | 'score'> {
  const fact = (what: string, good: boolean | null, points: number): Assessment['facts'][number] => ({
    what,
    good,
    points: good === null ? Math.floor(points / 2) : good ? points : 0,
  });
  const failing = share(measures.failedCalls, measures.calls);
  const bad = share(measures.badAnswers, measures.calls);
  const facts = [
    fact(
      measures.approved ? 'its manifest is approved' : 'its manifest is not approved',
      measures.approved,
      20,
    ),
    fact(measures.owned ? 'it has an owner here' : 'it has no owner here', measures.owned, 10),
    fact(
      measures.tls === null ? 'its origins were not reached' : `its origins speak ${measures.tls}`,
      measures.tls === null ? null : measures.tls === 'TLSv1.3',
      15,
    ),
    fact(
      measures.hybridKeys === null
        ? 'whether its keys are safe from quantum computers was not measured'
        : measures.hybridKeys
          ? 'it agrees on keys that are safe from quantum computers'
          : 'it agrees on keys that a quantum computer would break',
      measures.hybridKeys,
      5,
    ),
    fact(
      measures.unchanged ? 'it is as it was approved' : 'it is not as it was approved',
      measures.unchanged,
      15,
    ),
    fact(
      measures.calls === 0
        ? 'no calls in 30 days'
        : `${measures.failedCalls} of ${measures.calls} calls failed`,
      measures.calls === 0 ? null : failing <= 0.05,
      10,
    ),
    fact(
      measures.calls === 0
        ? 'no answers in 30 days'
        : `${measures.badAnswers} of ${measures.calls} answers held something the guard saw`,
      measures.calls === 0 ? null : bad <= 0.01,
      10,
    ),
    fact(
      `${measures.severeFindings} severe findings on what is behind it`,
      measures.severeFindings === 0,
      10,
    ),
    fact(`suspended ${measures.suspensions} times in a year`, measures.suspensions === 0, 5),
  ];
  return { facts, score: facts.reduce((sum, { points }) => sum + points, 0) };
}
