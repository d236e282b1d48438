import type { ByteSource } from '../bytes/byte-source.ts';
import { Cursor, Malformed } from '../bytes/cursor.ts';

/** One link of a group. */
export interface Hdf5Link {
  readonly name: string;
  /** Address of what it leads to; -1 where it leads elsewhere. */
  readonly address: number;
  /** Of a link into another file. */
  readonly external?: string;
  readonly offset: number;
}

/** What an object holds, without its data. */
export interface Hdf5Object {
  readonly links: readonly Hdf5Link[];
  readonly attributes: readonly {
    readonly name: string;
    readonly value: Uint8Array | null;
    readonly offset: number;
  }[];
  /** Other files that hold its data. */
  readonly externalFiles: readonly string[];
  /** Whether its data are put together from other data sets. */
  readonly virtual: boolean;
  /** Whether part of it is kept in a way that is not read here. */
  readonly partial: boolean;
}

interface Mutable {
  links: Hdf5Link[];
  attributes: { name: string; value: Uint8Array | null; offset: number }[];
  externalFiles: string[];
  virtual: boolean;
  partial: boolean;
}

const SIGNATURE = '\x89HDF\r\n\x1a\n';
const UNDEFINED = 2 ** 53;
const MESSAGES_MAX = 100_000;
const NODES_MAX = 100_000;
const ATTRIBUTE_BYTES_MAX = 64 * 1024 * 1024;
/** Texts of one attribute. */
const VARIABLE_ELEMENTS_MAX = 65_536;

/** Where an HDF5 file begins in a source: at 0, 512, 1024, 2048 …, as far as the source goes (libhdf5 looks there). -1 where there is none. */
export function hdf5Start(source: ByteSource): number {
  for (let at = 0; at + 8 <= source.size; at = at === 0 ? 512 : at * 2)
    if (Buffer.from(source.read(at, 8)).toString('latin1') === SIGNATURE) return at;
  return -1;
}

/** Reads groups and attributes of an HDF5 file (HDF5 File Format Specification, superblocks 0 to 3). @throws Truncated, Malformed */
export class Hdf5File {
  readonly #source: ByteSource;
  #offsetBytes = 8;
  #lengthBytes = 8;
  /** Addresses count from where the file begins, whatever it says of its base (libhdf5 corrects that as well). */
  readonly #base: number;
  #nodes = 0;
  readonly rootAddress: number;

  constructor(source: ByteSource, start: number) {
    this.#source = source;
    this.#base = start;
    const cursor = new Cursor(source, start + 8);
    const version = cursor.u8();
    if (version <= 1) {
      cursor.skip(4);
      this.#offsetBytes = cursor.u8();
      this.#lengthBytes = cursor.u8();
      cursor.skip(version === 1 ? 13 : 9);
      this.#sizes(cursor.offset);
      cursor.skip(4 * this.#offsetBytes);
      cursor.skip(this.#offsetBytes);
      this.rootAddress = this.#address(cursor);
    } else if (version <= 3) {
      this.#offsetBytes = cursor.u8();
      this.#lengthBytes = cursor.u8();
      this.#sizes(cursor.offset);
      cursor.skip(1 + 3 * this.#offsetBytes);
      this.rootAddress = this.#address(cursor);
    } else throw new Malformed(start + 8, `there is no superblock ${version}`);
  }

  #sizes(at: number): void {
    for (const size of [this.#offsetBytes, this.#lengthBytes])
      if (size !== 2 && size !== 4 && size !== 8) throw new Malformed(at, 'addresses of an impossible size');
  }

  #address(cursor: Cursor): number {
    const value = cursor.unsigned(this.#offsetBytes);
    return value >= UNDEFINED || (this.#offsetBytes === 4 && value === 0xffffffff) ? -1 : value;
  }

  #at(address: number): Cursor {
    if (++this.#nodes > NODES_MAX * 10) throw new Malformed(address, 'more parts than can be');
    return new Cursor(this.#source, this.#base + address);
  }

  #tag(cursor: Cursor, tag: string): void {
    const at = cursor.offset;
    if (cursor.text(4) !== tag) throw new Malformed(at, `there is no ${tag} where one must be`);
  }

  /** The object whose header is at an address. */
  object(address: number): Hdf5Object {
    const found: Mutable = { links: [], attributes: [], externalFiles: [], virtual: false, partial: false };
    const cursor = this.#at(address);
    const first = cursor.u8();
    if (first === 1) {
      cursor.skip(1);
      const count = cursor.u16();
      cursor.skip(4);
      const size = cursor.u32();
      cursor.skip(4);
      this.#messages(cursor.offset, size, false, 0, found, { left: Math.min(count, MESSAGES_MAX) });
    } else {
      cursor.offset--;
      this.#tag(cursor, 'OHDR');
      cursor.skip(1);
      const flags = cursor.u8();
      if (flags & 0x20) cursor.skip(16);
      if (flags & 0x10) cursor.skip(4);
      const size = cursor.unsigned(1 << (flags & 3));
      this.#messages(cursor.offset, size, true, flags, found, { left: MESSAGES_MAX });
    }
    return found;
  }

  #messages(
    start: number,
    bytes: number,
    isNew: boolean,
    headerFlags: number,
    found: Mutable,
    budget: { left: number },
  ): void {
    const cursor = new Cursor(this.#source, start);
    const end = start + bytes;
    const head = isNew ? (headerFlags & 4 ? 6 : 4) : 8;
    while (cursor.offset + head <= end && budget.left-- > 0) {
      const type = isNew ? cursor.u8() : cursor.u16();
      const size = cursor.u16();
      const flags = cursor.u8();
      cursor.skip(isNew ? (headerFlags & 4 ? 2 : 0) : 3);
      const at = cursor.offset;
      if (flags & 2) found.partial ||= type === 0x0c;
      else if (type === 0x10) {
        const inner = new Cursor(this.#source, at);
        const address = this.#address(inner);
        const length = inner.unsigned(this.#lengthBytes);
        const skip = isNew ? 4 : 0;
        if (address >= 0 && length > skip)
          this.#messages(this.#base + address + skip, length - skip * 2, isNew, headerFlags, found, budget);
      } else this.#message(type, at, size, found);
      cursor.offset = at + size;
    }
  }

  #message(type: number, at: number, size: number, found: Mutable): void {
    const cursor = new Cursor(this.#source, at);
    if (type === 0x11) {
      const tree = this.#address(cursor);
      const heap = this.#address(cursor);
      if (tree >= 0 && heap >= 0) this.#symbols(tree, this.#heapData(heap), found.links, 0);
    } else if (type === 0x06) found.links.push(this.#link(cursor));
    else if (type === 0x0c) this.#attribute(cursor, found);
    else if (type === 0x02 || type === 0x15) {
      cursor.skip(1);
      const flags = cursor.u8();
      if (flags & 1) cursor.skip(type === 0x02 ? 8 : 2);
      const heap = this.#address(cursor);
      if (heap >= 0) this.#fractalHeap(heap, found, type === 0x02);
    } else if (type === 0x07) {
      cursor.skip(4);
      const slots = cursor.u16();
      const used = cursor.u16();
      const heap = this.#heapData(this.#address(cursor));
      for (let i = 0; i < Math.min(used, slots); i++) {
        found.externalFiles.push(this.#heapText(heap, cursor.unsigned(this.#lengthBytes)));
        cursor.skip(2 * this.#lengthBytes);
      }
    } else if (type === 0x08 && size >= 2) {
      const version = cursor.u8();
      if (version >= 3 && cursor.u8() === 3) found.virtual = true;
    }
  }

  /** Where the names of a group lie. */
  #heapData(address: number): number {
    const cursor = this.#at(address);
    this.#tag(cursor, 'HEAP');
    cursor.skip(4 + 2 * this.#lengthBytes);
    return this.#address(cursor);
  }

  #heapText(data: number, offset: number): string {
    const bytes = this.#source.read(this.#base + data + offset, 4096);
    const end = bytes.indexOf(0);
    return Buffer.from(end < 0 ? bytes : bytes.subarray(0, end)).toString('utf8');
  }

  #symbols(address: number, heap: number, links: Hdf5Link[], depth: number): void {
    if (depth > 32) throw new Malformed(address, 'a tree that is too deep');
    const cursor = this.#at(address);
    const tag = cursor.text(4);
    if (tag === 'SNOD') {
      cursor.skip(2);
      const count = cursor.u16();
      if (links.length > NODES_MAX) throw new Malformed(this.#base + address, 'more links than are read');
      for (let i = 0; i < count; i++) {
        const offset = cursor.offset;
        const name = this.#heapText(heap, cursor.unsigned(this.#offsetBytes));
        const target = this.#address(cursor);
        const kind = cursor.u32();
        cursor.skip(20);
        links.push({ name, address: kind === 2 ? -1 : target, offset });
      }
      return;
    }
    if (tag !== 'TREE') throw new Malformed(this.#base + address, 'there is no tree where one must be');
    cursor.skip(2);
    const used = cursor.u16();
    cursor.skip(2 * this.#offsetBytes);
    for (let i = 0; i < used; i++) {
      cursor.skip(this.#lengthBytes);
      const child = this.#address(cursor);
      if (child >= 0) this.#symbols(child, heap, links, depth + 1);
    }
  }

  #link(cursor: Cursor): Hdf5Link {
    const offset = cursor.offset;
    if (cursor.u8() !== 1) throw new Malformed(offset, 'a link of an unknown version');
    const flags = cursor.u8();
    const type = flags & 8 ? cursor.u8() : 0;
    if (flags & 4) cursor.skip(8);
    if (flags & 0x10) cursor.skip(1);
    const name = cursor.text(cursor.unsigned(1 << (flags & 3)));
    if (type === 0) return { name, address: this.#address(cursor), offset };
    const value = cursor.text(cursor.u16());
    return type === 64
      ? { name, address: -1, external: value.slice(1).split('\0')[0] ?? '', offset }
      : { name, address: -1, offset };
  }

  #attribute(cursor: Cursor, found: Mutable): void {
    const offset = cursor.offset;
    const version = cursor.u8();
    if (version < 1 || version > 3) throw new Malformed(offset, 'an attribute of an unknown version');
    const isShared = (cursor.u8() & 3) !== 0 && version > 1;
    const [nameBytes, typeBytes, spaceBytes] = [cursor.u16(), cursor.u16(), cursor.u16()];
    if (version === 3) cursor.skip(1);
    const padded = (bytes: number): number => (version === 1 ? Math.ceil(bytes / 8) * 8 : bytes);
    const name = Buffer.from(cursor.bytes(padded(nameBytes)))
      .toString('utf8')
      .split('\0')[0]!;
    const type = new Cursor(cursor.source, cursor.offset);
    const kind = type.u8() & 15;
    type.skip(3);
    const elementBytes = type.u32();
    cursor.skip(padded(typeBytes));
    const space = new Cursor(cursor.source, cursor.offset);
    const spaceVersion = space.u8();
    const dimensions = space.u8();
    space.skip(spaceVersion === 1 ? 6 : 2);
    let elements = 1;
    for (let i = 0; i < Math.min(dimensions, 32); i++) elements *= space.unsigned(this.#lengthBytes);
    cursor.skip(padded(spaceBytes));
    // Its type stands elsewhere, and may be any.
    if (isShared) found.partial = true;
    if (kind === 9) {
      const pieces: Uint8Array[] = [];
      if (elements > VARIABLE_ELEMENTS_MAX) found.partial = true;
      for (let i = 0; i < Math.min(elements, VARIABLE_ELEMENTS_MAX); i++) {
        const length = cursor.u32();
        const address = this.#address(cursor);
        if (length > ATTRIBUTE_BYTES_MAX) found.partial = true;
        const piece = this.#globalHeap(address, cursor.u32(), length);
        if (piece) pieces.push(piece, Buffer.from('\n'));
      }
      found.attributes.push({
        name,
        value: pieces.length > 0 ? Buffer.concat(pieces.slice(0, -1)) : null,
        offset,
      });
      return;
    }
    const bytes = elementBytes * elements;
    const isRead = bytes <= ATTRIBUTE_BYTES_MAX;
    if (!isRead) found.partial = true;
    found.attributes.push({
      name,
      value: isRead ? cursor.bytes(Math.min(bytes, cursor.left)) : null,
      offset,
    });
  }

  #globalHeap(address: number, index: number, length: number): Uint8Array | null {
    if (address < 0 || length > ATTRIBUTE_BYTES_MAX) return null;
    const cursor = this.#at(address);
    this.#tag(cursor, 'GCOL');
    cursor.skip(4);
    const end = this.#base + address + cursor.unsigned(this.#lengthBytes);
    while (cursor.offset + 16 <= end) {
      const own = cursor.u16();
      cursor.skip(6);
      const bytes = cursor.unsigned(this.#lengthBytes);
      if (own === index) return cursor.bytes(Math.min(bytes, length));
      if (own === 0) return null;
      cursor.skip(Math.ceil(bytes / 8) * 8);
    }
    return null;
  }

  /** Links or attributes kept densely: one behind another in blocks of a heap. */
  #fractalHeap(address: number, found: Mutable, links: boolean): void {
    const cursor = this.#at(address);
    this.#tag(cursor, 'FRHP');
    cursor.skip(3);
    const filters = cursor.u16();
    const flags = cursor.u8();
    cursor.skip(
      4 +
        this.#lengthBytes +
        this.#offsetBytes +
        this.#lengthBytes +
        this.#offsetBytes +
        5 * this.#lengthBytes,
    );
    const huge = cursor.unsigned(this.#lengthBytes);
    cursor.skip(2 * this.#lengthBytes);
    const width = cursor.u16();
    const startBytes = cursor.unsigned(this.#lengthBytes);
    const directMax = cursor.unsigned(this.#lengthBytes);
    const heapBits = cursor.u16();
    cursor.skip(2);
    const root = this.#address(cursor);
    const rows = cursor.u16();
    if (huge > 0 || filters > 0) found.partial = true;
    const head = 5 + this.#offsetBytes + Math.ceil(heapBits / 8);
    if (root < 0) return;
    if (rows === 0) return this.#block(root, head + (flags & 2 ? 4 : 0), startBytes, found, links);
    const indirect = this.#at(root);
    this.#tag(indirect, 'FHIB');
    indirect.skip(head - 4);
    let bytes = startBytes;
    for (let row = 0; row < rows; row++) {
      if (row > 1) bytes *= 2;
      if (bytes > directMax) {
        found.partial = true;
        return;
      }
      for (let i = 0; i < width; i++) {
        const child = this.#address(indirect);
        if (child >= 0) this.#block(child, head + (flags & 2 ? 4 : 0), bytes, found, links);
      }
    }
  }

  #block(address: number, head: number, bytes: number, found: Mutable, links: boolean): void {
    const cursor = this.#at(address);
    this.#tag(cursor, 'FHDB');
    cursor.offset += head - 4;
    const end = this.#base + address + bytes;
    while (cursor.offset + 8 < end) {
      if (found.links.length + found.attributes.length > NODES_MAX)
        throw new Malformed(cursor.offset, 'more links and attributes than are read');
      const first = new Cursor(this.#source, cursor.offset).u8();
      if (first === 0 || first > 3) {
        // The library goes by an index: what lies behind a gap is as good as what lies before it.
        const rest = this.#source.read(cursor.offset, end - cursor.offset);
        found.partial ||= rest.some((byte) => byte !== 0);
        return;
      }
      if (links) found.links.push(this.#link(cursor));
      else this.#attribute(cursor, found);
    }
  }
}
