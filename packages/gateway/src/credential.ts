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

/** Where JSON text says a credential, however it escapes it; in steps. */
function* spansOf(json: string, credential: string): Steps<{ start: number; end: number }[]> {
  const found: { start: number; end: number }[] = [];
  const { length } = credential;
  const piece = Math.max(PIECE, 2 * ESCAPED_MAX * length);
  for (let from = 0; from < json.length; ) {
    const { said, runs, end } = spoken(json, from, Math.min(json.length, from + piece));
    let behind = 0;
    for (let at = said.indexOf(credential); at >= 0; at = said.indexOf(credential, behind)) {
      behind = at + length;
      found.push({ start: sourceOf(runs, at).start, end: sourceOf(runs, behind - 1).end });
    }
    if (end >= json.length) break;
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
  for (const { start, end } of yield* spansOf(json, credential)) {
    pieces.push(json.slice(copied, start), INSTEAD);
    copied = end;
  }
  return copied === 0 ? body : Buffer.from(pieces.join('') + json.slice(copied));
}

/** Whether an event of a stream holds the credential, however JSON escapes it; in steps. */
export function* holdsCredential(json: string, credential: string): Steps<boolean> {
  if (json.includes(credential)) return true;
  return json.includes('\\') && (yield* spansOf(json, credential)).length > 0;
}
