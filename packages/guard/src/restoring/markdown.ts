import { Blocks } from './blocks.ts';
import type { Place } from './place.ts';

/** Schemes that programs make links of. */
const SCHEMES = new Set(
  (
    'http https ws wss ftp ftps sftp file mailto tel sms data javascript vbscript blob callto skype xmpp sip geo magnet intent ' +
    'git ssh ldap ldaps smb news irc feed view-source vscode slack whatsapp tg matrix bitcoin'
  ).split(' '),
);
const SCHEME_LONGEST = 12;
const IN_SCHEME = /[a-z0-9+.-]/i;

/** Whether a text ends with a scheme that stands alone. */
function endsWithScheme(text: string): boolean {
  let start = text.length;
  while (start > 0 && text.length - start <= SCHEME_LONGEST && IN_SCHEME.test(text[start - 1]!)) start--;
  return SCHEMES.has(text.slice(start).toLowerCase());
}

/** A colon that is written as an entity. */
const ENTITY_COLON = /&(?:colon|#0{0,6}58|#x0{0,6}3a);$/i;
/** A host by name or by number before a path, a query or a port. */
const HOST = /[\p{L}\p{N}-][.。．｡](?:\p{L}[\p{L}\p{N}-]{0,62}|\d{1,3})(?::\d{1,5})?$/u;
/** End of a run that patterns look at. */
const TAIL = 96;
/** Elements whose content is no text. */
const RAW = new Set(['script', 'style', 'iframe', 'noembed', 'noframes', 'xmp', 'plaintext', 'textarea']);
/** Elements whose content is shown as code, and whether they are part of a paragraph. */
const CODE_ELEMENTS = new Map([
  ['pre', false],
  ['listing', false],
  ...['code', 'kbd', 'samp', 'tt'].map((name) => [name, true] as const),
]);
/** Elements that load something, or lead somewhere. */
const LEADING =
  'a area audio base body button embed form frame iframe image img input link meta object script source style svg table td th track use video'.split(
    ' ',
  );
/** Longest name of an element that is told apart. */
const NAME_LONGEST = 16;
/** What ends an address; other readers go on over spaces outside of ASCII. */
const SPACE = /[ \t\n\v\f\r]/;
/** Letters and figures, which change nothing but what they are part of. */
const WORD = /[A-Za-z0-9]/;

interface Tag {
  name: string;
  named: boolean;
  /** Which quote an attribute's value is in. */
  quote: string;
  equals: boolean;
  /** Whether a value begins next. */
  awaits: boolean;
  /** Whether it may be a comparison: a text ended within it, and it has no attribute. */
  doubtful: boolean;
}

/** A tag that begins. @param named whether its name is known to be no longer */
const tagOf = (name: string, named: boolean): Tag => ({
  ...{ name, named, quote: '', equals: false, awaits: false, doubtful: false },
});

/** Whether a tag is, or as far as its name came may be, that of an element that leads somewhere. */
const leads = ({ name, named }: Tag): boolean =>
  LEADING.some((one) => (named ? one === name : one.startsWith(name)));

/**
 * Says where in a text of Markdown or HTML one is, from what came before: inside of a URL, of code, of a tag, or in plain text.
 * It is no parser: where a reader might see a link or a tag, it says so, and where two readers might differ it takes the stricter.
 */
export class Markdown {
  /** End of the run of characters without a space. */
  #run = '';
  #urlish = false;
  #before = '';
  /** Whether a backslash stands before what comes next. */
  #escaped = false;
  /** Whether only indentation, quote marks and list marks came in this line. */
  #lead = true;
  /** Whether anything but space came in this line. */
  #empty = true;
  #code: { mark: string; length: number; fence: boolean } | null = null;
  /** Readers that differ over where a list begins. */
  readonly #blocks = [new Blocks(false), new Blocks(true)];
  #marks = { mark: '', length: 0, lead: false };
  #tag: Tag | null = null;
  #comment = false;
  #raw = '';
  #rawTail = '';
  /** Open parentheses of a link's destination. */
  #destination = 0;
  /** Open brackets of an image's description. */
  #alt = 0;
  /** Bracket that may be the label of a definition: `open`, then `closed`, then its destination is awaited or read. */
  #label: 'none' | 'open' | 'closed' | 'awaits' | 'reads' = 'none';

  /**
   * Where a bracket stands that comes next.
   * @param addresses whether what merely looks like an address counts, too
   */
  placeOfBracket(addresses = true): Place | null {
    if (this.#marks.length > 0) this.#endMarks();
    return this.#place(addresses);
  }

  /** Whether what comes next would go on with what looks like an address. */
  get urlish(): boolean {
    return this.#urlish;
  }

  #place(addresses: boolean): Place | null {
    if (this.#destination > 0 || this.#label === 'awaits' || this.#label === 'reads') return 'url';
    const tag = this.#tag !== null && !this.#tag.doubtful;
    if (tag || this.#comment || this.#alt > 0 || this.#before === '!') return 'markup';
    if (this.#code || this.#raw !== '' || this.#blocks.some(({ code }) => code)) return 'code';
    return addresses && this.#urlish ? 'url' : null;
  }

  /** What each kind of mark does is followed by itself: readers disagree over which of them hides the others. */
  feed(c: string): void {
    if (this.#marks.length > 0 && c !== this.#marks.mark) this.#endMarks();
    for (const blocks of this.#blocks) blocks.feed(c);
    this.#inHtml(c);
    if (WORD.test(c)) this.#word(c);
    else {
      this.#inMarks(c);
      this.#inLinks(c);
      this.#inLine(c);
      this.#inRun(c);
    }
    this.#escaped = c === '\\' && !this.#escaped;
    this.#before = c;
  }

  /**
   * Another text begins behind this one: what merely looks like code of a line does not reach there, nor what merely looks like
   * a tag, until it has an attribute. Nothing ends half here and half there: some readers put lines between.
   */
  next(): void {
    if (!this.#marks.lead && this.#marks.length > 0) this.#endMarks();
    const tag = this.#tag;
    if (tag && !tag.equals && !leads(tag)) tag.doubtful = true;
    if (this.#code && !this.#code.fence) this.#code = null;
    this.#rawTail = '';
    if (this.#comment) this.#run = '';
  }

  /** The short way for a letter or a figure. */
  #word(c: string): void {
    if (this.#label !== 'none' && this.#label !== 'open') this.#define(c);
    this.#empty = false;
    if (this.#lead && !/[0-9]/.test(c)) this.#lead = false;
    this.#run = this.#run.length < TAIL * 2 ? this.#run + c : (this.#run + c).slice(-TAIL);
  }

  #inHtml(c: string): void {
    if (this.#raw !== '') this.#inRaw(c);
    else if (this.#comment) this.#comment = !(c === '>' && this.#run.endsWith('--'));
    else if (this.#tag) this.#inTag(this.#tag, c);
    else if (this.#before === '<' && /[A-Za-z/!?]/.test(c)) {
      const letter = /[A-Za-z]/.test(c);
      const name = letter ? c.toLowerCase() : '';
      this.#tag = tagOf(name, !letter && c !== '!');
    }
  }

  #inLine(c: string): void {
    if (c === '\n') {
      if (this.#empty) this.#paragraph();
      this.#lead = true;
      this.#empty = true;
    } else if (c !== ' ' && c !== '\t' && c !== '\r') {
      if (c !== '>') this.#empty = false;
      if (this.#lead && !/[>*+\-.)0-9`~]/.test(c)) this.#lead = false;
    }
  }

  /** A blank line ends what reaches over one paragraph only. */
  #paragraph(): void {
    this.#destination = 0;
    this.#alt = 0;
    this.#label = 'none';
    if (this.#code && !this.#code.fence) this.#code = null;
    if (CODE_ELEMENTS.get(this.#raw)) this.#raw = '';
    if (this.#tag && !this.#tag.equals && this.#tag.quote === '') this.#tag = null;
  }

  #inRun(c: string): void {
    if (SPACE.test(c) || c === '<' || c === '>') {
      this.#run = '';
      this.#urlish = false;
      return;
    }
    const run = this.#run;
    if (!this.#urlish) {
      if (c === ':') this.#urlish = endsWithScheme(run);
      else if (c === ';') {
        const colon = ENTITY_COLON.exec(`${run};`);
        this.#urlish = colon !== null && endsWithScheme(run.slice(0, colon.index));
      } else if (c === '/' || c === '\\' || c === '?' || c === '#')
        this.#urlish =
          ((c === '/' || c === '\\') && (this.#before === '/' || this.#before === '\\')) || HOST.test(run);
      else if (c === '.') this.#urlish = /(?:^|[^a-z0-9])www$/i.test(run);
    }
    this.#run = run.length < TAIL * 2 ? run + c : (run + c).slice(-TAIL);
  }

  #endMarks(): void {
    const { mark, length, lead } = this.#marks;
    const code = this.#code;
    this.#marks = { mark: '', length: 0, lead: false };
    if (!code) {
      if (mark === '`' || (length >= 3 && lead)) this.#code = { mark, length, fence: length >= 3 && lead };
    } else if (code.mark === mark && (code.fence ? lead && length >= code.length : length === code.length))
      this.#code = null;
  }

  #mark(c: string): void {
    if (this.#marks.length === 0) this.#marks = { mark: c, length: 1, lead: this.#lead };
    else this.#marks.length++;
  }

  #inMarks(c: string): void {
    if (
      this.#code ? c === this.#code.mark : c === '`' || (c === '~' && (this.#lead || this.#marks.length > 0))
    ) {
      // Behind a backslash it is a character like others, but for code, which has no escapes.
      if (this.#code || !this.#escaped) this.#mark(c);
    }
  }

  /** Content of an element that is no text, until its end tag. */
  #inRaw(c: string): void {
    this.#rawTail = (this.#rawTail + c.toLowerCase()).slice(-NAME_LONGEST - 2);
    if (!this.#rawTail.endsWith(`</${this.#raw}`)) return;
    this.#raw = '';
    this.#tag = tagOf('', true);
  }

  #inTag(tag: Tag, c: string): void {
    if (tag.quote !== '') {
      if (c === tag.quote) tag.quote = '';
      return;
    }
    if (c === '>') {
      this.#tag = null;
      if (RAW.has(tag.name) || (CODE_ELEMENTS.has(tag.name) && !this.#code)) {
        this.#raw = tag.name;
        this.#rawTail = '';
      }
      return;
    }
    if (!tag.named) {
      if (/[a-z0-9-]/i.test(c) && tag.name.length < NAME_LONGEST) tag.name += c.toLowerCase();
      else tag.named = true;
      if (c === '-' && tag.name === '--') {
        this.#tag = null;
        this.#comment = true;
      }
    }
    if (c === '=') {
      tag.equals = true;
      tag.awaits = true;
      tag.doubtful = false;
    } else if (!SPACE.test(c)) {
      if (tag.awaits && (c === '"' || c === "'")) tag.quote = c;
      tag.awaits = false;
    }
  }

  #inLinks(c: string): void {
    if (this.#destination > 0) {
      if (c === '(') this.#destination++;
      else if (c === ')') this.#destination--;
    } else if (c === '(' && this.#before === ']') this.#destination = 1;
    if (this.#alt > 0) {
      if (c === '[') this.#alt++;
      else if (c === ']') this.#alt--;
    } else if (c === '[' && this.#before === '!') this.#alt = 1;
    this.#define(c);
  }

  /** Definitions of references: `[label]: destination`, which may stand in the next line. */
  #define(c: string): void {
    if (this.#label === 'closed') this.#label = c === ':' ? 'awaits' : 'none';
    else if (this.#label === 'awaits') {
      if (!SPACE.test(c)) this.#label = 'reads';
    } else if (this.#label === 'reads') {
      if (SPACE.test(c)) this.#label = 'none';
    } else if (c === '[' && this.#lead) this.#label = 'open';
    else if (c === ']' && this.#label === 'open') this.#label = 'closed';
  }
}
