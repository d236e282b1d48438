import { CodedError, LIMITS, toCodedError } from '@sallyport/core';
import { type Sealable, sealTogether } from '@sallyport/vault';

/** An entry in the frames sent to the appender. */
export interface Frame {
  readonly leaf: Uint8Array;
  readonly payload: Uint8Array | null;
}

/** Splits frames again: lengths of leaf and payload in 32 bits, then both. */
export function decodeFrames(frames: Uint8Array): Frame[] {
  const view = Buffer.from(frames.buffer, frames.byteOffset, frames.length);
  const out: Frame[] = [];
  for (let at = 0; at < view.length; ) {
    const leafBytes = view.readUInt32BE(at);
    const payloadBytes = view.readUInt32BE(at + 4);
    at += 8;
    const leaf = view.subarray(at, at + leafBytes);
    at += leafBytes;
    out.push({ leaf, payload: payloadBytes > 0 ? view.subarray(at, at + payloadBytes) : null });
    at += payloadBytes;
  }
  return out;
}

interface Pending {
  readonly leaf: string;
  readonly content: Sealable | null;
  readonly done: () => void;
  readonly fail: (fault: CodedError) => void;
}

/** The recorder of a worker: whatever one turn of the event loop records travels to the appender together. */
export class PortRecorder {
  readonly #post: (batch: number, frames: Uint8Array<ArrayBuffer>) => void;
  #pending: Pending[] = [];
  readonly #sent = new Map<number, Pending[]>();
  #batch = 0;

  readonly #gatherMs: () => number;

  /** @param gatherMs how long records may gather, so that more of them share a sync; 0 to the end of the turn, less for not at all */
  constructor(post: (batch: number, frames: Uint8Array<ArrayBuffer>) => void, gatherMs: () => number) {
    this.#post = post;
    this.#gatherMs = gatherMs;
  }

  /** Records a leaf, its content sealed beside it. Durable when it resolves. @throws CodedError `record-unavailable` */
  record(leaf: string, content: Sealable | null): Promise<void> {
    // One record that is too large must not take others of its batch down.
    if (Buffer.byteLength(leaf) > LIMITS.leafBytesMax)
      return Promise.reject(new CodedError('entry-too-large'));
    return new Promise((done, fail) => {
      if (this.#pending.push({ leaf, content, done, fail }) > 1) return;
      const gatherMs = this.#gatherMs();
      if (gatherMs > 0) setTimeout(() => this.#flush(), gatherMs);
      else if (gatherMs < 0) queueMicrotask(() => this.#flush());
      else setImmediate(() => this.#flush());
    });
  }

  #flush(): void {
    const pending = this.#pending;
    this.#pending = [];
    try {
      this.#send(pending, sealTogether(pending.map((one) => one.content)));
    } catch {
      // A key that seals no more stops its own calls, and no others.
      for (const one of pending) {
        try {
          this.#send([one], sealTogether([one.content]));
        } catch (fault) {
          one.fail(toCodedError(fault));
        }
      }
    }
  }

  #send(pending: Pending[], payloads: readonly (Uint8Array | null)[]): void {
    let bytes = 0;
    pending.forEach(({ leaf }, i) => {
      bytes += 8 + leaf.length * 3 + (payloads[i]?.length ?? 0);
    });
    const out = Buffer.from(new ArrayBuffer(bytes));
    let at = 0;
    for (const [i, { leaf }] of pending.entries()) {
      const payload = payloads[i];
      const leafBytes = out.write(leaf, at + 8, 'utf8');
      out.writeUInt32BE(leafBytes, at);
      out.writeUInt32BE(payload?.length ?? 0, at + 4);
      at += 8 + leafBytes;
      if (payload) {
        out.set(payload, at);
        at += payload.length;
      }
    }
    this.#sent.set(++this.#batch, pending);
    this.#post(this.#batch, out.subarray(0, at) as Uint8Array<ArrayBuffer>);
  }

  /** The appender's answer to a batch. */
  acknowledge(batch: number, ok: boolean): void {
    const pending = this.#sent.get(batch) ?? [];
    this.#sent.delete(batch);
    for (const { done, fail } of pending) {
      if (ok) done();
      else fail(new CodedError('record-unavailable'));
    }
  }
}
