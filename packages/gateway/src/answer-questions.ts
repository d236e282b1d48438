import type { Detection, InspectionRequest, SystemSnapshot } from '@sallyport/core';
import type { FenceLead, Leaves } from '@sallyport/guard';
import { figuresOf, type TextPart } from '@sallyport/models';
import { requestOf } from './inspection.ts';
import { bareNumber, isIdName, JsonQuotes } from './json-numbers.ts';
import { leavesOf } from './rewrite.ts';

/** Inspects texts, short ones at once. */
export type Inspect = (requests: readonly InspectionRequest[]) => Detection[] | Promise<Detection[]>;

/** A number of JSON that is written with an exponent, as a card number may be: `4.111111111111111e15`. */
const EXPONENT = /\d[\d.]{4,40}e\+?\d{1,2}(?![\d.])/gi;
/** Such numbers of one text that are read. */
const EXPONENTS_MAX = 64;

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

/** Something to inspect, and how what is found there is told: by places in the stretch. */
interface Question {
  readonly request: InspectionRequest;
  readonly tell: (found: Detection) => Detection[];
}

/** A text as one stretch. */
export function wholeStretch(part: TextPart, text = part.text): Stretch {
  const quotes = new JsonQuotes(part.kind === 'json');
  quotes.push(text);
  return { part, text, offset: 0, lead: null, quotes, leaves: () => leavesOf(text, part.kind) };
}

/** How the texts of one answer are asked about. */
export class AnswerQuestions {
  readonly #settings: Partial<InspectionRequest>;
  readonly #inspect: Inspect;

  /** @param systemPrompts of the call, to notice when they come back */
  constructor(system: SystemSnapshot, systemPrompts: readonly string[], inspect: Inspect) {
    this.#settings = { ...requestOf(system, true), systemPrompts };
    this.#inspect = inspect;
  }

  /** What is found in each of several texts, by places in the stretch. */
  async ask(stretches: readonly Stretch[]): Promise<Detection[][]> {
    const found: Detection[][] = stretches.map(() => []);
    const owners: { readonly own: Detection[]; readonly question: Question }[] = [];
    stretches.forEach((stretch, n) => {
      for (const question of this.#of(stretch)) owners.push({ own: found[n]!, question });
    });
    const seen = this.#inspect(owners.map(({ question }, n) => ({ ...question.request, pointer: `${n}` })));
    for (const detection of seen instanceof Promise ? await seen : seen) {
      const { own, question } = owners[Number(detection.location.pointer)]!;
      own.push(...question.tell(detection));
    }
    return found;
  }

  /** What is found in texts beside each other. */
  async askAboutSeams(texts: readonly string[]): Promise<Detection[]> {
    const { names: _, content: __, ...asked } = this.#settings;
    return this.#inspect(texts.map((text, n) => ({ ...asked, text, pointer: `${n}`, channel: 'output' })));
  }

  #of(stretch: Stretch): Question[] {
    const { part, text, lead } = stretch;
    const { kind, call, only, pointer, made } = part;
    const request: InspectionRequest = {
      ...this.#settings,
      text,
      pointer: '',
      channel: 'output',
      tool: kind === 'json' || call !== undefined,
      lead,
      only,
    };
    if (made === 'number') return [aboutNumber(request, part)];
    const at = (found: Detection): Detection => ({ ...found, location: { ...found.location, pointer } });
    const main = {
      request,
      tell: (found: Detection) => (isOfThing(found, stretch) ? [] : [at(found)]),
    };
    return kind === 'json' ? [main, ...exponents(request, stretch)] : [main];
  }
}

/** A number is asked about as the member that it is, since the name says what it is. */
function aboutNumber(request: InspectionRequest, { pointer, text, name }: TextPart): Question {
  const before = name === undefined || name === '' ? '' : `${JSON.stringify(name)}: `;
  return {
    request: { ...request, text: before + text },
    tell: (found) => {
      if (found.location.end <= before.length || (found.detector === 'pii' && isIdName(name ?? '')))
        return [];
      return [{ ...found, place: 'number', location: { pointer, start: 0, end: text.length } }];
    },
  };
}

/** Whether what looks like personal data is an id of some thing, as its member says. */
function isOfThing({ detector, view, location }: Detection, { text, offset, quotes }: Stretch): boolean {
  if (detector !== 'pii' || view !== undefined) return false;
  const span = { start: location.start + offset, end: location.end + offset };
  return isIdName(bareNumber(text, offset, span, quotes)?.name ?? '');
}

/** Numbers with exponents, as the figures that they are. */
function exponents(request: InspectionRequest, { part, text, offset, quotes }: Stretch): Question[] {
  const questions: Question[] = [];
  for (const match of text.matchAll(EXPONENT)) {
    const figures = figuresOf(match[0]);
    if (figures === null || !quotes.isOutside(match.index + offset)) continue;
    if (questions.length >= EXPONENTS_MAX) break;
    const location = { pointer: part.pointer, start: match.index, end: match.index + match[0].length };
    questions.push({
      request: { ...request, text: figures, only: 'values' },
      tell: (found) => [{ ...found, location }],
    });
  }
  return questions;
}
