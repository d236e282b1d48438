import { dirname } from 'node:path';
import type { Disk, DiskFile, OpenFlags } from '../../src/disk.ts';

/** Bytes that a disk writes or does not write: smaller than real sectors, so that more can tear. */
const SECTOR_BYTES = 256;

/**
 * What lies on a disk, by number: the content of files, whose numbers are above zero, and the names in folders, whose
 * numbers are not. Buffers in it are never changed.
 */
export interface DiskState {
  readonly files: ReadonlyMap<number, Buffer>;
  readonly folders: ReadonlyMap<number, ReadonlyMap<string, number>>;
}

/** One thing done to a disk that a power cut may undo, or that forbids it to; or a promise made to the outside. */
export type DiskStep<Promised> =
  | { readonly kind: 'write'; readonly node: number; readonly at: number; readonly bytes: Buffer }
  | { readonly kind: 'cut'; readonly node: number }
  /** Names given or taken (null) in one folder, all or none. */
  | { readonly kind: 'name'; readonly node: number; readonly names: readonly [string, number | null][] }
  | { readonly kind: 'sync'; readonly node: number }
  | { readonly kind: 'promise'; readonly promised: Promised };

/** The root folder of every state. */
export const ROOT = 0;
/** An empty disk. */
export const EMPTY_DISK: DiskState = { files: new Map(), folders: new Map([[ROOT, new Map()]]) };

const split = (path: string): string[] => path.split('/').filter((part) => part !== '');
const fault = (code: string, path: string): Error => Object.assign(new Error(`${code}: ${path}`), { code });

/** Content with bytes written over it, and zeros where there was nothing. */
export function overwritten(content: Buffer, at: number, bytes: Buffer): Buffer {
  const out = Buffer.alloc(Math.max(content.length, at + bytes.length));
  content.copy(out);
  bytes.copy(out, at);
  return out;
}

/**
 * A disk in memory that keeps account of every write and every sync, in order. What it shows is what a process sees;
 * {@link steps} says what a power cut may leave of it.
 */
export class SimulatedDisk<Promised = never> implements Disk {
  readonly steps: DiskStep<Promised>[] = [];
  readonly #files: Map<number, Buffer>;
  readonly #folders: Map<number, Map<string, number>>;
  #nextFile: number;
  #nextFolder: number;
  readonly #turn: () => Promise<void>;

  /** @param turn what an asynchronous call waits for: with chance in it, calls overtake one another */
  constructor(state: DiskState = EMPTY_DISK, turn: () => Promise<void> = async () => {}) {
    this.#files = new Map(state.files);
    this.#folders = new Map([...state.folders].map(([node, names]) => [node, new Map(names)]));
    this.#nextFile = Math.max(0, ...this.#files.keys()) + 1;
    this.#nextFolder = Math.min(...this.#folders.keys()) - 1;
    this.#turn = turn;
  }

  /** Notes what the outside has been told, as of now. */
  promise(promised: Promised): void {
    this.steps.push({ kind: 'promise', promised });
  }

  /** All that lies there now, as if everything had been synced. */
  state(): DiskState {
    return {
      files: new Map(this.#files),
      folders: new Map([...this.#folders].map(([node, names]) => [node, new Map(names)])),
    };
  }

  #find(path: string): number | undefined {
    let at: number | undefined = ROOT;
    for (const name of split(path)) at = at === undefined ? at : this.#folders.get(at)?.get(name);
    return at;
  }

  #folder(path: string): number {
    const node = this.#find(path);
    if (node === undefined || !this.#folders.has(node)) throw fault('ENOENT', path);
    return node;
  }

  #name(folder: number, names: [string, number | null][]): void {
    for (const [name, node] of names) {
      if (node === null) this.#folders.get(folder)!.delete(name);
      else this.#folders.get(folder)!.set(name, node);
    }
    this.steps.push({ kind: 'name', node: folder, names });
  }

  openNow(path: string, flags: OpenFlags): DiskFile {
    let node = this.#find(path);
    if (node === undefined) {
      if (flags === 'r+') throw fault('ENOENT', path);
      node = this.#nextFile++;
      this.#files.set(node, Buffer.alloc(0));
      this.#name(this.#folder(dirname(path)), [[split(path).at(-1)!, node]]);
    } else if (this.#folders.has(node)) throw fault('EISDIR', path);
    else if (flags === 'w' && this.#files.get(node)!.length > 0) {
      this.#files.set(node, Buffer.alloc(0));
      this.steps.push({ kind: 'cut', node });
    }
    return this.#handle(node, flags === 'a');
  }

  #handle(node: number, appends: boolean): DiskFile {
    const write = (bytes: Buffer, at: number): void => {
      this.#files.set(node, overwritten(this.#files.get(node)!, at, bytes));
      for (let from = 0; from < bytes.length; ) {
        const until = Math.min(bytes.length, from + SECTOR_BYTES - ((at + from) % SECTOR_BYTES));
        this.steps.push({ kind: 'write', node, at: at + from, bytes: bytes.subarray(from, until) });
        from = until;
      }
    };
    const sync = (): void => {
      this.steps.push({ kind: 'sync', node });
    };
    let position = 0;
    return {
      writeAt: (pieces, at) => {
        const bytes = Buffer.concat(pieces);
        write(bytes, at);
        return bytes.length;
      },
      write: async (content) => {
        await this.#turn();
        write(Buffer.from(content), appends ? this.#files.get(node)!.length : position);
        position += content.length;
      },
      syncContentNow: sync,
      syncContent: () => this.#turn().then(sync),
      sync: () => this.#turn().then(sync),
      closeNow: () => {},
      close: async () => {},
    };
  }

  async open(path: string, flags: OpenFlags): Promise<DiskFile> {
    await this.#turn();
    return this.openNow(path, flags);
  }

  exists(path: string): boolean {
    return this.#find(path) !== undefined;
  }

  readNow(path: string): Buffer | null {
    const node = this.#find(path);
    if (node === undefined) return null;
    const content = this.#files.get(node);
    if (!content) throw fault('EISDIR', path);
    return content;
  }

  async read(path: string): Promise<Buffer | null> {
    return this.readNow(path);
  }

  async *pieces(path: string): AsyncGenerator<Buffer> {
    const content = this.readNow(path);
    if (!content) throw fault('ENOENT', path);
    yield content;
  }

  list(folder: string): string[] {
    return [...this.#folders.get(this.#folder(folder))!.keys()];
  }

  makeFolder(folder: string): string | undefined {
    let first: string | undefined;
    let above = ROOT;
    let path = '';
    for (const name of split(folder)) {
      path += `/${name}`;
      let node = this.#folders.get(above)!.get(name);
      if (node === undefined) {
        first ??= path;
        node = this.#nextFolder--;
        this.#folders.set(node, new Map());
        this.#name(above, [[name, node]]);
      }
      above = node;
    }
    return first;
  }

  renameNow(from: string, to: string): void {
    const node = this.#find(from);
    if (node === undefined) throw fault('ENOENT', from);
    if (dirname(from) !== dirname(to)) throw fault('EXDEV', from);
    this.#name(this.#folder(dirname(from)), [
      [split(to).at(-1)!, node],
      [split(from).at(-1)!, null],
    ]);
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#turn();
    this.renameNow(from, to);
  }

  removeNow(path: string): void {
    if (this.#find(path) !== undefined)
      this.#name(this.#folder(dirname(path)), [[split(path).at(-1)!, null]]);
  }

  syncFolderNow(folder: string): void {
    this.steps.push({ kind: 'sync', node: this.#folder(folder) });
  }

  async syncFolder(folder: string): Promise<void> {
    await this.#turn();
    this.syncFolderNow(folder);
  }
}
