import type { Steps } from '@sallyport/core';

/** What stands in an answer instead of the provider's credential. */
const INSTEAD = '[CREDENTIAL]';
/** Characters of JSON from one step to the next. */
const PIECE = 64 * 1024;
/** Characters that one character takes in JSON at most: `\u0041`. */
const ESCAPED_MAX = 6;
/** Escapes of JSON that stand for another character than the one behind the backslash. */
const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['b', '\b'],
  ['f', '\f'],
]);
const UNIT = /[0-9a-f]{4}/iy;

/** Shortest piece of a credential that counts as the credential: what is left could be tried out. */
const PIECE_MIN = 16;
const PIECE_SHARE = 2 / 3;

interface Span {
  readonly start: number;
  readonly end: number;
}

/** What every piece of a credential that is long enough has in it, and how long such a piece is. @param whole whether only all of it counts */
function coreOf(credential: string, whole: boolean): { core: string; at: number; least: number } {
  const { length } = credential;
  const least = whole ? length : Math.min(length, Math.max(PIECE_MIN, Math.ceil(length * PIECE_SHARE)));
  return { core: credential.slice(length - least, least), at: length - least, least };
}

/** Where a text says a credential, or so much of it that what is left could be tried out. @param whole whether only all of it counts */
function* piecesIn(text: string, credential: string, whole: boolean): Generator<Span> {
  const { core, at, least } = coreOf(credential, whole);
  let behind = 0;
  for (let found = text.indexOf(core); found >= 0; ) {
    let start = found;
    while (start > behind && at > found - start && text[start - 1] === credential[at - (found - start) - 1])
      start--;
    let end = found + core.length;
    while (at + end - found < credential.length && text[end] === credential[at + end - found]) end++;
    const counts = end - start >= least;
    if (counts) yield { start, end };
    if (counts) behind = end;
    found = text.indexOf(core, counts ? end : found + 1);
  }
}

/** Whether a text says a credential, or most of it. */
export const saysCredential = (text: string, credential: string): boolean =>
  piecesIn(text, credential, false).next().done === false;

/** A stretch of JSON text and what it says: one escape, or characters that say themselves. */
interface Run {
  /** Where it begins in what the text says, and in the text. */
  readonly at: number;
  readonly source: number;
  /** Characters of the text, where it is an escape; else 0. */
  readonly escaped: number;
}

/** A piece of JSON text, its escapes undone. It need not be valid. */
function spoken(json: string, from: number, to: number): { said: string; runs: Run[]; end: number } {
  const pieces: string[] = [];
  const runs: Run[] = [];
  let size = 0;
  let source = from;
  const put = (piece: string, escaped: number): void => {
    runs.push({ at: size, source, escaped });
    pieces.push(piece);
    size += piece.length;
    source += escaped || piece.length;
  };
  while (source < to) {
    const slash = json.indexOf('\\', source);
    const stop = slash < 0 || slash > to ? to : slash;
    if (stop > source) put(json.slice(source, stop), 0);
    if (source >= to) break;
    const next = json[source + 1] ?? '\\';
    UNIT.lastIndex = source + 2;
    const unit = next === 'u' ? UNIT.exec(json)?.[0] : undefined;
    if (unit !== undefined) put(String.fromCharCode(Number.parseInt(unit, 16)), ESCAPED_MAX);
    else put(ESCAPES.get(next) ?? next, 2);
  }
  return { said: pieces.join(''), runs, end: source };
}

/** The stretch of JSON text that says one character. */
function sourceOf(runs: readonly Run[], place: number): { start: number; end: number } {
  let low = 0;
  let high = runs.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (runs[middle]!.at <= place) low = middle;
    else high = middle - 1;
  }
  const { at, source, escaped } = runs[low]!;
  const start = source + place - at;
  return { start, end: start + (escaped || 1) };
}

/** Where JSON text says a credential, or most of it, however it escapes it; in steps. @param whole whether only all of it counts */
function* spansOf(json: string, credential: string, whole: boolean): Steps<Span[]> {
  const found: Span[] = [];
  const { length } = credential;
  const piece = Math.max(PIECE, 2 * ESCAPED_MAX * length);
  for (let from = 0; from < json.length; ) {
    const { said, runs, end } = spoken(json, from, Math.min(json.length, from + piece));
    const last = end >= json.length;
    let behind = 0;
    for (const { start, end: stop } of piecesIn(said, credential, whole)) {
      // It may go on behind this piece.
      if (stop === said.length && !last) break;
      behind = stop;
      found.push({ start: sourceOf(runs, start).start, end: sourceOf(runs, stop - 1).end });
    }
    if (last) break;
    // What may be the beginning of one that goes on behind this piece is read again.
    const next = Math.max(behind, said.length - length + 1);
    from = next < said.length ? sourceOf(runs, next).start : end;
    yield;
  }
  return found;
}

/** An answer without the credential, however JSON escapes it; every other byte stays as it was. In steps. */
export function* withoutCredential(body: Buffer, credential: string): Steps<Buffer> {
  const json = body.toString();
  if (!json.includes('\\') && !json.includes(credential)) return body;
  const pieces: string[] = [];
  let copied = 0;
  for (const { start, end } of yield* spansOf(json, credential, true)) {
    pieces.push(json.slice(copied, start), INSTEAD);
    copied = end;
  }
  return copied === 0 ? body : Buffer.from(pieces.join('') + json.slice(copied));
}

/** Whether JSON text of an answer, or of an event, holds the credential, or most of it, however JSON escapes it; in steps. */
export function* holdsCredential(json: string, credential: string): Steps<boolean> {
  if (saysCredential(json, credential)) return true;
  return json.includes('\\') && (yield* spansOf(json, credential, false)).length > 0;
}
