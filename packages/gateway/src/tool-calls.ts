import { CodedError, parseStrictJson } from '@sallyport/core';
import { StreamNames, type ToolPiece } from '@sallyport/models';

/** A call of a tool that a model asks for. */
export interface ToolCall {
  readonly name: string;
  /** As parsed; null where they are no JSON. */
  readonly arguments: unknown;
}

/** How often a call is read again because more came behind what seemed complete. */
const TIMES_MAX = 64;

/** A call as its pieces come. */
interface Growing {
  /** The name that came first, which some clients keep. */
  first: string;
  name: string;
  /** All names that came, one behind the other: some clients join them. */
  joined: string;
  text: string;
  /** All of the arguments, where they came at once. */
  whole: unknown;
  /** Where the text stands within its JSON. */
  depth: number;
  quoted: boolean;
  escaped: boolean;
  /** Whether the last character that is no space closes something. */
  closed: boolean;
  /** How often all that had come was handed out. */
  times: number;
  /** Everything of it was handed out. */
  done: boolean;
}

function parsed(text: string): unknown {
  if (text.trim() === '') return {};
  try {
    return parseStrictJson(text);
  } catch {
    return null;
  }
}

/** Goes on reading JSON text; true where it is just complete. */
function read(call: Growing, text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c > 32) call.closed = c === 125 || c === 93;
    if (call.escaped) call.escaped = false;
    else if (call.quoted) {
      if (c === 92) call.escaped = true;
      else if (c === 34) call.quoted = false;
    } else if (c === 34) call.quoted = true;
    else if (c === 123 || c === 91) call.depth++;
    else if (c === 125 || c === 93) call.depth--;
  }
  call.text += text;
  return call.depth === 0 && !call.quoted && call.closed;
}

/** Puts the calls of tools of one answer together, in whatever order their pieces come. */
export class ToolCalls {
  readonly #growing = new StreamNames<Growing>();

  /** Calls of which not everything was handed out. */
  #open = 0;

  /** Whether a call has begun of which more is to come. */
  get open(): boolean {
    return this.#open > 0;
  }

  #goesOn(call: Growing): void {
    if (call.done) this.#open++;
    call.done = false;
  }

  #handOut(call: Growing): ToolCall[] {
    this.#open--;
    return handOut(call);
  }

  /** Takes pieces; gives the calls that are complete with them. */
  push(pieces: readonly ToolPiece[]): ToolCall[] {
    const complete: ToolCall[] = [];
    for (const piece of pieces) {
      let call = this.#growing.get(piece.call);
      if (!call) {
        if (piece.ended && piece.name === undefined) continue;
        call = {
          first: '',
          name: '',
          joined: '',
          text: '',
          whole: undefined,
          depth: 0,
          quoted: false,
          escaped: false,
          closed: false,
          times: 0,
          done: false,
        };
        this.#open++;
        this.#growing.set(piece.call, call);
      }
      if (piece.name !== undefined && piece.name !== '') {
        call.first ||= piece.name;
        call.name = piece.name;
        call.joined += piece.name;
        this.#goesOn(call);
      }
      let whole = false;
      if (piece.text !== undefined && piece.text !== '') {
        this.#goesOn(call);
        whole = read(call, piece.text);
      }
      if (piece.whole !== undefined) {
        this.#goesOn(call);
        call.whole = piece.whole;
      }
      const due = whole || piece.whole !== undefined || piece.ended === true;
      if (due && !call.done && call.name !== '') complete.push(...this.#handOut(call));
    }
    return complete;
  }

  /** The calls that are still open, as far as they came. */
  end(): ToolCall[] {
    return [...this.#growing.values()].filter(({ done }) => !done).flatMap((call) => this.#handOut(call));
  }
}

/** A call under every name, and with all arguments, that a client may read out of its pieces. */
function handOut(call: Growing): ToolCall[] {
  call.done = true;
  if (++call.times > TIMES_MAX)
    throw new CodedError('upstream-invalid', 'the arguments of a call of a tool go on behind their end');
  const names = new Set([call.first, call.name, call.joined]);
  const args: unknown[] = [];
  if (call.whole !== undefined) args.push(typeof call.whole === 'string' ? parsed(call.whole) : call.whole);
  if (call.text !== '' || args.length === 0) args.push(parsed(call.text));
  return [...names].flatMap((name) => args.map((own) => ({ name, arguments: own })));
}
