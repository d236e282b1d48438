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
  /** What was told, by the text that it was found in. */
  readonly #told = new Map<string, Set<string>>();
  #so: Verdict = { action: 'allow', wouldBe: 'allow', detections: [] };

  constructor(system: SystemSnapshot) {
    this.#system = system;
  }

  /** The verdict so far. */
  get so(): Verdict {
    return this.#so;
  }

  /** Takes what was found. @throws CodedError `output-denied`; `upstream-too-large` past {@link LIMITS.detectionsPerTextMax} */
  decide(detections: readonly Detection[]): void {
    if (detections.length === 0) return;
    for (const detection of detections) {
      this.#detections.push(detection);
      const { pointer } = detection.location;
      const told = this.#told.get(pointer) ?? new Set();
      this.#told.set(pointer, told.add(findOf(detection)));
    }
    const latest = verdictOf(this.#system, 'output', detections);
    this.#so = {
      action: stricter(this.#so.action, latest.action),
      wouldBe: stricter(this.#so.wouldBe, latest.wouldBe),
      detections: this.#detections,
    };
    if (latest.action === 'deny') throw new CodedError('output-denied');
    if (this.#detections.length > LIMITS.detectionsPerTextMax)
      throw new CodedError('upstream-too-large', 'the stream has more findings than can be judged');
  }

  /** Whether a detection was told before: windows overlap. */
  knows(detection: Detection): boolean {
    return this.#told.get(detection.location.pointer)?.has(findOf(detection)) ?? false;
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

/** What was found in a text, and where. */
const findOf = ({ detector, technique, location: { start, end } }: Detection): string =>
  `${detector} ${technique} ${start} ${end}`;
