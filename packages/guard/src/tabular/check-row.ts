import type { RowProfile, Severity } from '@sallyport/core';
import { jointDistance, nearestDistance, standardised } from './profile.ts';

/** What is odd about a row, and which of its features makes it so. */
export interface RowReason {
  readonly technique:
    | 'wrong-width'
    | 'wrong-type'
    | 'out-of-range'
    | 'rare-value'
    | 'not-whole'
    | 'unusual-precision'
    | 'unknown-category'
    | 'implausible-together'
    | 'far-from-known';
  /** Column, or -1 for the row as a whole. */
  readonly feature: number;
  readonly severity: Severity;
  readonly confidence: number;
}

/** Part of a feature's range that a value may lie outside of it before it is grave. */
const BEYOND = 0.5;
/** How far past the limit a distance is grave. */
const GRAVE = 4;
/** Decimal places beyond those seen from which noise is suspected: rounding errors have many. */
const NOISE = 3;

const decimals = (value: number): number => String(value).split('.')[1]?.length ?? 0;

/**
 * Holds a row against a profile. Linear in features and known rows.
 * @param thorough whether it is held against known rows, too, which costs most
 */
export function checkRow(profile: RowProfile, row: readonly unknown[], thorough = true): RowReason[] {
  const { features, joint, known } = profile;
  const reasons: RowReason[] = [];
  const say = (
    technique: RowReason['technique'],
    feature: number,
    severity: Severity,
    confidence: number,
  ): void => {
    reasons.push({ technique, feature, severity, confidence });
  };
  if (row.length !== features.length) {
    say('wrong-width', -1, 'high', 1);
    return reasons;
  }
  let readable = true;
  features.forEach((feature, i) => {
    const value = row[i];
    if (feature.kind === 'category') {
      if (typeof value !== 'string' && typeof value !== 'boolean') {
        readable = false;
        say('wrong-type', i, 'high', 1);
      } else if (!feature.values.includes(String(value))) say('unknown-category', i, 'high', 0.95);
      return;
    }
    if (typeof value !== 'number' || !Number.isFinite(value)) {
      readable = false;
      say('wrong-type', i, 'high', 1);
      return;
    }
    const range = feature.most - feature.least || Math.abs(feature.most) || 1;
    const beyond = Math.max(feature.least - value, value - feature.most) / range;
    if (beyond > 0) say('out-of-range', i, beyond > BEYOND ? 'high' : 'medium', beyond > BEYOND ? 0.99 : 0.8);
    else if (value < feature.low || value > feature.high) say('rare-value', i, 'low', 0.5);
    if (feature.whole && !Number.isInteger(value)) say('not-whole', i, 'medium', 0.9);
    else if (feature.decimals !== null && !feature.whole && decimals(value) >= feature.decimals + NOISE)
      say('unusual-precision', i, 'medium', 0.7);
  });
  if (!readable) return reasons;
  const z = standardised(features, row);
  if (z.length === 0) return reasons;
  const distance = jointDistance(joint.inverse, z);
  if (distance > joint.limit) {
    // The feature without which the row would be least odd.
    let worst = 0;
    let most = Number.NEGATIVE_INFINITY;
    z.forEach((value, i) => {
      let pull = 0;
      for (let j = 0; j < z.length; j++) pull += joint.inverse[i]![j]! * z[j]!;
      if (value * pull > most) [most, worst] = [value * pull, i];
    });
    const columns = features.flatMap(({ kind }, i) => (kind === 'number' ? [i] : []));
    const grave = distance > joint.limit * GRAVE;
    say('implausible-together', columns[worst]!, grave ? 'high' : 'medium', grave ? 0.95 : 0.7);
  }
  if (!thorough) return reasons;
  const nearest = nearestDistance(known.rows, z, -1, known.limit);
  if (nearest > known.limit)
    say(
      'far-from-known',
      -1,
      nearest > known.limit * GRAVE ? 'high' : 'medium',
      nearest > known.limit * GRAVE ? 0.9 : 0.6,
    );
  return reasons;
}

/**
 * A row with its numbers rounded to what training data tells apart (feature squeezing, Xu and others 2018). A classifier that
 * answers otherwise for it than for the row itself was swayed by what carries no meaning.
 */
export function squeezeRow(profile: RowProfile, row: readonly unknown[]): unknown[] {
  return row.map((value, i) => {
    const feature = profile.features[i];
    if (feature?.kind !== 'number' || typeof value !== 'number') return value;
    if (feature.decimals !== null) return Number(value.toFixed(feature.decimals));
    const step = feature.deviation / 16 || 1;
    return Math.round(value / step) * step;
  });
}
