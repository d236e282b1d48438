import type { Detection, RestorationRecord, Steps, SystemSnapshot } from '@sallyport/core';
import { type Found, Leaves, Redactor, type Replacing } from '@sallyport/guard';
import type { TextPart } from '@sallyport/models';
import { actionFor } from './state.ts';

/** Values that are masked from one step to the next. */
const MASKS_STEP = 64;

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

/** Members of a body by where a model reads them: what it is to do first, then the conversation. What is in none of these comes last. */
const READ_FIRST: ReadonlySet<string> = new Set([
  ...['tools', 'functions', 'response_format', 'format', 'text', 'tool_choice'],
  ...['system', 'instructions', 'template'],
]);
const CONVERSATION: ReadonlySet<string> = new Set([
  ...['messages', 'input', 'contents', 'prompt'],
  ...['inputs', 'text_input'],
]);
/** Values outside the conversation are counted from here, those of the conversation from 1. */
const OUTSIDE = 1_001;

type Rewritten = Pick<TextPart, 'pointer' | 'text' | 'kind' | 'channel'>;

function turnOf({ pointer }: Rewritten): 'first' | 'said' | 'rest' {
  const member = pointer.split('/', 2)[1] ?? '';
  if (READ_FIRST.has(member)) return 'first';
  return CONVERSATION.has(member) ? 'said' : 'rest';
}

/**
 * Texts in the order in which their values are numbered: what a model reads first, then the conversation, then all else. Text that
 * is added behind another shifts no number in it, so that what a provider has cached of a conversation still begins the next call.
 */
function* inReadingOrder<P extends Rewritten>(
  parts: readonly P[],
): Generator<readonly [part: P, countsFrom: number]> {
  const { first = [], said = [], rest = [] } = Object.groupBy(parts, turnOf);
  for (const part of first) yield [part, OUTSIDE];
  for (const part of said) yield [part, 1];
  for (const part of rest) yield [part, OUTSIDE];
}

/**
 * Texts of a request as they go on, by pointer: those in which policy redacts something. In steps. Words of the caller that look like
 * placeholders stand for nothing; those of an earlier answer were made here for what stood before it, where nothing was put back.
 */
export function* redactedTexts(
  system: Pick<SystemSnapshot, 'policy'>,
  redactor: Redactor,
  parts: readonly Rewritten[],
  detections: readonly Detection[],
): Steps<Map<string, string>> {
  const found = byPointer(detections.filter((one) => actionFor(system, 'input', one) === 'redact'));
  const replacements = new Map<string, string>();
  for (const [{ pointer, text, kind, channel }, countsFrom] of inReadingOrder(parts)) {
    if (channel === 'assistant') yield* redactor.takes([text]);
    const own = found.get(pointer)?.map(foundIn);
    if (!own) continue;
    redactor.countsFrom = countsFrom;
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
 * Placeholders for what policy redacts in an answer, in steps.
 * @param leaves of the text, where anything is redacted; null where it holds no JSON
 * @param offset where `text` begins in the coordinates of the detections
 */
export function* maskings(
  system: SystemSnapshot,
  detections: readonly Detection[],
  text: string,
  leaves: (() => Leaves) | null,
  redactor: Redactor,
  offset = 0,
): Steps<Edit[]> {
  if (system.mode !== 'enforce') return [];
  const found = detections.filter((one) => actionFor(system, 'output', one) === 'redact').map(foundIn);
  if (found.length === 0) return [];
  const slice = (from: number, to: number): string => text.slice(Math.max(0, from - offset), to - offset);
  if (leaves) return yield* redactor.replaces(leaves(), found, slice, false);
  const masks: Edit[] = [];
  for (const { start, end, technique } of found) {
    masks.push({ start, end, text: redactor.placeholder(technique, slice(start, end)) });
    if (masks.length % MASKS_STEP === 0) yield;
  }
  return masks;
}
