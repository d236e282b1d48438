import { base64Kind, looksRandom } from '@sallyport/core';
import { seamFrom } from './secrets/find-secrets.ts';

/** Characters on either side of a match that are looked at. */
const REACH = 512;
/** Characters from which a run of letters and figures may be drawn by lot. */
const RUN_MIN = 16;
/** Random characters before a secret from which its own first characters are chance, too. */
const BEFORE_MIN = 32;
const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi;
const HEX = /^(?=[0-9a-f]*[a-f])(?=[a-f]*\d)[0-9a-f]+$/i;

interface Run {
  readonly start: number;
  readonly end: number;
}

/** The run of base64 characters that a match lies in. */
function runAround(text: string, start: number, end: number): Run {
  let from = start;
  while (from > 0 && start - from < REACH && base64Kind(text.charCodeAt(from - 1)) !== 0) from--;
  let to = end;
  while (to < text.length && to - end < REACH && base64Kind(text.charCodeAt(to)) !== 0) to++;
  return { start: from, end: to };
}

/** Whether a match is a part of a UUID, a hash, an id or base64: what looks like a value there is chance. */
export function insideOpaque(text: string, start: number, end: number): boolean {
  const run = runAround(text, start, end);
  if (run.start === start && run.end === end) return false;
  if (run.end - run.start < RUN_MIN) return false;
  const own = text.slice(run.start, run.end);
  for (const { index, 0: uuid } of own.matchAll(UUID))
    if (run.start + index < end && start < run.start + index + uuid.length) return true;
  // The piece between signs, such as a hash in `sha256-…` or `key_…`.
  const piece = pieceOf(text, start, end, run);
  if (piece.start === start && piece.end === end) return looksDrawn(own) && own.length >= 2 * RUN_MIN;
  const inner = text.slice(piece.start, piece.end);
  return (inner.length >= RUN_MIN && looksDrawn(inner)) || looksDrawn(own);
}

const looksDrawn = (run: string): boolean => (HEX.test(run) && run.length >= RUN_MIN) || looksRandom(run);

function pieceOf(text: string, start: number, end: number, run: Run): Run {
  const letter = (at: number): boolean => /[A-Za-z0-9]/.test(text[at] ?? '');
  let from = start;
  while (from > run.start && letter(from - 1)) from--;
  let to = end;
  while (to < run.end && letter(to)) to++;
  return { start: from, end: to };
}

/**
 * Whether a secret begins in the middle of base64, where any few characters come by chance.
 * @param seams where values meet, in order: what stands in another value says nothing
 */
export function beginsInsideOpaque(
  text: string,
  start: number,
  end: number,
  seams: readonly number[],
): boolean {
  const from = seams[seamFrom(seams, start + 1) - 1] ?? 0;
  const begin = Math.max(from, runAround(text, start, end).start);
  return start - begin >= BEFORE_MIN && looksRandom(text, begin, start);
}
