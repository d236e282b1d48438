import { randomBytes } from 'node:crypto';
import { type Detection, type InspectionRequest, LIMITS, type Steps } from '@sallyport/core';
import type { TextPart } from '@sallyport/models';
import { saysCredential } from './credential.ts';
import { reached } from './joined-texts.ts';
import { JsonValues } from './json-values.ts';
import type { Segment } from './stream-lanes.ts';
import { shared } from './turns.ts';

/** Values of a stream that are remembered, so that an id is judged once though each event repeats it. */
const KNOWN_MAX = 4_096;
/** Longest value that is remembered. */
const KNOWN_CHARACTERS_MAX = 256;
/** Characters of values judged before that are read together with new ones. */
const TAIL_CHARACTERS = 512;
/** Shortest value that may be bytes in base64 or hexadecimal, and how much of them must be plain characters to be read. */
const ENCODED_MIN = 12;
const PLAIN_SHARE = 0.9;

/** Texts of these kinds are read one behind the other. */
const KINDS = ['id', 'model', 'word', 'name', 'sealed'] as const;
type Kind = (typeof KINDS)[number];

/** A value, or the name of a member. */
interface Value extends Pick<TextPart, 'pointer' | 'text'> {
  readonly kind: Kind;
}

/** A value within the text that is inspected; of values judged before there is no place. */
interface Piece {
  readonly pointer: string;
  readonly at: number;
  readonly length: number;
}

/** New values as one text, behind the end of those before. */
interface Reading {
  readonly text: string;
  /** In the order of the text. */
  readonly pieces: readonly Piece[];
  /** Where one value begins behind another. */
  readonly seams: readonly number[];
}

/** Values, and characters of arguments, that are read from one step to the next. */
const STEP = 512;
const ARGUMENTS_STEP = 16 * 1024;
/** What a value costs besides its characters, as characters. */
const COST_OF_VALUE = 64;

/** Whether bytes are plain characters for the most part. */
function isPlain(bytes: string): boolean {
  let plain = 0;
  for (let i = 0; i < bytes.length; i++) {
    const c = bytes.charCodeAt(i);
    if (c >= 32 && c < 127) plain++;
  }
  return bytes.length > 0 && plain >= bytes.length * PLAIN_SHARE;
}

/** What a data URL has before its bytes. */
const DATA_URL = /^data:[^,]{0,128},/;
/** Bytes that may say what kind of file others are of. */
const MAGIC_BYTES = 12;

/** Longest value that is read with those at the same place of other events, seen before or not: it says nothing by itself. */
const SHORT_CHARACTERS = 2;
/** So many that differ at one place spell something, and so many places are followed. */
const SPELLED_MIN = 8;
const SPELLED_PLACES_MAX = 64;

const NOTHING: readonly string[] = [];

/** What bytes in base64 or hexadecimal say, where they say something. */
function decoded(value: string): readonly string[] {
  if (value.length < ENCODED_MIN) return NOTHING;
  const found: string[] = [];
  const text = value.replace(DATA_URL, '');
  for (const own of new Set([text, text.slice(text.search(/[_-]/) + 1)])) {
    if (own.length < ENCODED_MIN) continue;
    for (const form of ['base64', 'hex'] as const) {
      if (form === 'hex' && !/^[0-9a-f]+$/i.test(own)) continue;
      const all = Buffer.from(own, form).toString('latin1');
      const said = [all, all.slice(MAGIC_BYTES)].find(isPlain);
      if (said !== undefined) found.push(said);
    }
  }
  return found;
}

/** What a value is, or what stands in its place else; null for one of another kind. */
function kindOf({ structure, insteadOf }: TextPart): Kind | null {
  const kind = structure ?? insteadOf;
  return KINDS.find((one) => one === kind) ?? null;
}

/** Short values of one place, in the order in which they came. */
class Spelled {
  #text = '';
  readonly #seen = new Set<string>();

  /** @returns all that is spelled so far, where it is more than a few values again and again */
  push(text: string): string | null {
    this.#text = (this.#text + text).slice(-TAIL_CHARACTERS);
    if (this.#seen.size < SPELLED_MIN) this.#seen.add(text);
    return this.#seen.size < SPELLED_MIN ? null : this.#text;
  }
}

/**
 * Ids, words of the protocol, names of members and sealed bytes of one answer: they are no text, but a system may hide
 * one there. All that are new are read as one, for secrets and canaries only; texts that stand in their places among them.
 */
export class AnswerStructure {
  readonly #credential: string | null;
  /** Whether values make up the provider's credential, which leaves in no mode. */
  leaks = false;
  readonly #known = new Set<string>();
  /** What came of the names in arguments that grow. */
  readonly #names = new Map<string, JsonValues>();
  readonly #spelled = new Map<string, Spelled>();
  readonly #tails: Record<Kind, string> = { id: '', model: '', word: '', name: '', sealed: '' };

  /** @param credential of the provider, where it is looked for */
  constructor(credential: string | null) {
    this.#credential = credential;
  }

  /**
   * Judges what is new.
   * @param parts of the answer, or of one event of it
   * @param settings what the system's answers are inspected with
   * @param inspect called at most once
   * @returns detections that deny the answer, since no id can be edited
   */
  async judge(
    parts: readonly TextPart[],
    settings: Partial<InspectionRequest>,
    inspect: (requests: readonly InspectionRequest[]) => Detection[] | Promise<Detection[]>,
  ): Promise<Detection[]> {
    let cost = 0;
    for (const part of parts)
      if (part.kind === 'json' || kindOf(part) !== null) cost += part.text.length + COST_OF_VALUE;
    if (cost === 0) return [];
    const readings = await shared(cost, this.#readings(parts));
    if (readings.length === 0) return [];
    const credential = this.#credential;
    if (credential !== null) this.leaks ||= readings.some(({ text }) => saysCredential(text, credential));
    const { canaries } = settings;
    const found = await inspect(
      readings.map(({ text, seams }, n) => ({
        ...{ text, seams },
        pointer: `${n}`,
        channel: 'output',
        only: 'secrets',
        ...(canaries && { canaries }),
      })),
    );
    return found.map((detection) => {
      const { pointer, start, end } = detection.location;
      const { pieces } = readings[Number(pointer)]!;
      // A look at each piece for each detection would take long for very many of both.
      const piece = reached(pieces, start, end)[0] ?? pieces[0]!;
      const from = Math.max(0, start - piece.at);
      const location = { pointer: piece.pointer, start: from, end: Math.min(piece.length, end - piece.at) };
      return { ...detection, place: 'fixed', location };
    });
  }

  *#readings(parts: readonly TextPart[]): Steps<Reading[]> {
    const fresh: Value[] = [];
    const spelled = new Map<string, Reading>();
    let seen = 0;
    for (const part of parts) {
      if (++seen % STEP === 0) yield;
      const kind = kindOf(part);
      if (kind !== null) {
        this.#spell(spelled, part, kind);
        this.#take(fresh, { kind, pointer: part.pointer, text: part.text });
      } else if (part.kind === 'json') yield* this.#named(fresh, part);
    }
    if (fresh.length === 0) return [...spelled.values()];
    const kinds: Record<Kind, Value[]> = { id: [], model: [], word: [], name: [], sealed: [] };
    for (const value of fresh) kinds[value.kind].push(value);
    const readings = [yield* this.#read(fresh, kinds, '\n')];
    // One value of a kind goes on from nothing.
    if (KINDS.some((kind) => kinds[kind].length > (this.#tails[kind] === '' ? 1 : 0)))
      readings.push(yield* this.#read([], kinds, ''));
    yield* this.#remember(fresh);
    return [...readings, ...spelled.values()];
  }

  /** Reads a short value behind those that came at its place. */
  #spell(readings: Map<string, Reading>, { pointer, text }: TextPart, kind: Kind): void {
    if (text.length > SHORT_CHARACTERS || kind === 'name' || kind === 'sealed') return;
    const place = pointer.replaceAll(/\d+/g, '*');
    const own = this.#spelled.get(place) ?? new Spelled();
    // Of too many, what was used last stays.
    this.#spelled.delete(place);
    this.#spelled.set(place, own);
    if (this.#spelled.size > SPELLED_PLACES_MAX) this.#spelled.delete(this.#spelled.keys().next().value!);
    const all = own.push(text);
    if (all === null) return;
    readings.set(place, { text: all, pieces: [{ pointer, at: 0, length: all.length }], seams: [0] });
  }

  /** Takes a value that is new. What is sealed may come in pieces, of which two may be alike. */
  #take(fresh: Value[], value: Value): void {
    if (value.kind === 'sealed' || !this.#known.has(value.text)) fresh.push(value);
  }

  /** Takes the names in arguments of a tool, which are JSON within a text. */
  *#named(fresh: Value[], { stream, text, pointer }: TextPart): Steps<void> {
    const reader = (stream === null ? null : this.#names.get(stream)) ?? new JsonValues('names');
    if (stream !== null && this.#names.size < LIMITS.streamChannelsMax) this.#names.set(stream, reader);
    for (let at = 0; at < text.length; at += ARGUMENTS_STEP) {
      if (at > 0) yield;
      for (const run of reader.push(text.slice(at, at + ARGUMENTS_STEP)))
        this.#take(fresh, { kind: 'name', pointer, text: run.text });
    }
  }

  /**
   * @param encoded values that may be bytes
   * @param between what stands between two of a kind
   */
  *#read(
    encoded: readonly Value[],
    kinds: Readonly<Record<Kind, readonly Value[]>>,
    between: string,
  ): Steps<Reading> {
    let text = '';
    let seen = 0;
    const pieces: Piece[] = [];
    const seams: number[] = [];
    for (const kind of KINDS) {
      const own = kinds[kind];
      if (own.length === 0) continue;
      const tail = this.#tails[kind];
      if (text !== '') text += '\n';
      for (const [n, value] of tail.split('\n').entries()) {
        if (n > 0) text += between;
        seams.push(text.length);
        text += value;
      }
      for (const part of own) {
        if (++seen % STEP === 0) yield;
        text += between;
        seams.push(text.length);
        pieces.push({ pointer: part.pointer, at: text.length, length: part.text.length });
        text += part.text;
      }
    }
    for (const { pointer, text: own } of encoded) {
      if (++seen % STEP === 0) yield;
      for (const said of decoded(own)) {
        pieces.push({ pointer, at: text.length + 1, length: said.length });
        text += `\n${said}`;
      }
    }
    return { text, pieces, seams };
  }

  *#remember(fresh: readonly Value[]): Steps<void> {
    let seen = 0;
    for (const { kind, text } of fresh) {
      if (++seen % STEP === 0) yield;
      if (text.length <= KNOWN_CHARACTERS_MAX && this.#known.size < KNOWN_MAX) this.#known.add(text);
      this.#tails[kind] = `${this.#tails[kind]}\n${text}`.slice(-TAIL_CHARACTERS);
    }
  }
}

/** What goes out in the place of what means nothing: padding as long, of our own making, and no bytes that are not their token's. */
export function replaced({ pointer, text, kind, structure }: TextPart): Segment[] {
  const own = { channel: null, pointer, text, start: 0, kind };
  if (structure === 'bytes') return [{ ...own, edits: [], made: 'bytes' }];
  if (structure !== 'padding') return [];
  const { length } = text;
  const padding = randomBytes(length).toString('base64url').slice(0, length);
  return [{ ...own, edits: [{ start: 0, end: length, text: padding }], padding: true }];
}
