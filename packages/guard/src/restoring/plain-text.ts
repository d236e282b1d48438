import { PLACEHOLDER } from '../redaction.ts';
import { Markdown } from './markdown.ts';
import type { Around, Place, Placed, Reader } from './place.ts';

const WHOLE = new RegExp(`^${PLACEHOLDER.source}$`);
/** Longest that a placeholder can be. */
const LONGEST = 40;
/** What turns the text before it into a host or an address. */
const HOST_BEHIND = /^(?:[.。．｡][\p{L}\p{N}-]{1,63}){2}|^@[\p{L}\p{N}-]/u;
const HOST_LONGEST = 130;
const IN_HOST = /[\p{L}\p{N}_.。．｡@-]/u;

/** A placeholder of which the end is not seen yet, or what follows it. */
interface Candidate {
  text: string;
  readonly start: number;
  end: number;
  readonly place: Place | null;
  /** What comes behind it; null while it is not complete. */
  behind: string | null;
}

/** Finds placeholders in running text, and says of each whether it stands in plain text. */
export class PlainText implements Reader {
  readonly #markdown = new Markdown();
  readonly #depth: number;
  readonly #found: (placed: Placed) => void;
  readonly #around: Around;
  #candidate: Candidate | null = null;

  /** @param around says where a bracket stands that comes next, in the text that holds this one */
  constructor(depth: number, found: (placed: Placed) => void, around: Around) {
    this.#depth = depth;
    this.#found = found;
    this.#around = around;
  }

  get open(): number {
    return this.#candidate?.start ?? Number.POSITIVE_INFINITY;
  }

  feed(character: string, start: number, end: number): void {
    this.#follow(character, end);
    if (character === '[') {
      // What came before an opening bracket is no placeholder.
      if (this.#candidate) this.#settle();
      const place = this.#markdown.placeOfBracket() ?? this.#around();
      this.#candidate = { text: '[', start, end, place, behind: null };
    }
    this.#markdown.feed(character);
  }

  end(): void {
    if (this.#candidate) this.#settle();
    this.#candidate = null;
  }

  #follow(character: string, end: number): void {
    const candidate = this.#candidate;
    if (!candidate) return;
    if (candidate.behind === null) {
      if (character === '[') return;
      candidate.text += character;
      candidate.end = end;
      if (character === ']') {
        if (WHOLE.test(candidate.text)) candidate.behind = '';
        else this.#candidate = null;
        if (this.#candidate && candidate.place !== null) this.#settle();
      } else if (candidate.text.length > LONGEST || !/[A-Za-z0-9_-]/.test(character)) this.#candidate = null;
      return;
    }
    if (candidate.behind === '' ? /[.。．｡@]/.test(character) : IN_HOST.test(character)) {
      candidate.behind += character;
      if (candidate.behind.length < HOST_LONGEST) return;
    }
    if (character !== '[') this.#settle();
  }

  #settle(): void {
    const { text, start, end, place, behind } = this.#candidate!;
    this.#candidate = null;
    if (behind === null) return;
    this.#found({
      placeholder: text,
      start,
      end,
      place: place ?? (HOST_BEHIND.test(behind) ? 'url' : null),
      depth: this.#depth,
    });
  }
}
