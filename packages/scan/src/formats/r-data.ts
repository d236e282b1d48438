import { Cursor, Malformed } from '../bytes/cursor.ts';
import type { Inspection } from '../inspection.ts';
import type { Format } from './format.ts';
import { BinaryItems, isVector, type RItems, TextItems } from './r-items.ts';

const ITEMS_MAX = 50_000_000;
const DEPTH_MAX = 100_000;
const HAS_ATTRIBUTES = 0x200;
const HAS_TAG = 0x400;
const AT_START = /^\.(?:First|Last)(?:\.sys)?$/;
/** What a length of more than 31 bits begins with. */
const LONG = 0xffffffff;

/**
 * What comes next: items, or within compiled code (R's `ReadBC`) the number of its constants, constants, or pieces of calls.
 */
type Kind = 'item' | 'count' | 'constant' | 'call';

interface Open {
  readonly kind: Kind;
  left: number;
}

/** Types of calls within compiled code, and a piece that was there before. */
const CALLS: ReadonlySet<number> = new Set([2, 6, 239, 240, 244]);
const SEEN_CALL = 243;

/**
 * Walks what R's `serialize` wrote (R Internals, "Serialization Formats", and `serialize.c`). A stack of what is still to come
 * stands in for recursion: hostile nesting must not end the scan.
 */
class Walk {
  readonly #inspection: Inspection;
  readonly #items: RItems;
  readonly #isWorkspace: boolean;
  readonly #open: Open[] = [{ kind: 'item', left: 1 }];

  /** @param isWorkspace whether loading it puts what it holds among the names of the session */
  constructor(inspection: Inspection, items: RItems, isWorkspace: boolean) {
    this.#inspection = inspection;
    this.#items = items;
    this.#isWorkspace = isWorkspace;
  }

  run(): void {
    for (let count = 0; this.#open.length > 0; count++) {
      const top = this.#open.at(-1)!;
      if (--top.left <= 0) this.#open.pop();
      if (count > ITEMS_MAX || this.#open.length > DEPTH_MAX)
        return this.#inspection.report('too-much', 'holds more items than are read');
      if (top.kind === 'item') this.#item();
      else if (top.kind === 'count') this.#push('constant', this.#length());
      else if (top.kind === 'constant') this.#constant();
      else this.#call(this.#items.whole());
    }
  }

  /** What a workspace calls so is run when R starts in its folder, or ends (`?Startup`). */
  #name(name: string, offset: number): void {
    if (!this.#isWorkspace || !AT_START.test(name)) return;
    this.#inspection.report('startup-code', `holds \`${name}\`, which R runs by itself`, { offset });
  }

  #push(kind: Kind, left: number): void {
    if (left > 0) this.#open.push({ kind, left });
  }

  /** A number of things to come, each of which takes at least a character. */
  #length(): number {
    const { offset } = this.#items;
    const count = this.#items.whole();
    if (count > this.#items.left) throw new Malformed(offset, 'a list that is longer than the file');
    return count;
  }

  #constant(): void {
    const type = this.#items.whole();
    if (type === 21) this.#code();
    else if (CALLS.has(type) || type === SEEN_CALL) this.#call(type);
    else this.#push('item', 1);
  }

  /** Instructions, as an item of whole numbers, then constants. */
  #code(): void {
    this.#push('count', 1);
    this.#push('item', 1);
  }

  #call(first: number): void {
    if (first === SEEN_CALL) return void this.#items.whole();
    let type = first;
    if (type === 244) {
      this.#items.whole();
      type = this.#items.whole();
    }
    if (!CALLS.has(type)) return this.#push('item', 1);
    this.#push('call', 2);
    // Its attributes, where it has any, and its tag.
    this.#push('item', type === 239 || type === 240 ? 2 : 1);
  }

  #item(): void {
    const { offset } = this.#items;
    const flags = this.#items.whole();
    const type = flags & 0xff;
    const attributes = (flags & HAS_ATTRIBUTES) !== 0 ? 1 : 0;
    const tag = (flags & HAS_TAG) !== 0 ? 1 : 0;
    if (isVector(type)) {
      let count = this.#items.whole();
      if (count === LONG) count = this.#items.whole() * 2 ** 32 + this.#items.whole();
      this.#items.vector(type, count);
      return this.#push('item', attributes);
    }
    switch (type) {
      case 5:
        this.#inspection.report('r-promise', 'holds a promise, which runs code as soon as it is looked at', {
          offset,
        });
        return this.#push('item', 2 + attributes + tag);
      case 2:
      case 6:
      case 3:
      case 17:
        return this.#push('item', 2 + attributes + tag);
      case 239:
      case 240:
        return this.#push('item', 3);
      case 4:
        this.#items.whole();
        return this.#push('item', 4);
      case 16:
      case 19:
      case 20:
        this.#push('item', attributes);
        return this.#push('item', this.#length());
      case 9: {
        const bytes = this.#items.whole();
        if (bytes !== LONG) this.#name(this.#items.text(bytes), offset);
        return this.#push('item', attributes);
      }
      case 1:
        return this.#push('item', 1);
      case 7:
      case 8:
        this.#items.text(this.#items.whole());
        return this.#push('item', attributes);
      case 21:
        this.#inspection.report('r-code', 'holds compiled code of R', { offset });
        this.#items.whole();
        this.#push('item', attributes);
        return this.#code();
      case 22:
        return this.#push('item', 2 + attributes);
      case 23:
      case 25:
        return this.#push('item', attributes);
      case 238:
        // A compact form: what it is, its state, its attributes.
        return this.#push('item', 3);
      case 247:
      case 248:
      case 249:
        this.#items.whole();
        return this.#push('item', this.#length());
      case 255:
        if (flags >>> 8 === 0) this.#items.whole();
        return;
      case 254:
      case 253:
      case 251:
      case 250:
      case 252:
      case 242:
      case 241:
      case 0:
        return;
      default:
        throw new Malformed(offset, `there is no item of type ${type}`);
    }
  }
}

/** How each of R's forms begins; `load` has a line before them. In text there may be any white space. */
const BEGINS =
  /^(?:RD[ABX][23]\n)?(?:X\n\x00\x00\x00[\x02\x03]|B\n[\x02\x03]\x00\x00\x00|\n?A\n\s{0,64}[23]\s{1,64}\d)/;
/** What `save` wrote before R 1.4, and still is loaded. */
const OLD = /^RD[ABX]1\n/;

/** R: `.rds` and `.RData`, unpacked. Promises in them run code when they are looked at (CVE-2024-27322). */
export const rData: Format = {
  name: 'r-data',
  recognise: ({ headText }) => BEGINS.test(headText) || OLD.test(headText),
  inspect: (inspection) => {
    const head = Buffer.from(inspection.source.read(0, 8)).toString('latin1');
    if (OLD.test(head))
      return inspection.report(
        'unknown-codec',
        'is kept as R did before version 1.4, which is not read here',
      );
    const cursor = new Cursor(inspection.source, head.startsWith('RD') ? 5 : 0, true);
    let form = cursor.text(2);
    if (form === '\nA') form = `A${cursor.text(1)}`;
    cursor.big = form === 'X\n';
    const items =
      form === 'A\n' ? new TextItems(cursor, () => !inspection.budget.outOfTime) : new BinaryItems(cursor);
    const version = items.whole();
    items.whole();
    items.whole();
    if (version === 3) items.text(items.whole());
    new Walk(inspection, items, head.startsWith('RD')).run();
  },
};
