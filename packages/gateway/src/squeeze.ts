import { type Detection, parseStrictJson } from '@sallyport/core';
import { squeezeRow } from '@sallyport/guard';
import { readOutputTensors, type Tensor } from '@sallyport/models';
import { askSystem } from './ask.ts';
import type { Deps, Exchange } from './exchange.ts';
import { featureCells } from './rows.ts';

/** Rows of one call that are asked about again; of a call with more that is told. */
const ROWS_MAX = 4_096;

const detection = (technique: string, severity: Detection['severity'], pointer: string): Detection => ({
  detector: 'schema',
  technique,
  severity,
  confidence: 0.9,
  location: { pointer, start: 0, end: 0 },
  references: ['AML.T0043', 'AML.M0015'],
});

/** Puts a value at a pointer that is there. */
function put(body: unknown, pointer: string, value: unknown): void {
  const path = pointer.split('/').slice(1);
  const last = path.pop()!;
  let at = body as Record<string, unknown>;
  for (const part of path) at = at[part] as Record<string, unknown>;
  at[last] = value;
}

/** Whether any answer for a row changed by more than is allowed; a label must not change at all. */
function changed(
  before: readonly Tensor[],
  after: readonly Tensor[],
  rows: number,
  row: number,
  most: number,
): boolean {
  return before.some(({ values }, n) => {
    const others = after[n]?.values;
    if (others?.length !== values.length) return true;
    const width = values.length / rows;
    for (let i = row * width; i < (row + 1) * width; i++) {
      const [one, other] = [values[i], others[i]];
      if (
        typeof one === 'number' && typeof other === 'number'
          ? !(Math.abs(one - other) <= most)
          : one !== other
      )
        return true;
    }
    return false;
  });
}

/**
 * Asks a classifier again about the rows of a call, without what training data does not tell apart (feature squeezing, Xu
 * and others 2018): an answer that changes then was swayed by noise. Rows that have none are not asked about again.
 */
export async function squeezeDetections(
  exchange: Exchange,
  deps: Deps,
  answer: unknown,
): Promise<Detection[]> {
  const { squeeze, rowProfile } = exchange.system!;
  const { tensors } = exchange.reading!;
  if (squeeze === undefined || !rowProfile || !tensors) return [];
  const rows = featureCells(tensors, rowProfile);
  if (!rows) return [];
  const body = parseStrictJson(exchange.text);
  const noisy: { row: number; pointer: string }[] = [];
  rows.slice(0, ROWS_MAX).forEach((cells, row) => {
    const squeezed = squeezeRow(
      rowProfile,
      cells.map(({ value }) => value),
    );
    cells.forEach(({ value, pointer }, n) => {
      if (squeezed[n] === value) return;
      put(body, pointer, squeezed[n]);
      if (noisy.at(-1)?.row !== row) noisy.push({ row, pointer });
    });
  });
  const rest = rows.length > ROWS_MAX ? [detection('not-squeezed', 'medium', '')] : [];
  if (noisy.length === 0) return rest;
  try {
    const again = await askSystem(
      deps.upstreams,
      exchange.system!,
      exchange.path,
      body,
      deps.state().settings.deadlines.firstByteMs,
    );
    const [before, after] = [readOutputTensors(answer), readOutputTensors(again)];
    const swayed = noisy.filter(({ row }) => changed(before, after, rows.length, row, squeeze));
    return [...swayed.map(({ pointer }) => detection('swayed-by-noise', 'high', pointer)), ...rest];
  } catch {
    return [detection('not-squeezed', 'medium', '')];
  }
}
