import type { Detection, Steps } from '@sallyport/core';
import type { TextPart } from '@sallyport/models';
import { JsonValues, type Run } from './json-values.ts';
import { END_CHARACTERS, endOf, type Known, longRuns, type SeamText } from './seam-readings.ts';

/** Detections of one text that are remembered. */
const KNOWN_MAX = 64;
/** Characters of what came last that are kept before they are cut to the end of the text. */
const LAST_CHARACTERS_MAX = 8 * END_CHARACTERS;

/** A text of a stream, as those beside it see it. */
export class StreamText implements SeamText {
  readonly part: TextPart;
  /** Which it is, in the order in which they began. */
  readonly number: number;
  readonly #values: JsonValues | null;
  #known: Known[] = [];
  /** How it begins. */
  head: Run[] = [];
  /** What came last, and how many characters of it. */
  #last: Run[] = [];
  #lastCharacters = 0;
  /** Nothing more is known to come: what begins now may go on with it. */
  over = false;
  /** Its beginning was read behind the ends of others. */
  met = false;

  constructor(part: TextPart, number: number) {
    this.part = part;
    this.number = number;
    this.#values = part.kind === 'json' ? new JsonValues() : null;
  }

  /**
   * Takes what comes next; gives what a reader of neighbouring texts sees of it.
   * @param from where it stands in the text
   */
  push(text: string, from: number): Run[] {
    const runs = this.#values?.push(text) ?? [{ text, from, taken: text.length }];
    this.over = false;
    if (charactersOf(this.head) < END_CHARACTERS) {
      for (const run of runs) append(this.head, run);
      this.head = endOf(this.head, END_CHARACTERS, false);
      this.met = false;
    }
    for (const run of runs) {
      append(this.#last, run);
      this.#lastCharacters += run.text.length;
    }
    if (this.#lastCharacters > LAST_CHARACTERS_MAX) {
      this.#last = this.tail;
      this.#lastCharacters = charactersOf(this.#last);
    }
    return runs;
  }

  /** Takes a text that is whole, in steps; gives what a reader sees of it, of a long one its ends. */
  pushes(text: string): Steps<Run[]> {
    return longRuns(text, (piece, from) => this.push(piece, from));
  }

  /** How it ends so far. */
  get tail(): Run[] {
    return endOf(this.#last, END_CHARACTERS, true);
  }

  /** Remembers what was found in it by itself. */
  note(found: readonly Detection[]): void {
    for (const { detector, severity, location } of found)
      this.#known.push({ detector, severity, start: location.start, end: location.end });
    if (this.#known.length > 2 * KNOWN_MAX) this.#known = this.#known.slice(-KNOWN_MAX);
  }

  known(): Iterable<Known> {
    return this.#known;
  }
}

const charactersOf = (runs: readonly Run[]): number => runs.reduce((sum, { text }) => sum + text.length, 0);

/** Puts a run behind others; one that goes on with the last becomes a part of it. */
function append(runs: Run[], run: Run): void {
  const last = runs.at(-1);
  const plain = run.taken === run.text.length && last?.taken === last?.text.length;
  if (last && plain && last.from + last.taken === run.from)
    runs[runs.length - 1] = { text: last.text + run.text, from: last.from, taken: last.taken + run.taken };
  else runs.push(run);
}
