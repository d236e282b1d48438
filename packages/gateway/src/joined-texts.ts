import { atLeast, type Detection } from '@sallyport/core';
import type { RequestPart } from '@sallyport/models';

/** Characters at either end of a long part that are read together with its neighbours. */
const EDGE = 1_024;
const LIST_EDGE = 160;
/** Figures and letters that a secret must go on with in the next part to be taken for cut in two. */
const REST_MIN = 6;
/** Personal data with a structure that two harmless parts hardly make by chance. */
const STRUCTURED = new Set(['credit-card', 'iban', 'us-ssn', 'email', 'crypto-wallet']);

/** A piece of a part within a reading. */
interface Piece {
  readonly part: RequestPart;
  /** Where it begins in the part, and in the reading. */
  readonly from: number;
  readonly at: number;
  readonly length: number;
}

/** Neighbouring parts read as one text. */
export interface JoinedText {
  readonly text: string;
  readonly channel: RequestPart['channel'];
  /** `values` where parts follow each other without a space, for secrets cut in two; `words` line by line. */
  readonly reads: 'secrets' | 'values' | 'words';
  readonly pieces: readonly Piece[];
}

function readingOf(pieces: readonly Omit<Piece, 'at'>[], reads: JoinedText['reads']): JoinedText | null {
  if (pieces.length < 2) return null;
  const between = reads === 'words' ? '\n' : '';
  const placed: Piece[] = [];
  let text = '';
  for (const piece of pieces) {
    if (placed.length > 0) text += between;
    placed.push({ ...piece, at: text.length });
    text += piece.part.text.slice(piece.from, piece.from + piece.length);
  }
  return { text, channel: pieces[0]!.part.channel, reads, pieces: placed };
}

/** Runs of pieces without a gap: of a long part only its ends lie beside others. */
function runsOf(parts: readonly RequestPart[], edge: number): Omit<Piece, 'at'>[][] {
  const runs: Omit<Piece, 'at'>[][] = [[]];
  for (const part of parts) {
    const { length } = part.text;
    if (length <= 2 * edge) {
      runs.at(-1)!.push({ part, from: 0, length });
      continue;
    }
    runs.at(-1)!.push({ part, from: 0, length: edge });
    runs.push([{ part, from: length - edge, length: edge }]);
  }
  return runs;
}

/** Second readings of a request: parts that the AI system reads one behind the other. */
export function joinedTexts(parts: readonly RequestPart[]): JoinedText[] {
  const groups = new Map<string, RequestPart[]>();
  for (const part of parts) {
    if (part.group === undefined || part.place !== undefined) continue;
    const key = `${part.channel} ${part.system} ${part.group}`;
    const group = groups.get(key);
    if (group) group.push(part);
    else groups.set(key, [part]);
  }
  const found: JoinedText[] = [];
  for (const group of groups.values()) {
    if (group.length < 2) continue;
    const list = group[0]!.group!.startsWith('list');
    for (const run of runsOf(group, list ? LIST_EDGE : EDGE)) {
      for (const reads of list ? (['secrets'] as const) : (['values', 'words'] as const)) {
        const reading = readingOf(run, reads);
        if (reading) found.push(reading);
      }
    }
  }
  return found;
}

/** The pieces that a span of a text reaches over: a few, however many there are. */
export function reached<P extends { readonly at: number; readonly length: number }>(
  pieces: readonly P[],
  start: number,
  end: number,
): P[] {
  let low = 0;
  let high = pieces.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const { at, length } = pieces[middle]!;
    if (at + length <= start) low = middle + 1;
    else high = middle;
  }
  const found: P[] = [];
  for (; low < pieces.length && pieces[low]!.at < end; low++) found.push(pieces[low]!);
  return found;
}

/** Whether what a reading shows is told at all: only what no part shows by itself is news. */
function isNews(
  { detector, technique, severity }: Detection,
  { reads, text }: JoinedText,
  spans: readonly { piece: Piece; start: number; end: number }[],
  alone: (part: RequestPart) => readonly Detection[],
): boolean {
  if (spans.length < 2) return false;
  if (reads === 'words')
    return (
      detector === 'rule' ||
      detector === 'unread' ||
      (detector === 'injection' && (technique !== 'learned' || severity === 'high'))
    );
  if (detector === 'pii' && !STRUCTURED.has(technique)) return false;
  if (detector !== 'pii' && detector !== 'secret' && detector !== 'rule') return false;
  const before = spans.flatMap(({ piece, start, end }) =>
    alone(piece.part).filter(
      (other) => other.detector === detector && other.location.start < end && start < other.location.end,
    ),
  );
  if (!before.some((other) => atLeast(other.severity, severity))) return true;
  if (detector !== 'secret') return false;
  // A secret that was found up to the end of its part, and goes on in the next.
  const [first, ...rest] = spans;
  const cut = alone(first!.piece.part).some(
    (other) =>
      other.detector === 'secret' &&
      other.location.start === first!.start &&
      other.location.end >= first!.end,
  );
  const tail = rest.map(({ piece, start, end }) => piece.part.text.slice(start, end)).join('');
  return cut && text.length > 0 && tail.length >= REST_MIN && /\d/.test(tail);
}

/** A detection in a reading as one in each part that it reaches over; none where it is no news. */
export function partDetections(
  found: Detection,
  reading: JoinedText,
  alone: (part: RequestPart) => readonly Detection[],
): Detection[] {
  const { start, end } = found.location;
  const spans: { piece: Piece; start: number; end: number }[] = [];
  for (const piece of reached(reading.pieces, start, end)) {
    const from = Math.max(start, piece.at);
    const to = Math.min(end, piece.at + piece.length);
    if (from < to)
      spans.push({ piece, start: piece.from + from - piece.at, end: piece.from + to - piece.at });
  }
  if (!isNews(found, reading, spans, alone)) return [];
  return spans.map(({ piece, start: from, end: to }) => ({
    ...found,
    view: found.view === undefined ? 'joined' : `joined+${found.view}`,
    location: { pointer: piece.part.pointer, start: from, end: to },
  }));
}
