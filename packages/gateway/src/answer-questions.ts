import {
  atOnce,
  type Detection,
  type InspectionRequest,
  type Steps,
  type SystemSnapshot,
} from '@sallyport/core';
import type { FenceLead, Leaves } from '@sallyport/guard';
import { figuresOf, type TextPart } from '@sallyport/models';
import { requestOf } from './inspection.ts';
import { reached } from './joined-texts.ts';
import { bareNumber, isIdName, JsonQuotes } from './json-numbers.ts';
import { readLeaves } from './rewrite.ts';
import { ShownReferences } from './shown-references.ts';
import { shared } from './turns.ts';

/** Inspects texts, short ones at once. */
export type Inspect = (requests: readonly InspectionRequest[]) => Detection[] | Promise<Detection[]>;

/**
 * The exponent of a number of JSON that is written with one, as a card number may be: `4.111111111111111e15`. What stands before it is
 * looked at from there: long runs of figures would be gone over again and again.
 */
const EXPONENT = /(?<=[\d.])e\+?\d{1,2}(?![\d.])/gi;
/** Figures and points before it. */
const FIGURES_MIN = 5;
const FIGURES_MAX = 41;
/** Exponents, questions and detections that are looked at from one step to the next. */
const EXPONENTS_STEP = 1_024;
const QUESTIONS_STEP = 256;
const DETECTIONS_STEP = 1_024;

/** A stretch of a text of an answer. */
export interface Stretch {
  readonly part: TextPart;
  readonly text: string;
  /** Where it begins in the whole text. */
  readonly offset: number;
  /** What came before it, as far as it says what is code. */
  readonly lead: FenceLead | null;
  readonly quotes: JsonQuotes;
  /** What the whole text consists of. */
  readonly leaves: () => Leaves;
}

/** A text that is whole. Its quotes and leaves are read when they are asked for; of a long one they are read before, in steps. */
export interface WholeStretch extends Stretch {
  readQuotes(): Steps<void>;
  readLeaves(): Steps<void>;
}

/** Something to inspect, and how what is found there is told: by places in the stretch. */
interface Question {
  readonly stretch: Stretch;
  readonly request: InspectionRequest;
  readonly tell: (found: Detection) => Detection[];
}

/** A text as one stretch. */
export function wholeStretch(part: TextPart, text = part.text): WholeStretch {
  let quotes: JsonQuotes | null = null;
  let leaves: Leaves | null = null;
  function* readQuotes(): Steps<JsonQuotes> {
    if (quotes) return quotes;
    const own = new JsonQuotes(part.kind === 'json');
    yield* own.reads(text);
    quotes = own;
    return own;
  }
  function* takeLeaves(): Steps<Leaves> {
    leaves ??= yield* readLeaves(text, part.kind);
    return leaves;
  }
  return {
    ...{ part, text, offset: 0, lead: null },
    get quotes() {
      return atOnce(readQuotes());
    },
    leaves: () => atOnce(takeLeaves()),
    *readQuotes() {
      yield* readQuotes();
    },
    *readLeaves() {
      yield* takeLeaves();
    },
  };
}

const isWhole = (stretch: Stretch): stretch is WholeStretch => 'readQuotes' in stretch;

/** Reads the quotes of a text, where it is long, before someone asks for them. */
function* quotesOf(stretch: Stretch): Steps<void> {
  if (isWhole(stretch)) yield* stretch.readQuotes();
}

/** How the texts of one answer are asked about. */
export class AnswerQuestions {
  readonly #settings: Partial<InspectionRequest>;
  readonly #inspect: Inspect;
  readonly #references = new ShownReferences();

  /** @param systemPrompts of the call, to notice when they come back */
  constructor(system: SystemSnapshot, systemPrompts: readonly string[], inspect: Inspect) {
    this.#settings = { ...requestOf(system, true), systemPrompts };
    this.#inspect = inspect;
  }

  /** What is found in each of several texts, by places in the stretch. */
  async ask(stretches: readonly Stretch[]): Promise<Detection[][]> {
    let characters = 0;
    for (const { text } of stretches) characters += text.length;
    const made = shared(characters, this.#questions(stretches));
    const questions = made instanceof Promise ? await made : made;
    const seen = this.#inspect(questions.map(({ request }, n) => ({ ...request, pointer: `${n}` })));
    const told = shared(characters, tellAll(questions, seen instanceof Promise ? await seen : seen));
    const found = told instanceof Promise ? await told : told;
    return stretches.map((stretch) => found.get(stretch) ?? []);
  }

  *#questions(stretches: readonly Stretch[]): Steps<Question[]> {
    const questions: Question[] = [];
    for (const stretch of stretches) {
      for (const question of yield* this.#of(stretch)) questions.push(question);
      if (questions.length % QUESTIONS_STEP === 0) yield;
    }
    return questions;
  }

  /** What is found in texts beside each other. */
  async askAboutSeams(readings: readonly Pick<InspectionRequest, 'text' | 'seams'>[]): Promise<Detection[]> {
    const { names: _, content: __, ...asked } = this.#settings;
    return this.#inspect(
      readings.map((reading, n) => ({ ...asked, ...reading, pointer: `${n}`, channel: 'output' })),
    );
  }

  *#of(stretch: Stretch): Steps<Question[]> {
    const { part, text, lead } = stretch;
    const { kind, call, only, pointer, made } = part;
    const request: InspectionRequest = {
      ...this.#settings,
      text,
      pointer: '',
      channel: 'output',
      tool: kind === 'json' || call !== undefined,
      lead: this.#references.leadOf(part, text, lead),
      only,
    };
    if (made === 'number') return [aboutNumber(request, stretch)];
    const at = (found: Detection): Detection => ({ ...found, location: { ...found.location, pointer } });
    const main = {
      stretch,
      request,
      tell: (found: Detection) => (isOfThing(found, stretch) ? [] : [at(found)]),
    };
    return kind === 'json' ? [main, ...(yield* exponents(request, stretch))] : [main];
  }
}

/** What is found, by the stretch that it lies in; in steps. */
function* tellAll(
  questions: readonly Question[],
  seen: readonly Detection[],
): Steps<Map<Stretch, Detection[]>> {
  const found = new Map<Stretch, Detection[]>();
  let told = 0;
  for (const detection of seen) {
    if (++told % DETECTIONS_STEP === 0) yield;
    const { stretch, tell } = questions[Number(detection.location.pointer)]!;
    if (detection.detector === 'pii') yield* quotesOf(stretch);
    const own = found.get(stretch);
    if (own) own.push(...tell(detection));
    else found.set(stretch, tell(detection));
  }
  return found;
}

/** A number is asked about as the member that it is, since the name says what it is. */
function aboutNumber(request: InspectionRequest, stretch: Stretch): Question {
  const { pointer, text, name } = stretch.part;
  const before = name === undefined || name === '' ? '' : `${JSON.stringify(name)}: `;
  return {
    stretch,
    request: { ...request, text: before + text },
    tell: (found) => {
      if (found.location.end <= before.length || (found.detector === 'pii' && isIdName(name ?? '')))
        return [];
      return [{ ...found, place: 'number', location: { pointer, start: 0, end: text.length } }];
    },
  };
}

/** Whether what looks like personal data is an id of some thing, as its member says. */
function isOfThing({ detector, view, location }: Detection, stretch: Stretch): boolean {
  if (detector !== 'pii' || view !== undefined) return false;
  const { text, offset } = stretch;
  const span = { start: location.start + offset, end: location.end + offset };
  return isIdName(bareNumber(text, offset, span, stretch.quotes)?.name ?? '');
}

/** Where a number begins whose exponent stands at a place; null where there are too few figures. */
function figuresBefore(text: string, exponent: number): number | null {
  let start = exponent;
  while (start > 0 && exponent - start < FIGURES_MAX && /[\d.]/.test(text[start - 1]!)) start--;
  while (text[start] === '.') start++;
  return exponent - start < FIGURES_MIN ? null : start;
}

/** Numbers with exponents, as the figures that they are, line by line in one go; in steps. */
function* exponents(request: InspectionRequest, stretch: Stretch): Steps<Question[]> {
  const { part, text, offset } = stretch;
  const own: { at: number; length: number; start: number; end: number }[] = [];
  const lines: string[] = [];
  let at = 0;
  let seen = 0;
  /** A number is looked at once: where it has two exponents, as the first says. */
  let behind = 0;
  for (const match of text.matchAll(EXPONENT)) {
    if (++seen % EXPONENTS_STEP === 0) yield;
    const start = figuresBefore(text, match.index);
    const end = match.index + match[0].length;
    if (start === null || start < behind) continue;
    const figures = figuresOf(text.slice(start, end));
    if (figures === null) continue;
    yield* quotesOf(stretch);
    if (!stretch.quotes.isOutside(start + offset)) continue;
    behind = end;
    own.push({ at, length: figures.length, start, end });
    lines.push(figures);
    at += figures.length + 1;
  }
  if (own.length === 0) return [];
  const tell = (found: Detection): Detection[] =>
    reached(own, found.location.start, found.location.end).map(({ start, end }) => ({
      ...found,
      location: { pointer: part.pointer, start, end },
    }));
  return [{ stretch, request: { ...request, text: lines.join('\n'), only: 'values' }, tell }];
}
