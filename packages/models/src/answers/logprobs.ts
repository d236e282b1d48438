import { isUtf8 } from 'node:buffer';
import { JsonCursor, type PathPart, type Steps } from '@sallyport/core';
import { CHOSEN } from './structure.ts';

type Path = readonly PathPart[];

/** A string within log probabilities: where they are, and which of the texts it is a piece of that they spell. */
export interface TokenPlace {
  /** How many parts of the path lead to them. */
  readonly depth: number;
  // The first place in a list is that of the token, a second one that of an alternative:
  // `content/*/top_logprobs/2/token`.
  readonly lane: string;
}

/** Values that are visited from one step to the next. */
const VISITED = 4_096;
/** The member that holds log probabilities, in every dialect. */
const NAME = 'logprobs';

/** Where a string stands within log probabilities; null where it stands in none. */
export function tokenPlace(path: Path): TokenPlace | null {
  const at = path.indexOf(NAME);
  if (at < 0) return null;
  let placed = false;
  const lane = path.slice(at + 1).map((part) => {
    if (placed || typeof part === 'string') return part;
    placed = true;
    return '*';
  });
  return placed ? { depth: at + 1, lane: lane.join('/') } : null;
}

/** Whether a lane is of tokens that the model did not choose. */
export const isAlternative = (lane: string): boolean => lane.includes('top_logprobs');

/** The place of an alternative that stands as a name, as in `top_logprobs: [{ " Bern": -0.1 }]`; null for other names. */
export function namedAlternative(path: Path, rank: number): TokenPlace | null {
  if (path.at(-3) !== 'top_logprobs' || typeof path.at(-2) !== 'number') return null;
  const found = tokenPlace(path);
  return found && { depth: found.depth, lane: `top_logprobs/*/${rank}` };
}

/** Bytes of one token, where its provider says them. */
const isBytes = (bytes: unknown): bytes is number[] =>
  Array.isArray(bytes) && bytes.every((byte) => Number.isInteger(byte) && byte >= 0 && byte < 256);

/** Characters of ASCII in bytes. */
const plainOf = (bytes: Buffer): string => bytes.toString('latin1').replaceAll(/[^\0-\x7f]/g, '');

/** Whether bytes say no more than their token: they are its own, or of a piece of a character, which a token can hardly hold. */
function areOwn(bytes: readonly number[], token: unknown): boolean {
  const own = Buffer.from(bytes);
  const said = typeof token === 'string' ? token : '';
  if (own.equals(Buffer.from(said))) return true;
  const unescaped = said.replaceAll(/\\x[89a-f][0-9a-f]/gi, '');
  return !isUtf8(own) && plainOf(own) === plainOf(Buffer.from(unescaped));
}

/** Paths of bytes within log probabilities that are not those of their token, in steps. */
export function* oddBytes(root: unknown): Steps<PathPart[][]> {
  const found: PathPart[][] = [];
  if (typeof root !== 'object' || root === null) return found;
  let visited = 0;
  /** How deep the log probabilities are that it is in; 0 outside of them. */
  let within = 0;
  const cursor = new JsonCursor(root);
  const { path } = cursor;
  while (cursor.next()) {
    if (++visited % VISITED === 0) yield;
    const { value, parent, depth } = cursor;
    if (depth <= within) within = 0;
    if (typeof value !== 'object' || value === null) continue;
    const name = path[depth - 1]!;
    if (typeof name === 'string') {
      if (CHOSEN.has(name)) continue;
      if (within > 0 && name === 'bytes') {
        if (!isBytes(value) || !areOwn(value, (parent as { token?: unknown }).token)) found.push([...path]);
        continue;
      }
      if (within === 0 && name === NAME) within = depth;
    }
    cursor.enter();
  }
  return found;
}
