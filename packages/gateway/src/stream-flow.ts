import { CodedError } from '@sallyport/core';
import type { StreamEvent } from '@sallyport/models';
import type { Deps, Exchange } from './exchange.ts';
import { keepAlive } from './keep-alives.ts';
import { type OpenStream, openStream } from './open-gate.ts';
import { drained } from './respond.ts';
import type { StreamRecord } from './stream-record.ts';
import { Turns } from './turns.ts';

/** All streams of a worker take turns together: many that come at once hold up neither others nor the worker's beat. */
const turns = new Turns();

/** Chunks of an answer that may wait for the gate before the AI system is asked to pause, in bytes. */
const QUEUE_BYTES_MAX = 256 * 1024;
/** What a chunk takes besides its bytes, about. */
const CHUNK_COST = 128;
/** How few may be left before it goes on: each pause costs a copy of what was read and not taken. */
const QUEUE_BYTES_LOW = 64 * 1024;
/** Longest silence towards the caller while something is held. */
const SILENCE_MS = 1_000;

/** Whether a fault is the AI system's: what it wrote before is still judged, and goes out. */
export const isOfSystem = (fault: unknown): fault is CodedError =>
  fault instanceof CodedError && fault.code.startsWith('upstream-');

/** The call that a stream answers. */
export interface StreamHost {
  /** Its outcome is known: nothing more goes out. */
  readonly settled: boolean;
  pause(): void;
  resume(): void;
  /** Ends the call to the AI system: nothing more of it is taken. */
  stop(): void;
  /** The end of a stream. @param last what goes out once that is recorded */
  finish(last: Buffer): Promise<void>;
  /** @param last what goes out before word of the fault */
  fail(fault: CodedError, last?: Buffer): void;
  /** Something failed that may be no fault of the stream. */
  broke(fault: unknown): void;
}

/** What of a stream waits for the gate: its bytes, its end, or why there is none. */
type Piece = Buffer | 'end' | CodedError;

/** The way of a stream from the AI system through the gate to the caller. */
export class StreamFlow {
  readonly #exchange: Exchange;
  readonly #deps: Deps;
  readonly #host: StreamHost;
  readonly #sent: StreamRecord;
  readonly #open: OpenStream;
  readonly #forget: () => void;
  #queue: Piece[] = [];
  #queueBytes = 0;
  /** Bytes so far, decompressed. */
  #streamed = 0;
  #pumping = false;
  /** Its end was told, one way or the other. */
  #over = false;
  /** Why it was cut off, until what came before is decompressed. */
  #cut: CodedError | null = null;
  /** The caller does not keep up. */
  #waiting = false;
  #lastMs = performance.now();

  /** @throws CodedError `upstream-invalid` for an encoding that is not known */
  constructor(
    exchange: Exchange,
    deps: Deps,
    host: StreamHost,
    sent: StreamRecord,
    encoding: string | undefined,
  ) {
    this.#exchange = exchange;
    this.#deps = deps;
    this.#host = host;
    this.#sent = sent;
    this.#open = openStream(exchange, deps, encoding, {
      data: (chunk) => this.#guarded(() => this.#enqueue(chunk)),
      end: () => this.#enqueue(this.#cut ?? 'end'),
      fail: (fault) => this.#enqueue(this.#cut ?? fault),
      full: () => host.pause(),
      drained: () => host.resume(),
    });
    this.#forget = keepAlive(this);
  }

  get gate(): OpenStream['gate'] {
    return this.#open.gate;
  }

  /** Takes a piece as it came. */
  take(chunk: Buffer): void {
    if (this.#over) return;
    const { decoder } = this.#open;
    if (decoder) decoder.write(chunk);
    else this.#enqueue(chunk);
  }

  /** Nothing more comes. */
  end(): void {
    if (this.#over) return;
    this.#over = true;
    const { decoder } = this.#open;
    if (decoder) decoder.end();
    else this.#enqueue('end');
  }

  /** Nothing more comes, though it was not at its end: what came is judged and goes out, and then word of the fault. */
  cut(fault: CodedError): void {
    if (this.#over) return;
    this.#over = true;
    this.#host.stop();
    const { decoder } = this.#open;
    this.#cut = fault;
    if (decoder) decoder.end();
    else this.#enqueue(fault);
  }

  /** Says something that says nothing where the caller has heard nothing for long, and something is held. */
  keepAlive(nowMs: number): void {
    const { gate, parser } = this.#open;
    const held = gate.held > 0 || this.#queueBytes > 0 || parser.pending > 0;
    if (!held || this.#waiting || this.#host.settled || nowMs - this.#lastMs < SILENCE_MS) return;
    this.#guarded(() => this.#put(Buffer.from(this.#exchange.dialect.framing.keepAlive)));
  }

  /** Lets go of everything. */
  close(): void {
    this.#forget();
    this.#open.decoder?.close();
  }

  #guarded(work: () => void): void {
    try {
      work();
    } catch (fault) {
      this.#host.broke(fault);
    }
  }

  #enqueue(piece: Piece): void {
    if (this.#host.settled) return;
    if (Buffer.isBuffer(piece)) {
      this.#streamed += piece.length;
      if (this.#streamed > this.#deps.state().settings.limits.streamBytesMax) {
        this.#refuse(new CodedError('upstream-too-large'));
        return;
      }
      this.#queueBytes += piece.length + CHUNK_COST;
      this.#queue.push(piece);
      this.#hold();
      if (this.#queueBytes > QUEUE_BYTES_MAX) this.#pause();
    } else this.#queue.push(piece);
    void this.#pump();
  }

  /** Takes nothing more; what waits is still judged. */
  #refuse(fault: CodedError): void {
    if (this.#cut !== null) return;
    this.#over = true;
    this.#cut = fault;
    this.#host.stop();
    this.#open.decoder?.close();
    this.#queue.push(fault);
    void this.#pump();
  }

  #pause(): void {
    this.#host.pause();
    this.#open.decoder?.pause();
  }

  #resume(): void {
    if (this.#open.decoder?.resume() ?? true) this.#host.resume();
  }

  /** Says what is held: pieces that wait, an event that is not whole, texts without a verdict. */
  #hold(): void {
    const { gate, parser, decoder } = this.#open;
    this.#exchange.holding!.answer(this.#queueBytes + parser.pending + gate.held + (decoder?.held ?? 0));
  }

  /** Takes pieces through the gate one after the other. */
  async #pump(): Promise<void> {
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      while (this.#queue.length > 0 && !this.#host.settled) {
        await turns.share();
        const piece = this.#queue.shift()!;
        if (Buffer.isBuffer(piece)) await this.#through(piece, turns);
        else await this.#finish(piece === 'end' ? null : piece);
      }
    } catch (fault) {
      this.#host.broke(fault);
    } finally {
      this.#pumping = false;
    }
  }

  async #through(chunk: Buffer, turns: Turns): Promise<void> {
    const { gate, parser } = this.#open;
    this.#queueBytes -= chunk.length + CHUNK_COST;
    const out: string[] = [];
    let unread: CodedError | null = null;
    try {
      await this.#judge(parser.push(chunk), out, turns);
      unread = parser.fault;
    } catch (fault) {
      if (!isOfSystem(fault)) throw fault;
      unread = fault;
    } finally {
      // What was judged before a denial goes out, wherever the network cut the chunks.
      out.push(...gate.drain());
      if (out.length > 0 && !this.#host.settled) await this.#write(Buffer.from(out.join('')));
    }
    if (unread !== null && !this.#host.settled) {
      this.#over = true;
      this.#host.stop();
      this.#queue = [];
      this.#queueBytes = 0;
      await this.#finish(unread);
      return;
    }
    this.#hold();
    if (this.#queueBytes <= QUEUE_BYTES_LOW && !this.#host.settled) this.#resume();
  }

  async #judge(events: readonly StreamEvent[], out: string[], turns: Turns): Promise<void> {
    for (const event of events) {
      for (const raw of await this.#open.gate.push(event)) out.push(raw);
      await turns.share();
    }
  }

  /** Judges what is left; the last events go out only once the outcome is recorded. @param cut why it is not at its end */
  async #finish(cut: CodedError | null): Promise<void> {
    const { gate, parser } = this.#open;
    const out: string[] = [];
    let fault = cut;
    try {
      if (fault === null) {
        try {
          await this.#judge(parser.end(), out, new Turns());
          fault = parser.fault;
        } catch (unread) {
          if (!isOfSystem(unread)) throw unread;
          fault = unread;
        }
      }
      out.push(...(await gate.end(fault === null)));
    } catch (graver) {
      out.push(...gate.drain());
      if (!(graver instanceof CodedError)) throw graver;
      fault = graver;
    }
    if (this.#host.settled) return;
    const last = Buffer.from(out.join(''));
    if (fault === null) await this.#host.finish(last);
    else this.#host.fail(fault, last);
  }

  #put(bytes: Buffer): boolean {
    this.#lastMs = performance.now();
    this.#sent.note(bytes);
    const { res } = this.#exchange;
    return res.destroyed || res.write(bytes);
  }

  /** Sends a piece; a reader who does not keep up makes the AI system wait, and in the end loses the call. */
  async #write(bytes: Buffer): Promise<void> {
    if (this.#put(bytes)) return;
    this.#pause();
    const { idleMs } = this.#deps.state().settings.deadlines;
    this.#waiting = true;
    const taken = await drained(this.#exchange.res, idleMs);
    this.#waiting = false;
    if (!taken) this.#host.fail(new CodedError('client-aborted', 'the caller stopped reading'));
  }
}
