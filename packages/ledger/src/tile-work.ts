import type { JournalEntry } from './journal.ts';
import { leafHash, rootOf } from './merkle.ts';
import {
  contentPath,
  encodeBundle,
  entriesPath,
  levelCount,
  partialPaths,
  TILE_WIDTH,
  tilePath,
} from './tile.ts';
import { contentHeader, type Edge, edgeRange } from './tree-store.ts';

/** Tiles that one round of integration has to write; touches the edge only on commit. */
export class TileWork {
  readonly #levels: Buffer[][];
  readonly #first: number[];
  #entries: Buffer[];
  #next: number;
  readonly #out: [string, Uint8Array, 'w' | 'a'][] = [];
  readonly #content = new Map<string, { readonly flags: 'w' | 'a'; readonly pieces: Uint8Array[] }>();
  readonly #start: number;
  /** Full tiles and bundles. */
  readonly #full: string[] = [];
  /** Partial files that stand already, under the last checkpoint. */
  readonly #standing: ReadonlySet<string>;

  constructor(edge: Edge, start: number) {
    this.#start = start;
    this.#standing = new Set(partialPaths(start));
    this.#levels = edge.levels.map((level) => level.slice());
    this.#first = this.#levels.map((_, level) => Math.floor(levelCount(start, level) / TILE_WIDTH));
    this.#entries = edge.entries.slice();
    this.#next = start;
  }

  add(entry: JournalEntry): void {
    if (entry.payload) {
      const bundle = Math.floor(this.#next / TILE_WIDTH);
      const path = contentPath(bundle);
      // Of a bundle that begins with this round, what lies there was left by one that a crash ended, and may be torn.
      const flags = bundle * TILE_WIDTH >= this.#start ? 'w' : 'a';
      const content = this.#content.get(path) ?? { flags, pieces: [] };
      content.pieces.push(contentHeader(this.#next, entry.payload), entry.payload);
      this.#content.set(path, content);
    }
    const leaf = Buffer.from(entry.leaf.buffer, entry.leaf.byteOffset, entry.leaf.length);
    this.#entries.push(leaf);
    if (this.#entries.length === TILE_WIDTH) {
      this.#fill(entriesPath(Math.floor(this.#next / TILE_WIDTH), TILE_WIDTH), encodeBundle(this.#entries));
      this.#entries = [];
    }
    this.#next++;
    this.#push(0, leafHash(leaf));
  }

  #fill(path: string, content: Uint8Array): void {
    this.#full.push(path);
    this.#out.push([path, content, 'w']);
  }

  #push(level: number, item: Buffer): void {
    this.#levels[level] ??= [];
    this.#first[level] ??= 0;
    const tile = this.#levels[level];
    tile.push(item);
    if (tile.length < TILE_WIDTH) return;
    this.#fill(tilePath(level, this.#first[level]++, TILE_WIDTH), Buffer.concat(tile));
    this.#levels[level] = [];
    this.#push(level + 1, rootOf(tile));
  }

  /** What is to be written, in order; large pieces are put together only when their turn comes. */
  *files(): Generator<[string, Uint8Array, 'w' | 'a']> {
    const partial = (path: string, content: Uint8Array): void => {
      // The same path has the same content: what the last checkpoint rests on is never touched again.
      if (!this.#standing.has(path)) this.#out.push([path, content, 'w']);
    };
    if (this.#entries.length > 0) {
      partial(
        entriesPath(Math.floor(this.#next / TILE_WIDTH), this.#entries.length),
        encodeBundle(this.#entries),
      );
    }
    this.#levels.forEach((tile, level) => {
      if (tile.length > 0) partial(tilePath(level, this.#first[level]!, tile.length), Buffer.concat(tile));
    });
    yield* this.#out;
    for (const [path, { flags, pieces }] of this.#content) yield [path, Buffer.concat(pieces), flags];
  }

  root(): Buffer {
    return edgeRange(this.#levels).root();
  }

  /** Full tiles and bundles of this round: once they are durable, their partial files may go. */
  full(): readonly string[] {
    return this.#full;
  }

  commit(edge: Edge): void {
    edge.levels.splice(0, edge.levels.length, ...this.#levels);
    edge.entries.splice(0, edge.entries.length, ...this.#entries);
  }
}
