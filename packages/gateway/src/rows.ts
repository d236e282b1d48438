import { CodedError, type Detection, LIMITS, type RowProfile } from '@sallyport/core';
import { checkRow } from '@sallyport/guard';
import type { Tensor } from '@sallyport/models';

/** Rows of one call that are looked at. */
const ROWS_MAX = 100_000;

interface Cell {
  readonly value: unknown;
  readonly pointer: string;
}

/** Rows of a call: one tensor of rows, or a tensor for each feature; null where the tensors are neither. */
export function featureCells(tensors: readonly Tensor[], { features }: RowProfile): Cell[][] | null {
  const width = features.length;
  const cell = (tensor: Tensor, at: number): Cell => ({
    value: tensor.values[at],
    pointer: tensor.pointerOf(at),
  });
  const [first] = tensors;
  if (tensors.length === 1 && first && (first.shape.at(-1) === width || width === 1)) {
    const rows = first.values.length / width;
    return Array.from({ length: Math.min(rows, ROWS_MAX) }, (_, row) =>
      Array.from({ length: width }, (_, column) => cell(first, row * width + column)),
    );
  }
  const named = features.map(({ name }) => tensors.find((tensor) => tensor.name === name));
  // A tensor besides them would be read by no one here, and may be what the system goes by.
  if (named.some((tensor) => tensor === undefined) || tensors.length !== width) return null;
  const rows = Math.max(...named.map((tensor) => tensor!.values.length));
  return Array.from({ length: Math.min(rows, ROWS_MAX) }, (_, row) =>
    named.map((tensor) => cell(tensor!, row)),
  );
}

/**
 * What is odd about the rows of a call, each with the feature that makes it so.
 * @throws CodedError `body-too-large` for more rows than are looked at
 */
export function rowDetections(profile: RowProfile, tensors: readonly Tensor[]): Detection[] {
  const found: Detection[] = [];
  /** Of each kind so many: what is odd in many rows hides nothing else. */
  const counts = new Map<string, number>();
  const add = (
    technique: string,
    severity: Detection['severity'],
    confidence: number,
    pointer: string,
  ): void => {
    const kind = `${severity} ${technique}`;
    const count = counts.get(kind) ?? 0;
    if (count >= LIMITS.detectionsMax) return;
    counts.set(kind, count + 1);
    const references = ['AML.T0043', 'CWE-20'];
    found.push({
      detector: 'schema',
      technique,
      severity,
      confidence,
      references,
      location: { pointer, start: 0, end: 0 },
    });
  };
  let values = 0;
  for (const tensor of tensors) values += tensor.values.length;
  if (values > ROWS_MAX * profile.features.length)
    throw new CodedError('body-too-large', `send at most ${ROWS_MAX} rows in one call`);
  const rows = featureCells(tensors, profile);
  if (rows === null) {
    add('wrong-width', 'high', 1, '/inputs');
    return found;
  }
  const isFull = (kind: string): boolean => (counts.get(kind) ?? 0) >= LIMITS.detectionsMax;
  rows.forEach((row) => {
    // Known rows are looked at until enough is told: that costs most.
    const thorough = !isFull('high far-from-known');
    for (const { technique, feature, severity, confidence } of checkRow(
      profile,
      row.map(({ value }) => value),
      thorough,
    ))
      add(technique, severity, confidence, row[Math.max(0, feature)]?.pointer ?? '/inputs');
  });
  return found;
}
