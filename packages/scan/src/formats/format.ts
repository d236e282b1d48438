import type { Inspection } from '../inspection.ts';

/** What a part begins and is called like. */
export interface Probe {
  /** The last part of its path, in lower case. */
  readonly name: string;
  readonly size: number;
  /** Its first bytes, up to 4,096. */
  readonly head: Uint8Array;
  /** The same as characters from 0 to 255. */
  readonly headText: string;
  /** The same as the text that it is, in whatever encoding. */
  readonly text: string;
  readonly inspection: Inspection;
}

/** One format: how it is known, and what is looked for in it. A new one is a file and a row in `index.ts`. */
export interface Format {
  readonly name: string;
  /** Whether it only holds other files, and nothing is looked for in itself. */
  readonly holdsOthers?: true;
  /** By content; a name alone decides only where content cannot. */
  recognise(probe: Probe): boolean;
  /** @throws Truncated, Malformed of `bytes/cursor.ts`: what is found up to there counts */
  inspect(inspection: Inspection): void | Promise<void>;
}
