import { randomBytes } from 'node:crypto';
import type { Detection, InspectionRequest } from '@sallyport/core';
import type { TextPart } from '@sallyport/models';
import type { Segment } from './stream-lanes.ts';

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
  readonly start: number;
  readonly end: number;
}

/** What bytes in base64 or hexadecimal say, where they say something. */
function decoded(text: string): string[] {
  const found: string[] = [];
  for (const own of new Set([text, text.slice(text.search(/[_-]/) + 1)])) {
    if (own.length < ENCODED_MIN) continue;
    for (const form of ['base64', 'hex'] as const) {
      if (form === 'hex' && !/^[0-9a-f]+$/i.test(own)) continue;
      const said = Buffer.from(own, form).toString('latin1');
      const plain = said.match(/[\x20-\x7e]/g)?.length ?? 0;
      if (said.length > 0 && plain >= said.length * PLAIN_SHARE) found.push(said);
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
    const readings = [this.#read(fresh, '\n'), this.#read(fresh, '')];
    this.#remember(fresh);
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
      const piece = pieces.find((own) => own.end > start && own.start < end) ?? pieces[0]!;
      const at = { start: Math.max(0, start - piece.start), end: Math.min(piece.end, end) - piece.start };
      return { ...detection, place: 'fixed', location: { pointer: piece.pointer, ...at } };
    });
  }

  /** The new values as one text, behind the end of those before. @param between what stands between two of a kind */
  #read(fresh: readonly TextPart[], between: string): { text: string; pieces: Piece[] } {
    let text = '';
    const pieces: Piece[] = [];
    for (const kind of KINDS) {
      const own = fresh.filter(({ structure }) => structure === kind);
      if (own.length === 0) continue;
      text += `${text === '' ? '' : '\n'}${this.#tails[kind].replaceAll('\n', between)}`;
      for (const part of own) {
        text += between;
        pieces.push({ pointer: part.pointer, start: text.length, end: text.length + part.text.length });
        text += part.text;
      }
    }
    for (const { pointer, text: own } of between === '' ? [] : fresh)
      for (const said of decoded(own)) {
        pieces.push({ pointer, start: text.length + 1, end: text.length + 1 + said.length });
        text += `\n${said}`;
      }
    return { text, pieces };
  }

  #remember(fresh: readonly TextPart[]): void {
    for (const { structure, text } of fresh) {
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
