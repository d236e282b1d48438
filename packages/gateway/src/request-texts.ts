import type { Detection, InspectionRequest } from '@sallyport/core';
import type { RequestPart, RequestReading } from '@sallyport/models';
import type { Deps, Exchange } from './exchange.ts';
import { requestOf } from './inspection.ts';
import { type JoinedText, joinedTexts, partDetections, reached } from './joined-texts.ts';
import { inspectTexts } from './leaked-keys.ts';
import { queryPointer } from './query.ts';
import { isLarge, othersFirst } from './turns.ts';
import { headerPointer } from './upstream-headers.ts';

/** Personal data that a number is taken for. */
const NUMBERS = new Set(['credit-card', 'us-ssn']);
/** Words from which the name of a member says something by itself. */
const SPOKEN_WORDS_MIN = 4;
const NO_DETECTIONS: readonly Detection[] = [];

/** Something to inspect, and how what is found there is told. */
interface Question {
  readonly request: Partial<InspectionRequest> & Pick<InspectionRequest, 'text' | 'channel'>;
  readonly tell: (found: Detection) => readonly Detection[];
}

/** Parts that a person or a system wrote as text. */
export const isProse = ({ place }: RequestPart): boolean => place === undefined || place === 'decoded';

/** Characters of what a request shows to a model, of which its tokens are estimated. */
export function charactersOf({ parts, besides }: RequestReading): number {
  let characters = besides;
  for (const part of parts) if (isProse(part)) characters += part.text.length;
  return characters;
}

const at = (found: Detection, pointer: string, more: Partial<Detection> = {}): Detection => ({
  ...found,
  ...more,
  location: { ...found.location, pointer },
});

/** A detection in a part, told where the part stands. */
function told(part: RequestPart, found: Detection): Detection[] {
  const { pointer, place } = part;
  if (part.stops && found.detector === 'injection') return [];
  const whole = { pointer, start: 0, end: 0 };
  switch (place) {
    case 'fixed':
      return [at(found, pointer, { place })];
    case 'decoded': {
      const view = found.view === undefined ? 'attachment' : `attachment+${found.view}`;
      return [{ ...found, view, place: 'fixed', location: whole }];
    }
    case 'number':
      // Numbers of other things read as addresses and the like by chance.
      if (found.detector === 'pii' && !NUMBERS.has(found.technique)) return [];
      return [{ ...found, place, location: whole }];
    default:
      return [at(found, pointer)];
  }
}

/** A name as it is spoken: `ignoreAll_rules` as `ignore All rules`. */
const spoken = (name: string): string =>
  name
    .replaceAll(/[_.$-]+/g, ' ')
    .replaceAll(/([a-z])([A-Z])/g, '$1 $2')
    .trim();

const named = (found: Detection, { pointer, text }: RequestPart): Detection => ({
  ...found,
  location: { pointer, start: 0, end: text.length },
});

/** Names of members that could be fields: read line by line in one go, and by themselves where they have many words. */
function nameQuestions(parts: readonly RequestPart[]): Question[] {
  const names = new Map<string, RequestPart>();
  for (const part of parts) if (part.place === 'name' && !names.has(part.text)) names.set(part.text, part);
  if (names.size === 0) return [];
  const lines = (form: (name: string) => string, keep: (found: Detection) => boolean): Question => {
    const own: { part: RequestPart; at: number; length: number }[] = [];
    const all: string[] = [];
    let at = 0;
    for (const [name, part] of names) {
      const line = form(name);
      own.push({ part, at, length: line.length });
      all.push(line);
      at += line.length + 1;
    }
    const text = all.join('\n');
    const tell = (found: Detection): Detection[] => {
      if (found.detector === 'unread') return [named(found, own[0]!.part)];
      const { start, end } = found.location;
      const lines = keep(found) ? reached(own, start, end) : [];
      return lines.length === 1 ? [named(found, lines[0]!.part)] : [];
    };
    return { request: { text, channel: 'user', names: false }, tell };
  };
  const raw = lines(
    (name) => name,
    ({ detector }) => detector === 'secret' || detector === 'rule',
  );
  const told = lines(
    spoken,
    ({ detector, technique }) => detector === 'injection' && technique !== 'learned',
  );
  const alone = [...names.values()]
    .filter(({ text }) => spoken(text).split(' ').length >= SPOKEN_WORDS_MIN)
    .map(
      (part): Question => ({
        request: { text: spoken(part.text), channel: part.channel, names: false },
        tell: (found) =>
          found.detector === 'pii'
            ? []
            : [{ ...found, location: { pointer: part.pointer, start: 0, end: part.text.length } }],
      }),
    );
  return [{ ...raw, request: { ...raw.request, only: 'secrets' } }, told, ...alone];
}

/** Long numbers, line by line in one go. */
function numberQuestions(parts: readonly RequestPart[]): Question[] {
  const own: { part: RequestPart; at: number; length: number }[] = [];
  let at = 0;
  for (const part of parts) {
    if (part.only !== 'values') continue;
    own.push({ part, at, length: part.text.length });
    at += part.text.length + 1;
  }
  if (own.length === 0) return [];
  const text = own.map(({ part }) => part.text).join('\n');
  const tell = (found: Detection): Detection[] => {
    if (found.detector === 'pii' && !NUMBERS.has(found.technique)) return [];
    return reached(own, found.location.start, found.location.end).map(({ part }) => ({
      ...found,
      place: 'number',
      location: { pointer: part.pointer, start: 0, end: 0 },
    }));
  };
  return [{ request: { text, channel: 'user', only: 'values' }, tell }];
}

function headerQuestions({ forwarded, query, path, pathModel }: Exchange): Question[] {
  const questions: Question[] = [];
  for (const [name, text] of forwarded)
    questions.push({
      // Ids of machines, in which only cards and the like are somebody's.
      request: { text, channel: 'user', only: 'values' },
      tell: (found) =>
        found.detector === 'pii' && !NUMBERS.has(found.technique)
          ? []
          : [at(found, headerPointer(name), { place: 'header' })],
    });
  for (const [name, value] of query)
    questions.push({
      request: { text: `${spoken(name)} ${value}`, channel: 'user' },
      tell: (found) => [at(found, queryPointer(name), { place: 'header' })],
    });
  if (pathModel !== null)
    questions.push({
      // A model and its version, as they go on.
      request: { text: path.replaceAll('/', ' '), channel: 'user', only: 'secrets' },
      tell: (found) => [at(found, 'path', { place: 'fixed' })],
    });
  return questions;
}

/** Parts of a request, those of the operator's places as a user's where users write them. */
function bySpeaker(exchange: Exchange): readonly RequestPart[] {
  const { parts } = exchange.reading!;
  if (exchange.system!.prompts === 'operator') return parts;
  return parts.map((part) => (part.channel === 'operator' ? { ...part, channel: 'user' } : part));
}

/**
 * Judges everything that a request says: its texts, each by itself and with its neighbours, names, ids, numbers, and the
 * headers that go on.
 * @throws CodedError `inspection-failed`
 */
export async function inspectRequest(exchange: Exchange, deps: Deps): Promise<Detection[]> {
  const settings = requestOf(exchange.system!, false);
  const parts = bySpeaker(exchange);
  const byPart = new Map<RequestPart, Detection[]>();
  const alone = (part: RequestPart): readonly Detection[] => byPart.get(part) ?? NO_DETECTIONS;
  const questions: Question[] = [];
  for (const part of parts) {
    if (part.place === 'name' || part.only === 'values') continue;
    const { text, channel, only } = part;
    questions.push({
      request: { text, channel, only },
      tell: (found) => {
        const own = told(part, found);
        const known = byPart.get(part);
        if (known) known.push(...own);
        else byPart.set(part, own);
        return own;
      },
    });
  }
  questions.push(...nameQuestions(parts), ...numberQuestions(parts), ...headerQuestions(exchange));
  // Last, since they tell what the others do not.
  for (const reading of joinedTexts(parts)) questions.push(joinedQuestion(reading, alone));
  // A pointer of the question's own, since several may be asked about one place.
  const requests = questions.map(
    ({ request }, n): InspectionRequest => ({ ...settings, ...request, pointer: `${n}` }),
  );
  if (isLarge(exchange.text.length)) await othersFirst();
  const looked = inspectTexts(exchange, deps, requests);
  const found = looked instanceof Promise ? await looked : looked;
  if (isLarge(0, found.length)) await othersFirst();
  return found.flatMap((detection) => questions[Number(detection.location.pointer)]!.tell(detection));
}

function joinedQuestion(reading: JoinedText, alone: (part: RequestPart) => readonly Detection[]): Question {
  const { text, channel, reads } = reading;
  return {
    request: {
      ...{ text, channel },
      ...(reads !== 'words' && { only: reads, seams: reading.pieces.map(({ at }) => at) }),
    },
    tell: (found) => partDetections(found, reading, alone),
  };
}
