import type { FeatureProfile, RowProfile } from '@sallyport/core';

/** Categories beyond which a column of texts says nothing. */
const CATEGORIES_MAX = 256;
const KNOWN_ROWS_MAX = 512;
const DECIMALS_MAX = 4;
/** Rows that a profile can be learned from, at least. */
const ROWS_MIN = 50;
const RARE = 0.001;

/** What is wrong with training data. */
export class ProfileError extends Error {}

function quantile(sorted: readonly number[], p: number): number {
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.floor(sorted.length * p)))]!;
}

function decimalsOf(value: number): number {
  const text = String(value);
  const point = text.indexOf('.');
  return /e/.test(text) ? DECIMALS_MAX + 1 : point < 0 ? 0 : text.length - point - 1;
}

function numeric(name: string, values: readonly number[]): FeatureProfile {
  const sorted = values.toSorted((a, b) => a - b);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  let decimals = 0;
  for (const value of values) decimals = Math.max(decimals, decimalsOf(value));
  return {
    name,
    kind: 'number',
    least: sorted[0]!,
    most: sorted.at(-1)!,
    low: quantile(sorted, RARE),
    high: quantile(sorted, 1 - RARE),
    mean,
    deviation: Math.sqrt(variance),
    whole: decimals === 0,
    decimals: decimals <= DECIMALS_MAX ? decimals : null,
    values: [],
  };
}

function categorical(name: string, values: readonly string[]): FeatureProfile {
  const seen = [...new Set(values)].sort();
  if (seen.length > CATEGORIES_MAX)
    throw new ProfileError(
      `column \`${name}\` has ${seen.length} different texts; leave it out, or give numbers`,
    );
  const none = { least: 0, most: 0, low: 0, high: 0, mean: 0, deviation: 0, whole: false, decimals: null };
  return { name, kind: 'category', ...none, values: seen };
}

/** The inverse of a symmetric positive matrix, by Gauss and Jordan. */
function invert(matrix: readonly (readonly number[])[]): number[][] {
  const n = matrix.length;
  const work = matrix.map((row, i) => [...row, ...Array.from({ length: n }, (_, j) => (i === j ? 1 : 0))]);
  for (let i = 0; i < n; i++) {
    let pivot = i;
    for (let k = i + 1; k < n; k++) if (Math.abs(work[k]![i]!) > Math.abs(work[pivot]![i]!)) pivot = k;
    [work[i], work[pivot]] = [work[pivot]!, work[i]!];
    const scale = work[i]![i]!;
    for (let j = 0; j < 2 * n; j++) work[i]![j]! /= scale;
    for (let k = 0; k < n; k++) {
      const factor = work[k]![i]!;
      if (k === i || factor === 0) continue;
      for (let j = 0; j < 2 * n; j++) work[k]![j]! -= factor * work[i]![j]!;
    }
  }
  return work.map((row) => row.slice(n));
}

/** Numbers of a row in units of their deviation; categories are left out. */
export function standardised(features: readonly FeatureProfile[], row: readonly unknown[]): number[] {
  const out: number[] = [];
  features.forEach(({ kind, mean, deviation }, i) => {
    if (kind === 'number') out.push(((row[i] as number) - mean) / (deviation || 1));
  });
  return out;
}

/** Squared distance under which neighbouring features pull each other along (Mahalanobis 1936). */
export function jointDistance(inverse: readonly (readonly number[])[], z: readonly number[]): number {
  let sum = 0;
  for (let i = 0; i < z.length; i++)
    for (let j = 0; j < z.length; j++) sum += z[i]! * inverse[i]![j]! * z[j]!;
  return sum;
}

/**
 * Distance to the nearest known row, per feature.
 * @param without index of a known row that does not count
 * @param enough a distance at which no nearer row is looked for
 */
export function nearestDistance(
  known: readonly (readonly number[])[],
  z: readonly number[],
  without = -1,
  enough = -1,
): number {
  const least = enough < 0 ? -1 : enough * enough * Math.max(1, z.length);
  let best = Number.POSITIVE_INFINITY;
  for (let k = 0; k < known.length && best > least; k++) {
    if (k === without) continue;
    let sum = 0;
    for (let i = 0; i < z.length && sum < best; i++) sum += (z[i]! - known[k]![i]!) ** 2;
    if (sum < best) best = sum;
  }
  return Math.sqrt(best / Math.max(1, z.length));
}

/**
 * Learns what rows look like. The same rows give the same profile.
 * @param rows values by column; numbers, or texts for categories
 * @throws ProfileError naming the column
 */
export function learnProfile(names: readonly string[], rows: readonly (readonly unknown[])[]): RowProfile {
  if (rows.length < ROWS_MIN)
    throw new ProfileError(`${rows.length} rows are too few; ${ROWS_MIN} are needed at least`);
  const features = names.map((name, column) => {
    const values = rows.map((row) => row[column]);
    if (values.every((value) => typeof value === 'number' && Number.isFinite(value)))
      return numeric(name, values as number[]);
    if (values.every((value) => typeof value === 'string' || typeof value === 'boolean'))
      return categorical(name, values.map(String));
    const at = values.findIndex((value) => typeof value !== typeof values[0] || value === null);
    throw new ProfileError(`column \`${name}\` is not all numbers or all texts; see row ${at + 1}`);
  });
  const z = rows.map((row) => standardised(features, row));
  const width = z[0]!.length;
  const correlations = Array.from({ length: width }, (_, i) =>
    Array.from({ length: width }, (_, j) => {
      let sum = 0;
      for (const row of z) sum += row[i]! * row[j]!;
      // A little more on the diagonal keeps columns that say the same from having no inverse.
      return sum / z.length + (i === j ? 0.01 : 0);
    }),
  );
  const inverse = invert(correlations);
  const joint = z.map((row) => jointDistance(inverse, row)).sort((a, b) => a - b);
  const every = Math.max(1, Math.floor(z.length / KNOWN_ROWS_MAX));
  const known = z.filter((_, n) => n % every === 0).slice(0, KNOWN_ROWS_MAX);
  const nearest = z
    .slice(0, 4 * KNOWN_ROWS_MAX)
    .map((row, n) => nearestDistance(known, row, n % every === 0 ? n / every : -1))
    .sort((a, b) => a - b);
  const round = (value: number): number => Number(value.toPrecision(8));
  return {
    format: 'sallyport-rows-1',
    rows: rows.length,
    features,
    joint: { inverse: inverse.map((row) => row.map(round)), limit: round(quantile(joint, 1 - RARE)) },
    known: { rows: known.map((row) => row.map(round)), limit: round(quantile(nearest, 1 - RARE)) },
  };
}
