import { Markdown } from './markdown.ts';
import type { Around, Place, Placed } from './place.ts';
import { type Spelling, spellingOf } from './spelling.ts';
import type { PlainReader } from './text-reader.ts';

/** Longest that a placeholder can be written. */
const LONGEST = 56;
/** What turns the text before it into a host or an address. */
const HOST_BEHIND = /^(?:[.。．｡][\p{L}\p{N}-]{1,63}){2}|^@[\p{L}\p{N}-]/u;
const HOST_LONGEST = 130;
const IN_HOST = /[\p{L}\p{N}_.。．｡@-]/u;
/** Characters that placeholders are written with. */
const IN_CANDIDATE = /[-\w\\]/;
/** Others that one may go on with, by what came before. */
const MORE = /^\\\[$|^\\?\[[A-Za-z-]{1,25} $|^%.*%$|\]$/;
/** What no placeholder begins with. */
const NONE = /^\\[^[]|^%(?:[^5]|5[^Bb])| \D/;
/** What ends with the bracket that closes one. */
const WHOLE = /\]$|^%.*%5[Dd]$/;
const WORD = /[A-Za-z0-9]/;

/** What may be a placeholder: its characters so far, and where each stands. */
interface Candidate {
  text: string;
  readonly starts: number[];
  readonly ends: number[];
  readonly place: Place | null;
}

/** A placeholder, and what follows it. */
interface Found {
  readonly spelling: Spelling;
  readonly start: number;
  readonly end: number;
  readonly place: Place | null;
  behind: string;
}

/** Finds placeholders in running text, however models write them, and says of each whether it stands in plain text. */
export class PlainText implements PlainReader {
  readonly #markdown = new Markdown();
  readonly #depth: number;
  readonly #tell: (placed: Placed) => void;
  readonly #around: Around;
  #candidate: Candidate | null = null;
  #found: Found | null = null;
  #before = '';
  /** Whether the character before is a backslash that stands for itself. */
  #escaped = false;
  #inJson = false;

  /** @param around says where something stands that comes next, in the text that holds this one */
  constructor(depth: number, tell: (placed: Placed) => void, around: Around) {
    this.#depth = depth;
    this.#tell = tell;
    this.#around = around;
  }

  get open(): number {
    return this.#found?.start ?? this.#candidate?.starts[0] ?? Number.POSITIVE_INFINITY;
  }

  /** Where something in JSON stands that comes next, for a reader who takes it for no JSON. */
  placeInJson(): Place | null {
    return this.#markdown.placeOfBracket(false) ?? this.#around();
  }

  enter(): void {
    this.#inJson = true;
  }

  leave(): void {
    this.#inJson = false;
  }

  feed(character: string, start: number, end: number): void {
    this.#follow(this.#found, character);
    if (this.#candidate && !this.#collect(this.#candidate, character, start, end)) this.#candidate = null;
    if (!this.#candidate && this.#begins(character)) {
      const place = this.#inJson ? 'code' : (this.#markdown.placeOfBracket() ?? this.#around());
      this.#candidate = { text: character, starts: [start], ends: [end], place };
    }
    this.#pass(character);
  }

  pass(character: string): void {
    this.end();
    this.#pass(character);
  }

  end(): void {
    if (this.#candidate) this.#complete(this.#candidate);
    this.#candidate = null;
    this.#settle();
  }

  #pass(character: string): void {
    this.#markdown.feed(character);
    this.#escaped = character === '\\' && !this.#escaped;
    this.#before = character;
  }

  #begins(character: string): boolean {
    if (character === '[' || character === '%') return true;
    if (character === '\\') return !this.#escaped;
    return /[A-Za-z]/.test(character) && !WORD.test(this.#before);
  }

  /** Takes the next character of a candidate. @returns false where the candidate is over */
  #collect(candidate: Candidate, character: string, start: number, end: number): boolean {
    const text = candidate.text + character;
    if (!IN_CANDIDATE.test(character) && !MORE.test(text)) {
      if (this.#complete(candidate)) this.#follow(this.#found, character);
      return false;
    }
    candidate.text = text;
    candidate.starts.push(start);
    candidate.ends.push(end);
    if (!WHOLE.test(text)) return text.length < LONGEST && !NONE.test(text);
    this.#complete(candidate);
    return false;
  }

  /** A candidate has all of its characters. @returns whether it is a placeholder */
  #complete({ text, starts, ends, place }: Candidate): boolean {
    const spelling = spellingOf(text);
    if (!spelling) return false;
    this.#settle();
    const { from, to } = spelling;
    const own = spelling.place ?? place;
    this.#found = { spelling, start: starts[from]!, end: ends[to - 1]!, place: own, behind: '' };
    return true;
  }

  #follow(found: Found | null, character: string): void {
    if (!found) return;
    // What is kept where it stands need not see what follows.
    if (found.place !== null) return this.#settle();
    if (found.behind === '' ? /[.。．｡@]/.test(character) : IN_HOST.test(character)) {
      found.behind += character;
      if (found.behind.length < HOST_LONGEST) return;
    }
    this.#settle();
  }

  #settle(): void {
    if (!this.#found) return;
    const { spelling, start, end, place, behind } = this.#found;
    this.#found = null;
    this.#tell({
      placeholder: spelling.placeholder,
      start,
      end,
      place: place ?? (HOST_BEHIND.test(behind) ? 'url' : null),
      depth: this.#depth,
    });
  }
}
