import { isUtf8 } from 'node:buffer';
import type { Steps } from '@sallyport/core';
import { CHOSEN } from './structure.ts';

type Path = readonly (string | number)[];

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
  const [list, place] = path.slice(-3);
  if (list !== 'top_logprobs' || typeof place !== 'number') return null;
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
export function* oddBytes(root: unknown): Steps<(string | number)[][]> {
  let visited = 0;
  const found: (string | number)[][] = [];
  const path: (string | number)[] = [];
  function* walk(value: object, within: boolean): Steps<void> {
    if (Array.isArray(value)) {
      for (let i = 0; i < value.length; i++) {
        if (++visited % VISITED === 0) yield;
        const own: unknown = value[i];
        if (typeof own !== 'object' || own === null) continue;
        path.push(i);
        yield* walk(own, within);
        path.pop();
      }
      return;
    }
    for (const name in value) {
      if (++visited % VISITED === 0) yield;
      const own = (value as Record<string, unknown>)[name];
      if (typeof own !== 'object' || own === null || CHOSEN.has(name)) continue;
      path.push(name);
      const token = (value as Record<string, unknown>)['token'];
      if (!within || name !== 'bytes') yield* walk(own, within || name === NAME);
      else if (!isBytes(own) || !areOwn(own, token)) found.push([...path]);
      path.pop();
    }
  }
  if (typeof root === 'object' && root !== null) yield* walk(root, false);
  return found;
}
