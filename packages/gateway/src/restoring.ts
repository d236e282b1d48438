import {
  CodedError,
  type Detection,
  type DetectorName,
  isNamePointer,
  type RestorationRecord,
  type Steps,
  type SystemSnapshot,
} from '@sallyport/core';
import { type Placed, Placeholders, putBack, type Redactor, type RowText, TextRow } from '@sallyport/guard';
import { StreamNames, type TextPart, type ToolPiece } from '@sallyport/models';
import { positionOf, rowOf } from './answer-rows.ts';
import type { Edit } from './rewrite.ts';
import { actionFor } from './state.ts';

/** What a value that was put back could set off: the caller's own data and secrets are not news to the caller. */
const ASKED_AGAIN: ReadonlySet<DetectorName> = new Set([
  'link',
  'command',
  'canary',
  'system-prompt-leak',
  'training-echo',
  'rule',
  'content',
]);
/** Rows of texts that are told apart in one answer; nothing is put back into those of further places. */
const ROWS_MAX = 256;
/** Kinds and places counted of one answer. */
const COUNTS_MAX = 64;

/** Names of the tools that calls of one answer ask for. */
class ToolNames {
  /** The one name of each call; null where there are several. */
  readonly #names = new StreamNames<string | null>();

  note(pieces: readonly ToolPiece[]): void {
    for (const { call, name } of pieces) {
      if (name === undefined || name === '') continue;
      const known = this.#names.get(call);
      if (known === undefined) this.#names.set(call, name);
      else if (known !== name) this.#names.set(call, null);
    }
  }

  /** The name of the tool, where every reader of the call sees the same. */
  of(call: string): string | null {
    return this.#names.get(call) ?? null;
  }
}

/** What says whether values come back into a text: where it stands, and what it is of. */
export type Placing = Pick<TextPart, 'call' | 'shown' | 'pointer'>;

/** The same of a text that grows, with what comes next of it: where that is of something else, no values come back from there on. */
export const placingOf = (so: Placing, next: Placing): Placing =>
  so.shown === next.shown && so.call === next.call ? so : { pointer: so.pointer, shown: false };

/** A text that grows, or one whole, as its placeholders are found. */
export interface Restored {
  readonly placeholders: Placeholders;
  /** Null where it is shown with no others. */
  readonly row: RowText | null;
}

/**
 * Puts the caller's values back where placeholders of this exchange stand in an answer: into text that people read, and into
 * arguments of tools that may have values of that kind; nowhere else. Counts what it did.
 */
export class Restoring {
  readonly #system: SystemSnapshot;
  readonly #redactor: Redactor;
  readonly #tools = new ToolNames();
  readonly #rows = new Map<string, TextRow>();
  readonly #counts = new Map<
    string,
    { -readonly [Key in keyof RestorationRecord]: RestorationRecord[Key] }
  >();

  constructor(system: SystemSnapshot, redactor: Redactor) {
    this.#system = system;
    this.#redactor = redactor;
  }

  /** For an exchange; null where nothing was replaced. */
  static of(system: SystemSnapshot, redactor: Redactor | null): Restoring | null {
    return redactor?.used ? new Restoring(system, redactor) : null;
  }

  /** Takes note of what an answer, or one event of it, says of calls of tools. Before the texts of it. */
  note(pieces: readonly ToolPiece[]): void {
    this.#tools.note(pieces);
  }

  /** What was put back and what was not, for the record: kinds and places, never values. */
  get record(): RestorationRecord[] {
    return [...this.#counts.values()];
  }

  /** A reader of a text: where the text is shown, it goes on from where those before it ended. */
  reader(part: TextPart): Restored {
    const row = part.shown ? this.#row(rowOf(part)).begin(positionOf(part)) : null;
    return { placeholders: new Placeholders(part.kind === 'json', row), row };
  }

  #row(name: string): TextRow {
    const known = this.#rows.get(name);
    if (known) return known;
    const room = this.#rows.size < ROWS_MAX;
    const row = new TextRow(!room);
    if (room) this.#rows.set(name, row);
    return row;
  }

  /**
   * Puts values back into what comes next of a text.
   * @throws CodedError `upstream-invalid` where the text may be shown before one into which a value was put back: it might make an
   * address of what went out
   */
  push(part: Placing, restored: Restored, piece: string): Edit[] {
    return this.#edits(part, restored, restored.placeholders.push(piece));
  }

  /** The same at the end of a text. */
  end(part: Placing, restored: Restored): Edit[] {
    return this.#edits(part, restored, restored.placeholders.end());
  }

  /** The edits for a text that is whole, in steps. @throws CodedError as {@link push} does */
  *edits(part: TextPart): Steps<Edit[]> {
    if (!part.shown && !part.text.includes('[')) return [];
    const restored = this.reader(part);
    const found = yield* restored.placeholders.reads(part.text);
    return this.#edits(part, restored, [...found, ...restored.placeholders.end()]);
  }

  #edits(part: Placing, { row }: Restored, found: readonly Placed[]): Edit[] {
    if (row?.misplaced)
      throw new CodedError(
        'upstream-invalid',
        'the answer goes on with a text that is shown before one into which a value was put back',
      );
    const mixed = row?.mixed === true;
    const edits = found.flatMap((placed) =>
      this.#edit(part, mixed ? { ...placed, place: placed.place ?? 'markup' } : placed),
    );
    if (edits.length > 0) row?.value();
    return edits;
  }

  /** The edit for a placeholder, or none. */
  #edit(part: Placing, placed: Placed): Edit[] {
    const behind = this.#redactor.behind(placed.placeholder);
    if (!behind) return [];
    const kind = behind.technique;
    const { kept, place } = this.#placeOf(part, placed, kind);
    this.#count(kind, place, !kept);
    return kept ? [] : [{ ...putBack(placed, behind), restored: { kind, place } }];
  }

  #placeOf(
    { call, shown, pointer }: Placing,
    { place }: Placed,
    kind: string,
  ): { place: RestorationRecord['place']; kept: boolean } {
    if (isNamePointer(pointer)) return { place: 'name', kept: true };
    if (call === undefined)
      return { place: place ?? (shown ? 'text' : 'field'), kept: place !== null || !shown };
    const name = this.#tools.of(call);
    const approved = this.#system.privacy.restoreIntoTools;
    const may = name !== null && Object.hasOwn(approved, name) && approved[name]!.includes(kind);
    return { place: may ? (place ?? 'tool') : 'tool', kept: !may || place !== null };
  }

  /** What a text with values in it sets off that it did not set off without: then the values stay out. */
  refuses(before: readonly Detection[], after: readonly Detection[]): boolean {
    const counts = new Map<string, number>();
    const count = ({ detector, technique }: Detection, by: number): number => {
      const total = (counts.get(`${detector} ${technique}`) ?? 0) + by;
      counts.set(`${detector} ${technique}`, total);
      return total;
    };
    for (const detection of before) count(detection, 1);
    return after.some((detection) => {
      const action = actionFor(this.#system, 'output', detection);
      const grave = action === 'deny' || action === 'redact';
      return ASKED_AGAIN.has(detection.detector) && grave && count(detection, -1) < 0;
    });
  }

  /** Edits that were made and are not. */
  withdraw(edits: readonly Edit[]): void {
    for (const { restored } of edits) {
      if (!restored) continue;
      this.#count(restored.kind, restored.place, true, -1);
      this.#count(restored.kind, 'judged', false);
    }
  }

  #count(kind: string, place: RestorationRecord['place'], restored: boolean, by = 1): void {
    const key = `${kind} ${place} ${restored}`;
    const known = this.#counts.get(key);
    if (known) known.count += by;
    else if (this.#counts.size < COUNTS_MAX) this.#counts.set(key, { kind, place, restored, count: by });
    if (known?.count === 0) this.#counts.delete(key);
  }
}
