import {
  CodedError,
  type Detection,
  LIMITS,
  type SystemSnapshot,
  stricter,
  type Verdict,
} from '@sallyport/core';
import type { SeamSpan } from './seam-readings.ts';
import { verdictOf } from './state.ts';
import type { StreamText } from './stream-text.ts';

/** The verdict over a stream, as it grows. */
export class StreamVerdict {
  readonly #system: SystemSnapshot;
  readonly #detections: Detection[] = [];
  #so: Verdict = { action: 'allow', wouldBe: 'allow', detections: [] };

  constructor(system: SystemSnapshot) {
    this.#system = system;
  }

  /** The verdict so far. */
  get so(): Verdict {
    return this.#so;
  }

  /** Takes what was found. @throws CodedError `output-denied` */
  decide(detections: readonly Detection[]): void {
    if (detections.length === 0) return;
    for (const detection of detections)
      if (this.#detections.length < LIMITS.detectionsMax) this.#detections.push(detection);
    const latest = verdictOf(this.#system, 'output', detections);
    this.#so = {
      action: stricter(this.#so.action, latest.action),
      wouldBe: stricter(this.#so.wouldBe, latest.wouldBe),
      detections: this.#detections,
    };
    if (latest.action === 'deny') throw new CodedError('output-denied');
  }

  /** Whether a detection was told before: windows overlap. */
  knows(detection: Detection): boolean {
    return this.#detections.some((known) => sameFind(known, detection));
  }
}

/** A detection by its place in the whole of a text, of which `offset` characters came before. */
export function located(detection: Detection, pointer: string, offset: number): Detection {
  const { start, end } = detection.location;
  return { ...detection, location: { pointer, start: start + offset, end: end + offset } };
}

/** What reaches over several texts of a stream, told in each. */
export const toldOver = (found: Detection, spans: readonly SeamSpan<StreamText>[]): Detection[] =>
  spans.map(({ source: { part }, start, end }) => ({
    ...found,
    view: found.view === undefined ? 'joined' : `joined+${found.view}`,
    location: { pointer: part.stream ?? part.pointer, start, end },
  }));

function sameFind(a: Detection, b: Detection): boolean {
  return (
    a.detector === b.detector &&
    a.technique === b.technique &&
    a.location.pointer === b.location.pointer &&
    a.location.start === b.location.start &&
    a.location.end === b.location.end
  );
}
