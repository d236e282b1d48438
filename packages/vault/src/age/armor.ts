import { ageFault } from './header.ts';

const BEGIN = '-----BEGIN AGE ENCRYPTED FILE-----';
const END = '-----END AGE ENCRYPTED FILE-----';
const COLUMNS = 64;
/** White space that may stand before and after an armored file, in bytes. */
const BLANK_BYTES_MAX = 1024;
const BLANK = /^[ \t\r\n]*$/;
const LINE = /^[A-Za-z0-9+/]*={0,2}$/;

/** The bytes of one line of base64, in the one spelling that they have. @throws CodedError `sealed-content-unreadable` */
function lineBytes(line: string): Buffer {
  const bytes = Buffer.from(line, 'base64');
  if (line === '' || line.length > COLUMNS || !LINE.test(line) || bytes.toString('base64') !== line)
    throw ageFault('its armor is malformed');
  return bytes;
}

/** Reads armor (age-encryption.org/v1, "ASCII armor") line by line. */
class ArmorReader {
  #state: 'before' | 'within' | 'after' = 'before';
  #held = '';
  #blank = 0;
  #wasShort = false;

  /** @returns what the lines that are whole now held @throws CodedError `sealed-content-unreadable` */
  add(piece: Uint8Array): Buffer {
    const lines = (this.#held + Buffer.from(piece).toString('latin1')).split('\n');
    this.#held = lines.pop()!;
    const bytes = Buffer.concat(
      lines.map((line) => this.#line(line.endsWith('\r') ? line.slice(0, -1) : line)),
    );
    if (this.#state !== 'within') this.#countBlank(0);
    else if (this.#held.length > COLUMNS + 2) throw ageFault('its armor is malformed');
    return bytes;
  }

  /** @throws CodedError `sealed-content-unreadable` where it is not whole */
  end(): void {
    this.#line(this.#held);
    if (this.#state !== 'after') throw ageFault('its armor is cut short');
  }

  #countBlank(bytes: number): void {
    this.#blank += bytes;
    if (this.#blank + this.#held.length > BLANK_BYTES_MAX) throw ageFault('its armor is malformed');
  }

  #line(line: string): Buffer {
    if (this.#state === 'within') {
      if (line === END) this.#state = 'after';
      else if (this.#wasShort) throw ageFault('its armor is malformed');
      else {
        this.#wasShort = line.length < COLUMNS;
        return lineBytes(line);
      }
    } else if (this.#state === 'before' && line.replace(/^[ \t]*/, '') === BEGIN) this.#state = 'within';
    else if (BLANK.test(line)) this.#countBlank(line.length + 1);
    else throw ageFault('there is something else around its armor');
    return Buffer.alloc(0);
  }
}

/** Whether bytes can be the beginning of an armored file. */
function isArmor(head: Buffer): boolean | null {
  const text = head.toString('latin1', 0, BLANK_BYTES_MAX + BEGIN.length).replace(/^[ \t\r\n]*/, '');
  if (text.length >= BEGIN.length) return text.startsWith(BEGIN);
  return BEGIN.startsWith(text) ? null : false;
}

/** A file as it is, with its armor taken off where it has one. @throws CodedError `sealed-content-unreadable` */
export async function* withoutArmor(
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  let head: Buffer = Buffer.alloc(0);
  let armored: boolean | null = null;
  const reader = new ArmorReader();
  for await (const piece of pieces) {
    if (armored === null) {
      head = Buffer.concat([head, piece]);
      armored = isArmor(head);
      if (armored !== null) yield armored ? reader.add(head) : head;
    } else yield armored ? reader.add(piece) : piece;
  }
  if (armored === null) yield head;
  else if (armored) reader.end();
}
