import { randomBytes } from 'node:crypto';
import type { Detection, InspectionRequest, Steps } from '@sallyport/core';
import type { TextPart } from '@sallyport/models';
import { reached } from './joined-texts.ts';
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
}

/** Values that are read from one step to the next. */
const STEP = 512;
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

/** What bytes in base64 or hexadecimal say, where they say something. */
function decoded(value: string): string[] {
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

/**
 * Ids, words of the protocol, names of members and sealed bytes of one answer: they are no text, but a system may hide
 * one there. All that are new are read as one, for secrets and canaries only.
 */
export class AnswerStructure {
  readonly #known = new Set<string>();
  readonly #tails: Record<Kind, string> = { id: '', model: '', word: '', name: '', sealed: '' };

  /**
   * Judges what is new.
   * @param settings what the system's answers are inspected with
   * @param inspect called at most once
   * @returns detections that deny the answer, since no id can be edited
   */
  async judge(
    parts: readonly TextPart[],
    settings: Partial<InspectionRequest>,
    inspect: (requests: readonly InspectionRequest[]) => Detection[] | Promise<Detection[]>,
  ): Promise<Detection[]> {
    const fresh = parts.filter(
      ({ structure, text }) => KINDS.includes(structure as Kind) && !this.#known.has(text),
    );
    if (fresh.length === 0) return [];
    let cost = 0;
    for (const { text } of fresh) cost += text.length + COST_OF_VALUE;
    const readings = await shared(cost, this.#readings(fresh));
    const { canaries } = settings;
    const found = await inspect(
      readings.map(({ text }, n) => ({
        text,
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

  *#readings(fresh: readonly TextPart[]): Steps<Reading[]> {
    const readings = [yield* this.#read(fresh, '\n'), yield* this.#read(fresh, '')];
    yield* this.#remember(fresh);
    return readings;
  }

  /** @param between what stands between two of a kind */
  *#read(fresh: readonly TextPart[], between: string): Steps<Reading> {
    let text = '';
    let seen = 0;
    const pieces: Piece[] = [];
    for (const kind of KINDS) {
      const own = fresh.filter(({ structure }) => structure === kind);
      if (own.length === 0) continue;
      text += `${text === '' ? '' : '\n'}${this.#tails[kind].replaceAll('\n', between)}`;
      for (const part of own) {
        if (++seen % STEP === 0) yield;
        text += between;
        pieces.push({ pointer: part.pointer, at: text.length, length: part.text.length });
        text += part.text;
      }
    }
    for (const { pointer, text: own } of between === '' ? [] : fresh) {
      if (++seen % STEP === 0) yield;
      for (const said of decoded(own)) {
        pieces.push({ pointer, at: text.length + 1, length: said.length });
        text += `\n${said}`;
      }
    }
    return { text, pieces };
  }

  *#remember(fresh: readonly TextPart[]): Steps<void> {
    let seen = 0;
    for (const { structure, text } of fresh) {
      if (++seen % STEP === 0) yield;
      if (text.length <= KNOWN_CHARACTERS_MAX && this.#known.size < KNOWN_MAX) this.#known.add(text);
      const kind = structure as Kind;
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
