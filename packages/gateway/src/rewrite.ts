import type { Detection, RestorationRecord, Steps, SystemSnapshot } from '@sallyport/core';
import { type Found, Leaves, Redactor, type Replacing } from '@sallyport/guard';
import type { TextPart } from '@sallyport/models';
import { actionFor } from './state.ts';

/** Replaces as a system wants it. */
export const redactorFor = ({ privacy, pseudonymKey }: SystemSnapshot): Redactor =>
  new Redactor([], privacy.redact, pseudonymKey);

/** The same, in steps. @param existing texts that may hold placeholders of their own */
export function* redactorBeside(system: SystemSnapshot, existing: readonly string[]): Steps<Redactor> {
  const redactor = redactorFor(system);
  yield* redactor.takes(existing);
  return redactor;
}

/** A span of a text and what stands there instead. */
export interface Edit extends Replacing {
  /** What the record says of it, where it puts a value of the caller's back. */
  readonly restored?: Pick<RestorationRecord, 'kind' | 'place'>;
}

/** Detections by the text they lie in: so that many texts with many detections each take no more than one look. */
export const byPointer = (detections: readonly Detection[]): ReadonlyMap<string, readonly Detection[]> =>
  Map.groupBy(detections, ({ location }) => location.pointer);

const foundIn = ({ technique, location: { start, end } }: Detection): Found => ({ start, end, technique });

/** Texts of a request as they go on, by pointer: those in which policy redacts something. In steps. */
export function* redactedTexts(
  system: Pick<SystemSnapshot, 'policy'>,
  redactor: Redactor,
  parts: readonly Pick<TextPart, 'pointer' | 'text' | 'kind'>[],
  detections: readonly Detection[],
): Steps<Map<string, string>> {
  const found = byPointer(detections.filter((one) => actionFor(system, 'input', one) === 'redact'));
  const replacements = new Map<string, string>();
  for (const { pointer, text, kind } of parts) {
    const own = found.get(pointer)?.map(foundIn);
    if (!own) continue;
    replacements.set(pointer, yield* redactor.redacts(text, own, kind === 'json'));
    yield;
  }
  return replacements;
}

/** Sorts edits and drops those that overlap an earlier one. */
export function orderEdits(edits: readonly Edit[]): Edit[] {
  const ordered: Edit[] = [];
  for (const edit of [...edits].sort((a, b) => a.start - b.start || b.end - a.end)) {
    const last = ordered.at(-1);
    if (last && edit.start < last.end) {
      if (edit.end > last.end) ordered[ordered.length - 1] = { ...last, end: edit.end };
    } else ordered.push(edit);
  }
  return ordered;
}

/**
 * Applies edits to a piece of a text that begins at `from`; an edit's text goes where the edit begins.
 * @param edits in order and without overlaps
 * @param first of them that may lie in the piece
 */
export function applyEdits(piece: string, from: number, edits: readonly Edit[], first = 0): string {
  const to = from + piece.length;
  let out = '';
  let at = from;
  for (let i = first; i < edits.length; i++) {
    const edit = edits[i]!;
    if (edit.start >= to) break;
    if (edit.end <= at) continue;
    if (edit.start >= from) out += piece.slice(at - from, edit.start - from) + edit.text;
    at = Math.min(to, edit.end);
  }
  return out + piece.slice(at - from);
}

/** What a text consists of, where it is whole; in steps. */
export function* readLeaves(text: string, kind: TextPart['kind']): Steps<Leaves> {
  const leaves = new Leaves(kind === 'json');
  yield* leaves.reads(text);
  leaves.end();
  return leaves;
}

/**
 * Placeholders for what policy redacts in an answer.
 * @param leaves of the text, where anything is redacted; null where it holds no JSON
 * @param offset where `text` begins in the coordinates of the detections
 */
export function maskings(
  system: SystemSnapshot,
  detections: readonly Detection[],
  text: string,
  leaves: (() => Leaves) | null,
  redactor: Redactor,
  offset = 0,
): Edit[] {
  if (system.mode !== 'enforce') return [];
  const found = detections.filter((one) => actionFor(system, 'output', one) === 'redact').map(foundIn);
  if (found.length === 0) return [];
  const slice = (from: number, to: number): string => text.slice(Math.max(0, from - offset), to - offset);
  if (leaves) return redactor.replace(leaves(), found, slice, false);
  return found.map(({ start, end, technique }) => ({
    start,
    end,
    text: redactor.placeholder(technique, slice(start, end)),
  }));
}
