import { type Detection, type DetectorName, LIMITS, type Severity } from '@sallyport/core';

/** Stretches that detections take up, in order, those that meet made one. */
function joined(detections: readonly Detection[]): { start: number; end: number }[] {
  const stretches: { start: number; end: number }[] = [];
  const spans = detections.map(({ location: { start, end } }) => ({ start, end }));
  for (const span of spans.sort((a, b) => a.start - b.start)) {
    const last = stretches.at(-1);
    if (last && span.start < last.end) last.end = Math.max(last.end, span.end);
    else stretches.push(span);
  }
  return stretches;
}

/** Collects detections of one text, each place and technique once. */
export class Findings {
  readonly list: Detection[] = [];
  readonly #seen = new Set<string>();
  /** Stretches of the text that secrets take up. */
  #written: { start: number; end: number }[] | null = null;
  readonly #pointer: string;

  constructor(pointer: string) {
    this.#pointer = pointer;
  }

  /** Whether a secret was found, as written, that reaches over a part of the span. Asked once all secrets are known. */
  holdsSecret(span: { start: number; end: number }): boolean {
    this.#written ??= joined(
      this.list.filter(({ detector, view }) => detector === 'secret' && view === undefined),
    );
    let low = 0;
    let high = this.#written.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#written[middle]!.end <= span.start) low = middle + 1;
      else high = middle;
    }
    return (this.#written[low]?.start ?? span.end) < span.end;
  }

  /**
   * Tells of what was not read. Every bound on what is read ends in one of three ways: what is beyond is read in another go, it is
   * told by this, which policy denies, or the text is refused. `decoys.test.ts` holds each bound against that.
   */
  unread(what: string, text: string): void {
    this.add('unread', what, 'high', 1, ['LLM01:2025', 'AML.T0068'], { start: 0, end: text.length });
  }

  /** Takes a detection. @throws RangeError past {@link LIMITS.detectionsPerTextMax} */
  add(
    detector: DetectorName,
    technique: string,
    severity: Severity,
    confidence: number,
    references: readonly string[],
    span: { start: number; end: number },
    chain = '',
    shadow = false,
  ): void {
    const key = `${detector} ${technique} ${span.start} ${span.end}`;
    if (this.#seen.has(key)) return;
    if (this.list.length >= LIMITS.detectionsPerTextMax)
      throw new RangeError('there is more in the text than is counted');
    this.#seen.add(key);
    const found: Detection = {
      detector,
      technique,
      severity,
      confidence,
      references,
      location: { pointer: this.#pointer, start: span.start, end: span.end },
    };
    this.list.push({ ...found, ...(chain !== '' && { view: chain }), ...(shadow && { shadow }) });
  }
}
