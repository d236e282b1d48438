import { atLeast, type Detection, type DetectorName, type Severity, type Steps } from '@sallyport/core';
import type { TextPart } from '@sallyport/models';
import { rowOf } from './answer-rows.ts';
import { reached } from './joined-texts.ts';
import { JsonValues, type Run } from './json-values.ts';

/** Texts of one answer of which each is read behind each other; of further ones each behind the one before. */
export const PAIRED_MAX = 12;
/** Characters at either end of a text that are read together with the end of another. */
export const END_CHARACTERS = 192;
/** Characters at either end of a long text that are read together with its neighbours; of each of very many, fewer. */
export const EDGE = 1_024;
const EDGE_OF_MANY = 160;
/** Texts that are read behind all those before them; further ones are only read in their order. */
const MANY = 256;
/** Figures and letters that a secret must go on with in the next text to be taken for cut in two. */
const REST_MIN = 6;
/** Personal data with a structure that two harmless texts hardly make by chance. */
const STRUCTURED = new Set(['credit-card', 'iban', 'us-ssn', 'email', 'crypto-wallet']);
/** What is told where it reaches over two texts. */
const TOLD: ReadonlySet<DetectorName> = new Set([
  'secret',
  'canary',
  'rule',
  'system-prompt-leak',
  'training-echo',
  'unread',
  'link',
  'pii',
]);

/** A detection as far as the seams need it. */
export interface Known {
  readonly detector: DetectorName;
  readonly severity: Severity;
  readonly start: number;
  readonly end: number;
}

/** A text that is read together with others. */
export interface SeamText {
  readonly part: TextPart;
  /** What was found in it by itself. */
  known(): Iterable<Known>;
}

/** A stretch of a text within a reading. */
interface Piece<S> extends Omit<Run, 'text'> {
  readonly source: S;
  readonly at: number;
  readonly length: number;
}

/** A stretch of one text that a detection reaches over. */
export interface SeamSpan<S> {
  readonly source: S;
  readonly start: number;
  readonly end: number;
  /** Where it begins in the reading. */
  readonly at: number;
}

/** Texts of an answer, read one behind the other. */
export class SeamReading<S extends SeamText> {
  text = '';
  /** Where `text` begins in all that was ever added. */
  base = 0;
  #pieces: Piece<S>[] = [];

  get length(): number {
    return this.base + this.text.length;
  }

  add(source: S, runs: readonly Run[]): void {
    for (const { text, from, taken } of runs) {
      const last = this.#pieces.at(-1);
      const at = this.length;
      const plain = taken === text.length;
      if (last && plain && last.source === source && last.taken === last.length && follows(last, from, at))
        this.#pieces[this.#pieces.length - 1] = {
          ...last,
          taken: last.taken + taken,
          length: last.length + text.length,
        };
      else this.#pieces.push({ source, from, taken, at, length: text.length });
      this.text += text;
    }
  }

  /** Puts something between two texts. */
  part(between: string): void {
    this.text += between;
  }

  /** Forgets what lies before a place. */
  forget(before: number): void {
    if (before <= this.base) return;
    this.text = this.text.slice(before - this.base);
    this.base = before;
    this.#pieces = this.#pieces.filter(({ at, length }) => at + length > before);
  }

  /** Where values meet within a stretch, counted from its beginning. */
  seamsIn(start: number, end: number): number[] {
    return reached(this.#pieces, start, end).flatMap(({ at }) => (at > start ? [at - start] : []));
  }

  /** Whether a stretch has several texts, or several values of one. */
  isSeam(start: number, end: number): boolean {
    return this.#spans(start, end).length > 1;
  }

  /**
   * The stretches of texts that a detection reaches over; none where it is no news.
   * @param found with places as {@link length} counts them
   */
  spansOf(found: Detection): SeamSpan<S>[] {
    const { start, end } = found.location;
    const spans = this.#spans(start, end);
    if (spans.length < 2) return [];
    const rest = this.text.slice(spans[1]!.at - this.base, end - this.base);
    return isNews(found, spans, rest) ? spans : [];
  }

  #spans(start: number, end: number): SeamSpan<S>[] {
    const spans: { source: S; start: number; end: number; at: number }[] = [];
    for (const { source, from, taken, at, length } of reached(this.#pieces, start, end)) {
      const low = Math.max(start, at);
      const high = Math.min(end, at + length);
      if (low >= high) continue;
      const plain = taken === length;
      const own = {
        start: plain ? from + low - at : from,
        end: plain ? from + high - at : from + taken,
        at: low,
      };
      const last = spans.at(-1);
      if (last && last.source === source && last.end === own.start) last.end = own.end;
      else spans.push({ source, ...own });
    }
    return spans;
  }
}

const follows = (last: Piece<unknown>, from: number, at: number): boolean =>
  last.from + last.taken === from && last.at + last.length === at;

/**
 * Whether what a reading shows is told at all: only what no text shows by itself, or shows as less grave, is news.
 * @param rest what it has of the second text and those after it
 */
function isNews<S extends SeamText>(
  { detector, technique, severity }: Detection,
  spans: readonly SeamSpan<S>[],
  rest: string,
): boolean {
  if (!TOLD.has(detector)) return false;
  // Choices that grow side by side make numbers and addresses that nobody wrote.
  const row = rowOf(spans[0]!.source.part);
  if ((detector === 'pii' || detector === 'link') && spans.length > 2)
    if (spans.some(({ source: { part } }) => !part.shown || rowOf(part) !== row)) return false;
  if (detector === 'pii' && !(STRUCTURED.has(technique) && spans.every(({ source }) => source.part.shown)))
    return false;
  const before = spans.map(({ source, start, end }) =>
    [...source.known()].filter(
      (other) => other.detector === detector && other.start < end && start < other.end,
    ),
  );
  if (!before.some((found) => found.some((other) => atLeast(other.severity, severity)))) return true;
  if (detector !== 'secret') return false;
  // A secret that was found up to the end of its text, and goes on in the next.
  const [first] = spans;
  const cut = before[0]!.some(({ start, end }) => start === first!.start && end >= first!.end);
  return cut && rest.length >= REST_MIN && /\d/.test(rest);
}

/** Characters of JSON, and texts, that are read from one step to the next. */
const STEP = 16 * 1024;
const TEXTS_STEP = 128;

/** What a text says to a reader of neighbouring texts: JSON its values. In steps. */
function* runsOf({ text, kind }: TextPart): Steps<Run[]> {
  if (kind !== 'json') return [{ text, from: 0, taken: text.length }];
  const values = new JsonValues();
  return yield* longRuns(text, (piece) => values.push(piece));
}

/** What a text says, read piece by piece; of a long one, the first and the last. In steps. @param read takes a piece, and where it begins */
export function* longRuns(text: string, read: (piece: string, from: number) => Run[]): Steps<Run[]> {
  let head: Run[] = [];
  let tail: Run[] = [];
  for (let at = 0; at < text.length; at += STEP) {
    if (at > 0) yield;
    for (const run of read(text.slice(at, at + STEP), at)) tail.push(run);
    if (charactersOf(tail) <= 4 * EDGE) continue;
    if (head.length === 0) head = endOf(tail, 2 * EDGE, false);
    tail = endOf(tail, 2 * EDGE, true);
  }
  return [...head, ...tail];
}

/** The first or last characters of a text. */
export function endOf(runs: readonly Run[], characters: number, last: boolean): Run[] {
  const kept: Run[] = [];
  let room = characters;
  for (let n = 0; n < runs.length && room > 0; n++) {
    const run = runs[last ? runs.length - 1 - n : n]!;
    const { text, from, taken } = run;
    if (text.length <= room || taken !== text.length) kept.push(run);
    else if (last) kept.push({ text: text.slice(-room), from: from + taken - room, taken: room });
    else kept.push({ text: text.slice(0, room), from, taken: room });
    room -= text.length;
  }
  return last ? kept.reverse() : kept;
}

const charactersOf = (runs: readonly Run[]): number => runs.reduce((sum, { text }) => sum + text.length, 0);

/**
 * The last characters of texts that follow each other: of short ones more than one.
 * @param texts how each ends
 */
export function endOfAll<S>(
  texts: readonly { readonly source: S; readonly tail: readonly Run[] }[],
): { source: S; runs: Run[] }[] {
  const found: { source: S; runs: Run[] }[] = [];
  let room = END_CHARACTERS;
  for (let n = texts.length - 1; n >= 0 && room > 0; n--) {
    const { source, tail } = texts[n]!;
    const runs = endOf(tail, room, true);
    found.unshift({ source, runs });
    room -= charactersOf(runs);
  }
  return found;
}

/** The place of a text, whatever its position in lists. */
const placeOf = (pointer: string): string => pointer.replaceAll(/\/\d+(?=\/|$)/g, '/*');

interface WholeText extends SeamText {
  readonly runs: readonly Run[];
}

/** Texts one behind the other; of a long one only the ends lie beside others. */
function* inOrder<S extends WholeText>(texts: readonly S[]): Steps<SeamReading<S>[]> {
  const edge = texts.length > MANY ? EDGE_OF_MANY : EDGE;
  const readings = [new SeamReading<S>()];
  let seen = 0;
  for (const text of texts) {
    if (++seen % TEXTS_STEP === 0) yield;
    if (charactersOf(text.runs) <= 2 * edge) {
      readings.at(-1)!.add(text, text.runs);
      continue;
    }
    readings.at(-1)!.add(text, endOf(text.runs, edge, false));
    readings.push(new SeamReading<S>());
    readings.at(-1)!.add(text, endOf(text.runs, edge, true));
  }
  return readings;
}

/** A text of a whole answer. */
export type AnswerText = WholeText;

/**
 * Second readings of a whole answer: its texts in their order, those of one place, and of one type there, in theirs, and of the first
 * {@link PAIRED_MAX} the end of each before the beginning of each other. Linear in the answer, in steps.
 * @param known what was found in a text by itself
 */
export function* seamReadings(
  parts: readonly TextPart[],
  known: (part: TextPart) => Iterable<Known>,
): Steps<SeamReading<AnswerText>[]> {
  const texts: AnswerText[] = [];
  for (const part of parts) {
    texts.push({ part, runs: yield* runsOf(part), known: () => known(part) });
    if (texts.length % TEXTS_STEP === 0) yield;
  }
  // Of one text that is no JSON there is nothing to put together.
  if (texts.length === 0 || (texts.length === 1 && texts[0]!.runs.length < 2)) return [];
  const places = new Map<string, AnswerText[]>();
  /** The same by the types that show them: clients leave out what has others. */
  const typed = new Map<string, AnswerText[]>();
  const put = (lists: Map<string, AnswerText[]>, name: string, text: AnswerText): void => {
    const own = lists.get(name);
    if (own) own.push(text);
    else lists.set(name, [text]);
  };
  let placed = 0;
  for (const text of texts) {
    if (++placed % TEXTS_STEP === 0) yield;
    const { pointer, of } = text.part;
    const place = placeOf(pointer);
    put(places, place, text);
    if (of !== undefined) put(typed, `${of} ${place}`, text);
  }
  const isPart = ([first, ...others]: readonly AnswerText[]): boolean =>
    others.length > 0 && others.length + 1 < places.get(placeOf(first!.part.pointer))!.length;
  const lists = [texts, ...(places.size > 1 ? places.values() : []), ...[...typed.values()].filter(isPart)];
  const readings: SeamReading<AnswerText>[] = [];
  for (const list of lists) for (const reading of yield* inOrder(list)) readings.push(reading);
  readings.push(yield* inPairs(lists));
  return readings.filter((reading) => reading.isSeam(0, reading.length));
}

/**
 * The end of a text before the beginning of another: of the first {@link PAIRED_MAX} each with each, and each text behind
 * those before it. Nothing follows such a pair, as a word that goes on would hide what ends there.
 * @param lists all texts, and those of each place
 */
function* inPairs([texts, ...places]: readonly (readonly AnswerText[])[]): Steps<SeamReading<AnswerText>> {
  const reading = new SeamReading<AnswerText>();
  const pair = (first: AnswerText, second: AnswerText): void => {
    reading.add(first, endOf(first.runs, END_CHARACTERS, true));
    reading.add(second, endOf(second.runs, END_CHARACTERS, false));
    reading.part('\n\n');
  };
  const all = texts!.slice(0, PAIRED_MAX);
  for (const first of all) for (const second of all) if (first !== second) pair(first, second);
  for (const list of [texts!, ...places]) {
    yield;
    const first = list.slice(0, MANY);
    const tails = first.map((source) => ({ source, tail: endOf(source.runs, END_CHARACTERS, true) }));
    first.forEach((second, n) => {
      if (n === 0) return;
      for (const { source, runs } of endOfAll(tails.slice(Math.max(0, n - PAIRED_MAX), n)))
        reading.add(source, runs);
      reading.add(second, endOf(second.runs, END_CHARACTERS, false));
      reading.part('\n\n');
    });
  }
  return reading;
}
