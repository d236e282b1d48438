/** Where a file lies, told by whoever filled the tree. */
export interface FileNode<T> {
  readonly kind: 'file';
  readonly content: T;
}
/** A symbolic link. */
interface LinkNode {
  readonly kind: 'link';
  readonly to: string;
}
/** A device, pipe or socket. */
interface OtherNode {
  readonly kind: 'other';
}
interface FolderNode<T> {
  readonly kind: 'folder';
  readonly id: number;
  readonly entries: Map<string, Entry<T>>;
}
type Node<T> = FileNode<T> | LinkNode | OtherNode | FolderNode<T>;
interface Entry<T> {
  readonly node: Node<T>;
  /** The last layer that stated this name. */
  layer: number;
}

/** What a member of a layer is. A hard link names a file that is there already. */
export type Member<T> =
  | { readonly kind: 'file'; readonly content: T }
  | { readonly kind: 'link'; readonly to: string }
  | { readonly kind: 'hard'; readonly of: string }
  | { readonly kind: 'folder' }
  | { readonly kind: 'other' };

/** A file under one of its names. */
export interface NamedFile<T> {
  readonly path: string;
  readonly file: FileNode<T>;
}

/** Links that are followed for one name, as runtimes follow them (`securejoin`, containerd's `RootPath`). */
const LINKS_MAX = 255;
/** Bytes of a path (Linux, PATH_MAX). */
const PATH_BYTES_MAX = 4096;
/** Names that links may give besides those that files and folders have. */
const NAMES_MORE_MAX = 300_000;
/** Parts of a path that decide how a file is read, its own name left out. */
const TELLING_FOLDERS = 3;

const partsOf = (path: string): string[] => path.split('/').filter((part) => part !== '' && part !== '.');
/** Parts of a member's name, cleaned before links on its way are looked at. */
function cleaned(path: string): string[] {
  const parts: string[] = [];
  for (const part of partsOf(path))
    if (part !== '..') parts.push(part);
    else parts.pop();
  return parts;
}
/** A member's name as it is without `.`, `..` and doubled `/`. */
export const cleanName = (path: string): string => cleaned(path).join('/');
const joined = (folder: string, name: string): string => (folder === '' ? name : `${folder}/${name}`);
const tailOf = (path: string): string => path.split('/').slice(-TELLING_FOLDERS).join('/');

/** What was found at the end of a path. */
interface Found<T> {
  readonly node: Node<T>;
  /** Without links. */
  readonly path: string;
}

/** A value that is worked out once. */
function onceFor<V>(known: Map<string, V>, key: string, work: () => V): V {
  const before = known.get(key);
  if (before !== undefined) return before;
  const value = work();
  known.set(key, value);
  return value;
}

/** Where links led that are no way within an archive: above its root, or under names that no system takes. */
export type Astray = 'above' | 'too-long';

/** Where a path leads: the folder that holds its last name, and what has that name. */
interface Place<T> {
  readonly folder: FolderNode<T>;
  /** Path of the folder, without links. */
  readonly above: string;
  readonly name: string;
}

/**
 * Names of an archive or of the layers of an image, one upon the other, as a container runtime unpacks them (OCI image specification
 * 1.1, "Applying Changesets"): links on the way are followed within the root, one that is replaced is not.
 */
export class NameTree<T> {
  readonly #root: FolderNode<T> = { kind: 'folder', id: 0, entries: new Map() };
  readonly #entriesMax: number;
  #folders = 1;
  #entries = 0;
  #astray: Astray | null = null;

  /** @param entriesMax of all layers together */
  constructor(entriesMax: number) {
    this.#entriesMax = entriesMax;
  }

  /** The worst that links led to so far. A container runtime keeps them within the root; what unpacks an archive does not. */
  get astray(): Astray | null {
    return this.#astray;
  }

  #make(): FolderNode<T> {
    return { kind: 'folder', id: this.#folders++, entries: new Map() };
  }

  /** Follows the folders of a path. @param make whether missing ones are made @returns null where something else is in the way, or links lead round */
  #walk(parts: readonly string[], make: number | null): { folder: FolderNode<T>; path: string } | null {
    const way: { folder: FolderNode<T>; path: string }[] = [{ folder: this.#root, path: '' }];
    const waiting = [...parts].reverse();
    let links = 0;
    while (waiting.length > 0) {
      const part = waiting.pop()!;
      if (part === '..') {
        // Above the root is the root.
        if (way.length > 1) way.pop();
        else this.#astray = 'above';
        continue;
      }
      const { folder, path } = way.at(-1)!;
      let entry = folder.entries.get(part);
      if (!entry) {
        if (make === null) return null;
        entry = this.#enter(folder, part, this.#make(), make);
      }
      const { node } = entry;
      if (node.kind === 'link') {
        if (++links > LINKS_MAX || waiting.length > PATH_BYTES_MAX) return null;
        if (node.to.startsWith('/')) way.length = 1;
        waiting.push(...partsOf(node.to).reverse());
        continue;
      }
      if (node.kind !== 'folder') return null;
      const inner = joined(path, part);
      if (inner.length > PATH_BYTES_MAX) {
        this.#astray ??= 'too-long';
        return null;
      }
      way.push({ folder: node, path: inner });
    }
    return way.at(-1)!;
  }

  #enter(folder: FolderNode<T>, name: string, node: Node<T>, layer: number): Entry<T> {
    if (!folder.entries.has(name) && ++this.#entries > this.#entriesMax)
      throw new Error(`over ${this.#entriesMax} names`);
    const entry = { node, layer };
    folder.entries.set(name, entry);
    return entry;
  }

  /** The place of a name, whether or not something has it. Its own name is not followed. */
  #place(parts: string[], make: number | null): Place<T> | null {
    const name = parts.pop();
    if (name === undefined || name === '..') return null;
    const above = this.#walk(parts, make);
    return above && { folder: above.folder, above: above.path, name };
  }

  /**
   * Puts a member of a layer where a runtime would.
   * @param path as the archive has it
   * @returns where it came to lie, without links; or in words why no runtime unpacks it
   * @throws Error in words where there are more names than may be
   */
  put(
    path: string,
    member: Member<T>,
    layer: number,
  ): { readonly path: string } | { readonly fault: string } {
    if (cleaned(path).length === 0) return { path: '' };
    const place = this.#place(cleaned(path), layer);
    if (!place) return { fault: 'which lies below what is no folder' };
    const { folder, above, name } = place;
    const own = joined(above, name);
    if (Buffer.byteLength(own) > PATH_BYTES_MAX) {
      this.#astray ??= 'too-long';
      return { fault: 'whose name is too long' };
    }
    const before = folder.entries.get(name);
    if (member.kind === 'folder') {
      if (before?.node.kind === 'folder') before.layer = layer;
      else this.#enter(folder, name, this.#make(), layer);
      return { path: own };
    }
    if (member.kind !== 'hard') {
      this.#enter(folder, name, member, layer);
      return { path: own };
    }
    const target = this.#place(partsOf(member.of), null);
    const node = target?.folder.entries.get(target.name)?.node;
    if (!node || node.kind === 'folder') return { fault: 'a hard link to what is not there, or is a folder' };
    this.#enter(folder, name, node, layer);
    return { path: own };
  }

  /** Takes away what layers below have under a name. */
  take(path: string, layer: number): void {
    const place = this.#place(cleaned(path), null);
    const entry = place?.folder.entries.get(place.name);
    if (place && entry && this.#empty(entry, layer)) place.folder.entries.delete(place.name);
  }

  /** Takes away what layers below have in a folder. */
  takeBelow(path: string, layer: number): void {
    const found = this.#walk(cleaned(path), null);
    if (found) this.#empty({ node: found.folder, layer }, layer);
  }

  /** @returns whether nothing of this layer is left */
  #empty({ node, layer: own }: Entry<T>, layer: number): boolean {
    if (node.kind === 'folder')
      for (const [name, entry] of node.entries) if (this.#empty(entry, layer)) node.entries.delete(name);
    return own < layer && (node.kind !== 'folder' || node.entries.size === 0);
  }

  /** What a path leads to, every link followed: a file, the names in a folder, or nothing. */
  find(path: string): FileNode<T> | readonly string[] | null {
    const node = this.#follow(partsOf(path))?.node;
    if (node?.kind === 'file') return node;
    return node?.kind === 'folder' ? [...node.entries.keys()] : null;
  }

  /** @returns with its path without links */
  #follow(parts: readonly string[]): Found<T> | null {
    let rest = [...parts];
    for (let links = 0; links <= LINKS_MAX; links++) {
      const name = rest.at(-1);
      if (name === undefined || name === '..') {
        const found = this.#walk(rest, null);
        return found && { node: found.folder, path: found.path };
      }
      const above = this.#walk(rest.slice(0, -1), null);
      const node = above?.folder.entries.get(name)?.node;
      if (!above || !node) return null;
      if (node.kind !== 'link') return { node, path: joined(above.path, name) };
      rest = node.to.startsWith('/') ? partsOf(node.to) : [...partsOf(above.path), ...partsOf(node.to)];
      if (rest.length > PATH_BYTES_MAX) return null;
    }
    return null;
  }

  /**
   * Every file under every name that leads to it, through links to files and folders, too; short names first. A folder is gone through
   * once for each end of a path to it that decides how its files are read, so links that lead round come to an end.
   * @param dangling told of links that lead to nothing
   * @throws Error in words where links make too many names
   */
  *names(dangling: (path: string) => void = () => {}): Generator<NamedFile<T>> {
    const seen = new Set<string>();
    const leads = new Map<string, Found<T> | null>();
    let left = this.#entries + NAMES_MORE_MAX;
    const waiting = [{ folder: this.#root, path: '', real: '' }];
    for (let at = 0; at < waiting.length; at++) {
      const { folder, path: above, real: realAbove } = waiting[at]!;
      for (const [name, { node }] of folder.entries) {
        if (--left < 0) throw new Error('more names than are looked at, through links');
        const path = joined(above, name);
        const real = joined(realAbove, name);
        const found =
          node.kind === 'link'
            ? onceFor(leads, real, () => this.#follow(partsOf(real)))
            : { node, path: real };
        if (!found) dangling(path);
        else if (found.node.kind === 'file') yield { path, file: found.node };
        else if (found.node.kind === 'folder' && path.length <= PATH_BYTES_MAX) {
          const key = `${found.node.id} ${tailOf(path)}`;
          if (!seen.has(key)) waiting.push({ folder: found.node, path, real: found.path });
          seen.add(key);
        }
      }
    }
  }
}
