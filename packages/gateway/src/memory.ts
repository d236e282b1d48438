import { CodedError, LIMITS } from '@sallyport/core';

/** Share of the memory that any caller may take; the rest is kept for those who hold less than their part. */
const FREE_SHARE = 0.7;
/** A body is held as bytes and as text. */
const BODY_WEIGHT = 2;
/** How fast a body must come, and from when on, while others need the memory. */
const SLOW_BYTES_PER_MS = 128;
const SLOW_AFTER_MS = 1_000;

const shown = (bytes: number): string => `${Math.ceil(bytes / 1024 / 1024)} MB`;

const tooSlow = (): CodedError =>
  new CodedError('overloaded', 'the body came too slowly for a busy gateway; send it again');

/** What bodies and answers of all calls of a worker hold, by caller: taken before anything is read. */
export class Memory {
  readonly #held = new Map<string, number>();
  readonly #reading = new Set<Holding>();
  readonly #max: number;
  #bytes = 0;

  constructor(max: number = LIMITS.heldBytesMax) {
    this.#max = max;
  }

  /** Bytes held by all calls. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Begins a call. @param bodies how many bodies the caller may hold: as many as calls at the same time
   * @param bodyBytesMax largest body
   */
  enter(caller: string, bodies: number, bodyBytesMax: number): Holding {
    // One more than calls at the same time: the last one may still be ending.
    return new Holding(this, caller, (bodies + 1) * bodyBytesMax * BODY_WEIGHT);
  }

  /** @throws CodedError `overloaded` */
  take(holding: Holding, bytes: number): void {
    const { caller, ownMax } = holding;
    const own = this.#held.get(caller) ?? 0;
    if (own + bytes > ownMax)
      throw new CodedError(
        'overloaded',
        `calls of this key hold ${shown(own)}, as much as its calls at the same time may; send again when one has ended`,
      );
    if (!this.#fits(own, bytes)) this.#cutSlow();
    // It may be the slow one.
    if (holding.released) throw tooSlow();
    if (!this.#fits(this.#held.get(caller) ?? 0, bytes))
      throw new CodedError(
        'overloaded',
        `bodies and answers hold ${shown(this.#bytes)} of a busy gateway, ${shown(own)} of them for this key; send again in a moment`,
      );
    this.#add(caller, bytes);
  }

  #fits(own: number, bytes: number): boolean {
    const callers = this.#held.size + (own === 0 ? 1 : 0);
    const after = this.#bytes + bytes;
    // One part more than there are callers: the next one finds room.
    return (
      after <= this.#max * FREE_SHARE || (after <= this.#max && own + bytes <= this.#max / (callers + 1))
    );
  }

  #add(caller: string, bytes: number): void {
    const own = (this.#held.get(caller) ?? 0) + bytes;
    if (own > 0) this.#held.set(caller, own);
    else this.#held.delete(caller);
    this.#bytes += bytes;
  }

  /** Gives back. */
  give({ caller }: Holding, bytes: number): void {
    this.#add(caller, -bytes);
  }

  /** A body is being read. @returns ends that */
  reading(holding: Holding): () => void {
    this.#reading.add(holding);
    return () => this.#reading.delete(holding);
  }

  /** Cuts off senders that hold memory which others need, and do not use it. */
  #cutSlow(): void {
    const now = performance.now();
    for (const holding of this.#reading) {
      const ms = now - holding.sinceMs;
      if (ms < SLOW_AFTER_MS || holding.arrived >= ms * SLOW_BYTES_PER_MS) continue;
      this.#reading.delete(holding);
      holding.release();
      holding.cut(tooSlow());
    }
  }
}

/** What one call holds. */
export class Holding {
  readonly #memory: Memory;
  readonly caller: string;
  /** Most that all calls of the caller may hold. */
  readonly ownMax: number;
  #bytes = 0;
  #answer = 0;
  /** All was given back: it takes nothing more. */
  #released = false;
  /** Since when a body is read, and how many bytes of it came. */
  sinceMs = 0;
  arrived = 0;
  /** Ends the reading of a body. */
  cut: (fault: CodedError) => void = () => {};

  constructor(memory: Memory, caller: string, ownMax: number) {
    this.#memory = memory;
    this.caller = caller;
    this.ownMax = ownMax;
  }

  get released(): boolean {
    return this.#released;
  }

  #change(bytes: number): void {
    if (this.#released || bytes === 0) return;
    if (bytes > 0) this.#memory.take(this, bytes);
    else this.#memory.give(this, -bytes);
    this.#bytes += bytes;
  }

  /** Takes room for a body, or for more of one. @throws CodedError `overloaded` */
  body(bytes: number): void {
    this.#change(bytes * BODY_WEIGHT);
  }

  /** Takes room for what says where texts of a body or an answer stand. @throws CodedError `overloaded` */
  places(characters: number): void {
    this.#change(characters);
  }

  /** A body is read from here on. @param cut ends that @returns to be called at its end */
  reading(cut: (fault: CodedError) => void): () => void {
    this.sinceMs = performance.now();
    this.arrived = 0;
    this.cut = cut;
    return this.#memory.reading(this);
  }

  /** Says how much of an answer is held now. @throws CodedError `overloaded` */
  answer(bytes: number): void {
    this.#change(bytes - this.#answer);
    this.#answer = bytes;
  }

  /** Gives all back, once and for good. */
  release(): void {
    this.#change(-this.#bytes);
    this.#released = true;
  }
}
