import { hash } from 'node:crypto';

/** Hash of a leaf: SHA-256(0x00 || entry), RFC 6962 section 2.1. */
export function leafHash(entry: Uint8Array): Buffer {
  const input = Buffer.allocUnsafe(1 + entry.length);
  input[0] = 0;
  input.set(entry, 1);
  return hash('sha256', input, 'buffer');
}

const pair = Buffer.allocUnsafe(65);
pair[0] = 1;

/** Hash of an inner node: SHA-256(0x01 || left || right), RFC 6962 section 2.1. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  pair.set(left, 1);
  pair.set(right, 33);
  return hash('sha256', pair, 'buffer');
}

/** Root of the empty tree. */
const EMPTY_ROOT: Buffer = hash('sha256', '', 'buffer');

/** Largest power of two strictly below n (n ≥ 2), the split of RFC 6962. */
function split(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}

/** Roots of the perfect subtrees that make up a tree, largest first: enough to append and to take the root. */
export class CompactRange {
  #size = 0;
  readonly #stack: { hash: Buffer; size: number }[] = [];

  /** Number of leaves. */
  get size(): number {
    return this.#size;
  }

  /** Adds the root of a perfect subtree of `size` leaves, aligned to the size so far. */
  push(subtreeRoot: Buffer, size = 1): void {
    this.#size += size;
    let node = { hash: subtreeRoot, size };
    for (;;) {
      const last = this.#stack.at(-1);
      if (last === undefined || last.size !== node.size) break;
      this.#stack.pop();
      node = { hash: nodeHash(last.hash, node.hash), size: node.size * 2 };
    }
    this.#stack.push(node);
  }

  /** Root of all leaves so far. */
  root(): Buffer {
    let root: Buffer | null = null;
    for (let i = this.#stack.length - 1; i >= 0; i--) {
      const node = this.#stack[i]!.hash;
      root = root === null ? node : nodeHash(node, root);
    }
    return root ?? EMPTY_ROOT;
  }
}

/** Root over a list of hashes of equal-sized perfect subtrees. */
export function rootOf(hashes: readonly Buffer[]): Buffer {
  const range = new CompactRange();
  for (const item of hashes) range.push(item);
  return range.root();
}

/**
 * Audit path of a leaf (RFC 6962 section 2.1.1), nearest sibling first.
 * @param subtree gives the root over leaves `[start, end)`
 */
export async function inclusionProof(
  index: number,
  size: number,
  subtree: (start: number, end: number) => Promise<Buffer>,
): Promise<Buffer[]> {
  if (index < 0 || index >= size) throw new RangeError(`leaf ${index} is not in a tree of ${size}`);
  const path: Buffer[] = [];
  let start = 0;
  let end = size;
  const siblings: [number, number][] = [];
  while (end - start > 1) {
    const middle = start + split(end - start);
    if (index < middle) {
      siblings.push([middle, end]);
      end = middle;
    } else {
      siblings.push([start, middle]);
      start = middle;
    }
  }
  for (const [from, to] of siblings.reverse()) path.push(await subtree(from, to));
  return path;
}

/** The root that a leaf and its audit path lead to, or null when the path has the wrong length. */
export function rootFromProof(
  leaf: Buffer,
  index: number,
  size: number,
  proof: readonly Uint8Array[],
): Buffer | null {
  if (index >= size) return null;
  let fn = index;
  let sn = size - 1;
  let node = leaf;
  for (const sibling of proof) {
    if (sn === 0) return null;
    if (fn % 2 === 1 || fn === sn) {
      node = nodeHash(sibling, node);
      while (fn % 2 === 0 && fn !== 0) {
        fn = Math.floor(fn / 2);
        sn = Math.floor(sn / 2);
      }
    } else node = nodeHash(node, sibling);
    fn = Math.floor(fn / 2);
    sn = Math.floor(sn / 2);
  }
  return sn === 0 ? node : null;
}

/** Whether a leaf is in the tree of this root (RFC 9162 section 2.1.3.2). */
export function verifyInclusion(
  leaf: Buffer,
  index: number,
  size: number,
  proof: readonly Uint8Array[],
  root: Uint8Array,
): boolean {
  const computed = rootFromProof(leaf, index, size, proof);
  return computed !== null && Buffer.compare(computed, root) === 0;
}

/**
 * Proof that a tree of `first` leaves is the beginning of one of `size` (RFC 6962 section 2.1.2).
 * @param subtree gives the root over leaves `[start, end)`
 */
export async function consistencyProof(
  first: number,
  size: number,
  subtree: (start: number, end: number) => Promise<Buffer>,
): Promise<Buffer[]> {
  if (first < 0 || first > size)
    throw new RangeError(`a tree of ${size} does not begin with one of ${first}`);
  if (first === 0 || first === size) return [];
  const ranges: [number, number][] = [];
  let [start, end] = [0, size];
  // Whether the part looked at is the first tree itself, whose root the verifier knows.
  let isWhole = true;
  while (first !== end) {
    const middle = start + split(end - start);
    if (first <= middle) {
      ranges.push([middle, end]);
      end = middle;
    } else {
      ranges.push([start, middle]);
      start = middle;
      isWhole = false;
    }
  }
  if (!isWhole) ranges.push([start, end]);
  const path: Buffer[] = [];
  for (const [from, to] of ranges.reverse()) path.push(await subtree(from, to));
  return path;
}

const half = (n: number): number => Math.floor(n / 2);

/** Whether a tree of `first` leaves is the beginning of one of `size` (RFC 9162 section 2.1.4.2). */
export function verifyConsistency(
  first: number,
  size: number,
  proof: readonly Uint8Array[],
  firstRoot: Uint8Array,
  root: Uint8Array,
): boolean {
  if (first > size) return false;
  if (first === size) return proof.length === 0 && Buffer.compare(firstRoot, root) === 0;
  if (first === 0) return proof.length === 0 && Buffer.compare(firstRoot, EMPTY_ROOT) === 0;
  const isPower = 2 ** Math.round(Math.log2(first)) === first;
  const [seed, ...rest] = isPower ? [firstRoot, ...proof] : proof;
  if (seed === undefined) return false;
  let [fn, sn] = [first - 1, size - 1];
  while (fn % 2 === 1) [fn, sn] = [half(fn), half(sn)];
  let fr: Buffer = Buffer.from(seed);
  let sr: Buffer = fr;
  for (const hash of rest) {
    if (sn === 0) return false;
    if (fn % 2 === 1 || fn === sn) {
      [fr, sr] = [nodeHash(hash, fr), nodeHash(hash, sr)];
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [half(fn), half(sn)];
    } else sr = nodeHash(sr, hash);
    [fn, sn] = [half(fn), half(sn)];
  }
  return sn === 0 && Buffer.compare(fr, firstRoot) === 0 && Buffer.compare(sr, root) === 0;
}
