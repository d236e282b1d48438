import type { IncomingHttpHeaders } from 'node:http';
import {
  CodedError,
  type ErrorCode,
  isWholeIn,
  LIMITS,
  type Outcome,
  type RestorationRecord,
  toCodedError,
  type Verdict,
} from '@sallyport/core';
import type { StreamParser, Usage } from '@sallyport/models';
import { decode } from './body.ts';
import { withoutCredential } from './credential.ts';
import { type Deps, type Exchange, mark } from './exchange.ts';
import { header, returnedHeaders } from './forwarded-headers.ts';
import { costMicroUsd, estimateTokens, requestTokens } from './input-stages.ts';
import { credentialOf } from './inspection.ts';
import { openGate } from './open-gate.ts';
import { judgeAnswer } from './output-gate.ts';
import { recordOutcome, type Sealed, sealContent } from './record.ts';
import { dialectError, drained, outcomeOf, sendError } from './respond.ts';
import type { StreamGate } from './stream-gate.ts';
import { StreamRecord } from './stream-record.ts';
import { upstreamHeaders } from './upstream-headers.ts';

/** Chunks of an answer that may wait for the gate before the AI system is asked to pause, in bytes. */
const QUEUE_BYTES_MAX = 256 * 1024;
/** Last status that HTTP has. */
const STATUS_MAX = 599;

/** The rest of an exchange once its intent is recorded: the upstream call, the output gate, the outcome. */
export class Forwarding {
  readonly #exchange: Exchange;
  readonly #deps: Deps;
  #control: { abort(): void; pause(): void; resume(): void } | null = null;
  #status = 0;
  #headers: Record<string, string | string[] | undefined> = {};
  #chunks: Buffer[] = [];
  #bytes = 0;
  #ended = false;
  #settled = false;
  #failing = false;
  #closed = false;
  /** Set while the answer is a stream. */
  #stream: { gate: StreamGate; parser: StreamParser } | null = null;
  #queue: (Buffer | 'end')[] = [];
  #queueBytes = 0;
  #pumping = false;
  readonly #sent: StreamRecord;
  #outputCharacters = 0;
  #restorations: readonly RestorationRecord[] = [];
  #done!: () => void;

  constructor(exchange: Exchange, deps: Deps) {
    this.#exchange = exchange;
    this.#deps = deps;
    this.#sent = new StreamRecord(deps.keeping);
  }

  /** Runs to the end; every way out is recorded. @param refusal why it is not sent at all; null where it may be */
  run(refusal: CodedError | null): Promise<void> {
    const { system, path, operation, body, bodyChanged, res } = this.#exchange;
    return new Promise((done) => {
      this.#done = done;
      if (refusal) return this.fail(refusal);
      if (res.destroyed) return this.fail(new CodedError('client-aborted'));
      res.on('close', () => {
        if (!res.writableFinished) this.fail(new CodedError('client-aborted'));
      });
      this.#guarded(() =>
        this.#deps.upstreams.send(
          system!,
          {
            method: operation!.method,
            path,
            headers: upstreamHeaders(this.#exchange),
            body: bodyChanged ?? body,
          },
          {
            started: (control) => {
              this.#control = control;
              if (this.#settled) control.abort();
            },
            head: (status, headers) => this.#guarded(() => this.#head(status, headers)),
            data: (chunk) => this.#guarded(() => this.#data(chunk)),
            end: () => this.#guarded(() => this.#end()),
            fail: (fault) => this.fail(fault),
          },
        ),
      );
    });
  }

  /** Does something that others call for; a fault in it ends the call, and nothing else. */
  #guarded(work: () => void): void {
    try {
      work();
    } catch (fault) {
      this.#broke(fault);
    }
  }

  /** A fault on the way of an answer: told and recorded, or, where the outcome is recorded by now, the connection ends. */
  #broke(fault: unknown): void {
    if (!this.#settled) return this.fail(toCodedError(fault));
    // What fails is told by who noticed it first.
    if (this.#closed || this.#failing) return;
    this.#control?.abort();
    this.#exchange.res.destroy();
    this.#close();
  }

  #head(status: number, headers: Record<string, string | string[] | undefined>): void {
    this.#status = status;
    this.#headers = headers;
    mark(this.#exchange, 'first-byte');
    if (!isWholeIn(status, 200, STATUS_MAX))
      return this.fail(
        new CodedError('upstream-invalid', 'the AI system answers with a status that is none'),
      );
    if (status >= 300 && status < 400) return this.fail(new CodedError('upstream-redirected'));
    if (this.#settled) return;
    const type = header(headers, 'content-type') ?? '';
    const encoding = header(headers, 'content-encoding');
    const { framing } = this.#exchange.dialect;
    if (!framing.matches.test(type)) return;
    if (encoding !== undefined && encoding !== 'identity') {
      return this.fail(
        new CodedError('upstream-invalid', 'the stream is compressed though that was not asked for'),
      );
    }
    const exchange = this.#exchange;
    const parser = framing.parser(LIMITS.streamEventBytesMax);
    this.#stream = { parser, gate: openGate(exchange, this.#deps) };
    exchange.res.writeHead(status, {
      ...returnedHeaders(this.#exchange, this.#deps, this.#headers as IncomingHttpHeaders),
      'content-type': framing.contentType,
      'cache-control': 'no-cache',
    });
    exchange.res.flushHeaders();
  }

  #data(chunk: Buffer): void {
    if (this.#settled) return;
    this.#bytes += chunk.length;
    if (this.#stream) {
      if (this.#bytes > this.#deps.state().settings.limits.streamBytesMax)
        return this.fail(new CodedError('upstream-too-large'));
      this.#queue.push(chunk);
      this.#queueBytes += chunk.length;
      this.#hold();
      if (this.#queueBytes > QUEUE_BYTES_MAX) this.#control?.pause();
      void this.#pump();
    } else if (this.#bytes > this.#deps.state().settings.limits.responseBytesMax)
      this.fail(new CodedError('upstream-too-large'));
    else {
      // Held as bytes and as text.
      this.#exchange.holding!.answer(2 * this.#bytes);
      this.#chunks.push(chunk);
    }
  }

  /** Says what of a stream is held: pieces that wait, an event that is not whole, texts without a verdict. */
  #hold(): void {
    const { gate, parser } = this.#stream!;
    this.#exchange.holding!.answer(this.#queueBytes + parser.pending + gate.held);
  }

  #end(): void {
    if (this.#settled || this.#ended) return;
    this.#ended = true;
    if (this.#stream) {
      this.#queue.push('end');
      void this.#pump();
    } else void this.#answer().catch((fault: unknown) => this.#broke(fault));
  }

  /** A complete answer: judge, record, send. */
  async #answer(): Promise<void> {
    const exchange = this.#exchange;
    const raw = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks);
    mark(exchange, 'upstream');
    if (this.#status === 204 || raw.length === 0) return this.#finishWhole(raw, null, null, 0);
    const type = header(this.#headers as IncomingHttpHeaders, 'content-type') ?? '';
    if (!/^application\/(?:[\w.+-]+\+)?json\b/i.test(type)) {
      throw new CodedError('upstream-invalid', 'the answer is of a type that cannot be inspected');
    }
    const encoding = header(this.#headers as IncomingHttpHeaders, 'content-encoding');
    const plain = await decode(
      raw,
      encoding,
      this.#deps.state().settings.limits.responseBytesMax,
      'upstream',
    );
    if (plain !== raw) exchange.holding!.answer(2 * (raw.length + plain.length));
    const own = this.#withoutCredential(plain);
    const judged = await judgeAnswer(exchange, this.#deps, own, this.#status);
    mark(exchange, 'inspect-output');
    if (judged.verdict.action === 'deny') return this.#denyWhole(judged.verdict);
    this.#restorations = judged.restorations;
    return this.#finishWhole(judged.body, judged.verdict, judged.usage, judged.characters);
  }

  /** Some providers repeat the credential; it stays here in every mode. A short one may be a word of an answer. */
  #withoutCredential(body: Buffer): Buffer {
    const system = this.#exchange.system!;
    const credential = this.#status < 400 ? credentialOf(system) : system.apiKey;
    return credential === null ? body : withoutCredential(body, credential);
  }

  async #denyWhole(verdict: Verdict & { texts: number }): Promise<void> {
    const error = dialectError(this.#exchange, 'output-denied', verdict);
    await this.#record('denied', error.status, error.code, null, verdict, null);
    sendError(this.#exchange, error);
    this.#close();
  }

  async #finishWhole(
    body: Buffer,
    verdict: (Verdict & { texts: number }) | null,
    usage: Usage | null,
    characters: number,
  ): Promise<void> {
    const exchange = this.#exchange;
    this.#outputCharacters = characters;
    const good = this.#status < 400;
    const sealed = sealContent(exchange, this.#deps, 'output', body);
    await this.#record(good ? 'answered' : 'upstream-error', this.#status, null, sealed, verdict, usage);
    if (!exchange.res.destroyed) {
      exchange.res.writeHead(this.#status, {
        ...returnedHeaders(this.#exchange, this.#deps, this.#headers as IncomingHttpHeaders),
        'content-length': body.length,
      });
      exchange.res.end(body);
    }
    this.#close();
  }

  /** Takes chunks through the gate one after the other. */
  async #pump(): Promise<void> {
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      while (this.#queue.length > 0 && !this.#settled) {
        const chunk = this.#queue.shift()!;
        if (chunk === 'end') await this.#finishStream();
        else {
          this.#queueBytes -= chunk.length;
          const out: string[] = [];
          try {
            for (const event of this.#stream!.parser.push(chunk)) {
              for (const raw of await this.#stream!.gate.push(event)) out.push(raw);
            }
          } finally {
            // What was judged before a denial goes out, wherever the network cut the chunks.
            out.push(...this.#stream!.gate.drain());
            if (out.length > 0 && !this.#settled) await this.#write(Buffer.from(out.join('')));
          }
          this.#hold();
          if (this.#queueBytes <= QUEUE_BYTES_MAX && !this.#settled) this.#control?.resume();
        }
      }
    } catch (fault) {
      this.#broke(fault);
    } finally {
      this.#pumping = false;
    }
  }

  /** Sends a piece; a reader who does not keep up makes the AI system wait, and in the end loses the call. */
  async #write(bytes: Buffer): Promise<void> {
    this.#sent.note(bytes);
    const { res } = this.#exchange;
    if (res.destroyed || res.write(bytes)) return;
    this.#control?.pause();
    const { idleMs } = this.#deps.state().settings.deadlines;
    if (!(await drained(res, idleMs)))
      this.fail(new CodedError('client-aborted', 'the caller stopped reading'));
  }

  /** The end of a stream: the last events go out only once the outcome is recorded. */
  async #finishStream(): Promise<void> {
    const { gate, parser } = this.#stream!;
    const out: string[] = [];
    for (const event of parser.end()) for (const raw of await gate.push(event)) out.push(raw);
    for (const raw of await gate.end()) out.push(raw);
    if (this.#settled) return;
    const last = Buffer.from(out.join(''));
    this.#sent.note(last);
    mark(this.#exchange, 'stream');
    const good = this.#status < 400;
    await this.#record(
      good ? 'answered' : 'upstream-error',
      this.#status,
      null,
      this.#sent.seal(this.#exchange, this.#deps),
      { ...gate.verdict, texts: gate.texts },
      gate.usage,
    );
    this.#exchange.res.end(last);
    this.#close();
  }

  /** Every way out that is not an answer. */
  fail(fault: CodedError): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#failing = true;
    this.#control?.abort();
    mark(this.#exchange, 'failed');
    void this.#fault(fault)
      .catch(() => this.#exchange.res.destroy())
      .finally(() => this.#close());
  }

  async #fault(fault: CodedError): Promise<void> {
    const exchange = this.#exchange;
    const stream = this.#stream;
    const verdict = stream ? { ...stream.gate.verdict, texts: stream.gate.texts } : null;
    let code: ErrorCode = fault.code;
    const error = dialectError(exchange, code, verdict, fault.message);
    const event =
      stream && code !== 'client-aborted'
        ? Buffer.from(exchange.dialect.errorEvent(exchange.operation!.id, error))
        : null;
    if (event) this.#sent.note(event);
    try {
      await this.#record(
        outcomeOf(code),
        error.status,
        code,
        stream ? this.#sent.seal(this.#exchange, this.#deps) : null,
        verdict,
        stream?.gate.usage ?? null,
        true,
      );
    } catch {
      code = 'record-unavailable';
    }
    if (exchange.res.destroyed) return;
    if (event) exchange.res.end(event);
    else sendError(exchange, code === fault.code ? error : dialectError(exchange, code, null));
  }

  async #record(
    outcome: Outcome,
    status: number,
    code: ErrorCode | null,
    output: Sealed | null,
    verdict: (Verdict & { texts: number }) | null,
    usage: Usage | null,
    failing = false,
  ): Promise<void> {
    if (this.#settled && !failing) throw new CodedError('client-aborted');
    this.#settled = true;
    const exchange = this.#exchange;
    const reserved = exchange.reservation!;
    const inputTokens = usage?.inputTokens || requestTokens(exchange.reading!);
    const outputTokens = Math.max(usage?.outputTokens ?? 0, this.#outputFloor(usage !== null));
    const cost = costMicroUsd(exchange, inputTokens, outputTokens);
    if (!exchange.ended) {
      exchange.ended = true;
      this.#deps.counters.settle(reserved, inputTokens + outputTokens, cost);
      this.#deps.stats.ended(exchange.system!.name, outcome, code, exchange.timingsMs);
    }
    try {
      await recordOutcome(exchange, this.#deps, {
        outcome,
        status,
        code,
        output,
        verdict,
        inputTokens,
        outputTokens,
        costMicroUsd: cost,
        restorations: this.#stream?.gate.restorations ?? this.#restorations,
      });
    } catch (cause) {
      if (failing) throw cause;
      // The answer exists but cannot be recorded: it is withheld.
      const error = dialectError(exchange, 'record-unavailable', null);
      if (this.#stream && exchange.res.headersSent)
        exchange.res.end(exchange.dialect.errorEvent(exchange.operation!.id, error));
      else sendError(exchange, error, { 'retry-after': '1' });
      this.#close();
      throw new Unrecorded();
    }
  }

  /** Tokens that the answer has at least, whatever the AI system says: a limit must not hang on its word alone. */
  #outputFloor(told: boolean): number {
    const estimate = estimateTokens(this.#stream?.gate.writtenCharacters ?? this.#outputCharacters);
    return told ? Math.floor(estimate / TOLD_SHARE) : estimate;
  }

  #close(): void {
    this.#closed = true;
    this.#sent.letGo();
    this.#done();
  }
}

/** How many times fewer tokens than estimated an AI system may say that it wrote: no language has tokens this long. */
const TOLD_SHARE = 6;

/** Thrown to leave a path whose answer was already replaced by an error. */
class Unrecorded extends Error {}
