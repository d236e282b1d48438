/** Columns from which a line is code, counted from what holds it (CommonMark 0.31, section 4.4). */
const CODE_COLUMNS = 4;
/** Columns between stops of tabulators. */
const TAB = 4;
/** Marks that open a fence at least. */
const FENCE_MIN = 3;
/** Quotations and items of lists within each other that are followed. */
const HOLDERS_MAX = 64;
/** Digits that the number of an item may have, and the mark behind them. */
const NUMBER_MAX = 10;
/** Number signs that a heading may have. */
const HASHES_MAX = 6;

/** What holds a line: a quotation, or an item of a list and how many columns its content stands further in. */
type Holder = 'quotation' | number;

/** What of a line is being read: what stands before its text, marks that may begin something, or its text. */
type Reading =
  | 'lead'
  | 'quoted'
  | 'bullet'
  | 'number'
  | 'item'
  | 'hashes'
  | 'fence'
  | 'info'
  | 'closing'
  | 'text';

/**
 * Tells blocks of code in Markdown, indented and fenced, from paragraphs, lists and quotations (CommonMark 0.31, sections 4.4,
 * 4.5, 5.1 and 5.2), one character after the other.
 */
export class Blocks {
  readonly #behindAll: boolean;
  #holders: Holder[] = [];
  /** How many of them hold this line. */
  #matched = 0;
  /** Column at which the content of the last of those stands. */
  #base = 0;
  #column = 0;
  #reading: Reading = 'lead';
  /** Whether the line before is part of a paragraph, which may go on. */
  #paragraph = false;
  /** Whether this line is part of one. */
  #goesOn = false;
  #code = false;
  /** The fence that is open, and how many holders hold it. */
  #fence: { readonly mark: string; readonly length: number; readonly holders: number } | null = null;
  /** The mark that is being read: its first character, its number where it is one, its length, and where it began. */
  #mark = '';
  #number = '';
  #markLength = 0;
  #markColumn = 0;
  /** The character that what the line holds consists of, with spaces; empty where there are others, or none. */
  #run = '';
  #runLength = 0;
  /** What held the text where that run began, and how many of it this line: should the run be a break. */
  #before: { holders: Holder[]; matched: number } = { holders: [], matched: 0 };
  #empty = true;
  /** Whether the line before began an item and nothing else: a blank line ends it. */
  #emptyItem = false;
  /** Whether the line before has text, or the last that has some is indented code. */
  #behind = false;
  /** Whether an item began in this line. */
  #begun = false;
  #codeBefore = false;
  #feedSkipped = false;

  /** @param behindAll whether a list begins with its first item only behind any text, as micromark has it; else in paragraphs */
  constructor(behindAll: boolean) {
    this.#behindAll = behindAll;
  }

  /** Whether text that comes next stands in a block of code. */
  get code(): boolean {
    switch (this.#reading) {
      case 'lead':
      case 'quoted': {
        const columns = this.#columns();
        if (this.#fenced) return true;
        return columns >= CODE_COLUMNS && !this.#paragraph;
      }
      case 'item':
        return this.#column - this.#markEnd > CODE_COLUMNS;
      case 'fence':
        return this.#markLength >= FENCE_MIN;
      case 'info':
        return true;
      default:
        return this.#code;
    }
  }

  /** Takes one character. */
  feed(c: string): void {
    if (c === '\n' || c === '\r') {
      if (!(c === '\n' && this.#feedSkipped)) this.#endLine();
      this.#feedSkipped = c === '\r';
      return;
    }
    this.#feedSkipped = false;
    if (this.#reading === 'text' && this.#run === '') return;
    const space = c === ' ' || c === '\t';
    if (!space) this.#count(c);
    this.#read(c, space);
    this.#column = c === '\t' ? this.#column + TAB - (this.#column % TAB) : this.#column + 1;
  }

  /** Column behind the mark. */
  get #markEnd(): number {
    return this.#markColumn + this.#markLength;
  }

  /** Whether this line stands in the fence that is open, as far as it was read. */
  get #fenced(): boolean {
    return this.#fence !== null && this.#matched >= this.#fence.holders;
  }

  /** Counts a character of a run that may be a break; any other ends the run. */
  #count(c: string): void {
    this.#empty = false;
    if (c === this.#run) this.#runLength++;
    else this.#run = '';
  }

  #read(c: string, space: boolean): void {
    switch (this.#reading) {
      case 'quoted':
        this.#reading = 'lead';
        if (space) this.#base++;
        else this.#begin(c);
        return;
      case 'lead':
        if (!space) this.#begin(c);
        return;
      case 'bullet':
      case 'number':
        return this.#inMark(c, space);
      case 'item':
        if (!space) this.#item(c);
        return;
      case 'hashes':
        if (c === '#' && this.#markLength < HASHES_MAX) this.#markLength++;
        else this.#text(!space);
        return;
      case 'fence':
        if (c === this.#mark) this.#markLength++;
        else if (this.#markLength < FENCE_MIN) this.#text(true);
        else this.#reading = 'info';
        return;
      case 'info':
        // Then it is code within the line.
        if (c === '`' && this.#mark === '`') this.#text(true);
        return;
      case 'closing':
        if (c === this.#mark && this.#column === this.#markEnd) this.#markLength++;
        else if (!space) this.#reading = 'text';
        return;
      default:
    }
  }

  /** Columns between what holds the line and what comes next; follows what holds it as far as it does. */
  #columns(): number {
    for (let holder = this.#holders[this.#matched]; typeof holder === 'number'; ) {
      if (this.#column - this.#base < holder) break;
      this.#base += holder;
      holder = this.#holders[++this.#matched];
    }
    return this.#column - this.#base;
  }

  /** The first character of what a line, or something in it, holds. */
  #begin(c: string): void {
    const columns = this.#columns();
    if (c === '>' && columns < CODE_COLUMNS && !this.#fenced) return this.#quote();
    if (this.#fence) {
      if (this.#fenced) return this.#inFence(c, columns);
      this.#fence = null;
    }
    if (this.#run === '' && columns < CODE_COLUMNS) {
      this.#run = c;
      this.#runLength = 1;
      this.#before = { holders: [...this.#holders], matched: this.#matched };
    }
    if (columns >= CODE_COLUMNS) {
      if (!this.#paragraph) this.#hold();
      this.#code = !this.#paragraph;
      this.#goesOn = this.#paragraph;
      this.#reading = 'text';
    } else if (c === '-' || c === '+' || c === '*') this.#beginMark('bullet', c);
    else if (c >= '0' && c <= '9') this.#beginMark('number', c);
    else if (c === '#') this.#beginMark('hashes', c);
    else if (c === '`' || c === '~') this.#beginMark('fence', c);
    else this.#text(c !== '|');
  }

  #quote(): void {
    if (this.#holders[this.#matched] !== 'quotation') {
      this.#hold();
      this.#push('quotation');
      this.#paragraph = false;
      this.#fence = null;
    }
    this.#matched++;
    this.#base = this.#column + 1;
    this.#reading = 'quoted';
    this.#run = '';
  }

  #inFence(c: string, columns: number): void {
    this.#code = true;
    if (c === this.#fence!.mark && columns < CODE_COLUMNS) this.#beginMark('closing', c);
    else this.#reading = 'text';
    this.#run = '';
  }

  #beginMark(reading: Reading, c: string): void {
    this.#reading = reading;
    this.#mark = c;
    this.#number = c;
    this.#markLength = 1;
    this.#markColumn = this.#column;
  }

  #inMark(c: string, space: boolean): void {
    const number = this.#reading === 'number';
    const whole = !number || /[.)]$/.test(this.#number);
    if (space && whole) {
      if (number && this.#within && !/^0{0,8}1[.)]$/.test(this.#number)) this.#text(true);
      else this.#reading = 'item';
    } else if (number && !whole && /[0-9.)]/.test(c) && this.#markLength < NUMBER_MAX) {
      this.#number += c;
      this.#markLength++;
    } else this.#text(true);
  }

  /** An item begins. @param c the first character of its content; empty where its line has none */
  #item(c: string): void {
    const near = c !== '' && this.#column - this.#markEnd <= CODE_COLUMNS;
    this.#hold();
    const column = near ? this.#column : this.#markEnd + 1;
    this.#push(column - this.#base);
    this.#base = column;
    this.#matched++;
    this.#begun = true;
    this.#paragraph = false;
    this.#reading = 'lead';
    if (c !== '') this.#begin(c);
  }

  /** A line of text. @param paragraph whether a paragraph may go on behind it */
  #text(paragraph: boolean): void {
    this.#reading = 'text';
    // A paragraph goes on though its lines lack what holds it.
    if (!this.#paragraph || !paragraph) this.#hold();
    this.#goesOn = paragraph;
  }

  /** What does not hold this line has ended. */
  #hold(): void {
    if (this.#holders.length > this.#matched) this.#holders.length = this.#matched;
  }

  #push(holder: Holder): void {
    if (this.#holders.length < HOLDERS_MAX) this.#holders.push(holder);
  }

  #endLine(): void {
    const reading = this.#reading;
    const blank = this.#empty;
    if (reading === 'fence' || reading === 'info') {
      if (this.#markLength >= FENCE_MIN) {
        this.#hold();
        this.#fence = { mark: this.#mark, length: this.#markLength, holders: this.#matched };
      } else this.#text(true);
    } else if (reading === 'closing' && this.#markLength >= this.#fence!.length) this.#fence = null;
    else if (reading === 'hashes') this.#text(false);
    const mark = reading === 'item' || reading === 'bullet' || this.#isNumber;
    const began = mark && !this.#within;
    if (mark && !began) this.#text(true);
    if (began) this.#item('');
    if (blank) this.#blankLine();
    this.#emptyItem = began;
    if (!(blank && this.#codeBefore)) this.#behind = !blank;
    if (!blank) this.#codeBefore = this.#code;
    if (this.#runLength >= FENCE_MIN && '-_*'.includes(this.#run || ' ')) {
      this.#holders = this.#before.holders.slice(0, this.#before.matched);
      this.#emptyItem = false;
      this.#goesOn = false;
    } else if ((this.#run === '=' || this.#run === '-') && this.#matched >= this.#holders.length)
      this.#goesOn = false;
    this.#paragraph = this.#goesOn;
    this.#newLine();
  }

  /** Whether this line follows other text, so that a list begins with a first item that is not empty only. */
  get #within(): boolean {
    const nested = this.#matched === this.#holders.length;
    return this.#behindAll ? this.#behind && (nested || this.#begun) : this.#paragraph && nested;
  }

  /** Whether a number and its mark are all that a line has. */
  get #isNumber(): boolean {
    return this.#reading === 'number' && /[.)]$/.test(this.#number);
  }

  /** Ends quotations, and an item that has nothing but its mark. */
  #blankLine(): void {
    this.#columns();
    const quotation = this.#holders.indexOf('quotation', this.#matched);
    if (quotation >= 0) this.#holders.length = quotation;
    if (this.#fence && this.#fence.holders > this.#holders.length) this.#fence = null;
    if (this.#emptyItem) this.#holders.pop();
  }

  #newLine(): void {
    this.#matched = 0;
    this.#base = 0;
    this.#column = 0;
    this.#reading = 'lead';
    this.#goesOn = false;
    this.#code = false;
    this.#run = '';
    this.#runLength = 0;
    this.#empty = true;
    this.#begun = false;
  }
}
