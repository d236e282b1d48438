import type { IncomingHttpHeaders } from 'node:http';
import {
  CodedError,
  type ErrorCode,
  GatheredBytes,
  isWholeIn,
  type Outcome,
  type RestorationRecord,
  toCodedError,
  type Verdict,
} from '@sallyport/core';
import type { DialectError, Usage } from '@sallyport/models';
import { type Came, cameOfFault, cameOfStatus } from './breaker.ts';
import { recordEnding } from './ending.ts';
import { type Deps, type Exchange, mark } from './exchange.ts';
import { header, returnedHeaders } from './forwarded-headers.ts';
import type { JudgedAnswer } from './output-gate.ts';
import { type Sealed, sealContent } from './record.ts';
import { comeBack, dialectError, outcomeOf, sendError, sendWhole } from './respond.ts';
import { StreamFlow, type StreamHost } from './stream-flow.ts';
import { StreamRecord } from './stream-record.ts';
import { upstreamHeaders } from './upstream-headers.ts';
import { CREDENTIAL_REFUSED, isRefusal, readAnswer, refusalError } from './whole-answer.ts';

/** Last status that HTTP has. */
const STATUS_MAX = 599;
const NO_STATUS = 'the AI system answers with a status that is none';

/** Faults of the AI system alone, after which nothing more is paid for than what came. */
const ITS_OWN: ReadonlySet<ErrorCode> = new Set(['upstream-unreachable', 'upstream-redirected']);

/** The rest of an exchange once its intent is recorded: the upstream call, the output gate, the outcome. */
export class Forwarding {
  readonly #exchange: Exchange;
  readonly #deps: Deps;
  #control: { abort(): void; pause(): void; resume(): void } | null = null;
  /** Tells what the call says of how the AI system is. */
  #came: (came: Came) => void = () => {};
  #status = 0;
  #headers: IncomingHttpHeaders = {};
  readonly #gathered = new GatheredBytes();
  #bytes = 0;
  #ended = false;
  #settled = false;
  #failing = false;
  #closed = false;
  /** Set while the answer is a stream. */
  #stream: StreamFlow | null = null;
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
    const { system, path, query, operation, body, bodyChanged, res } = this.#exchange;
    return new Promise((done) => {
      this.#done = done;
      if (refusal) return this.fail(refusal);
      if (res.destroyed) return this.fail(new CodedError('client-aborted'));
      res.on('close', () => {
        if (!res.writableFinished) this.fail(new CodedError('client-aborted'));
      });
      this.#guarded(() => {
        this.#came = this.#deps.breaker.enter(system!, this.#exchange.key!.id);
        this.#deps.upstreams.send(
          system!,
          {
            method: operation!.method,
            path,
            query,
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
            fail: (fault, unsent) => {
              this.#came(cameOfFault(fault, unsent));
              this.#cut(fault);
            },
          },
        );
      });
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

  /** Headers of the answer that the caller gets. */
  #returned(): Record<string, string> {
    return returnedHeaders(this.#exchange, this.#deps, this.#headers);
  }

  #head(status: number, headers: IncomingHttpHeaders): void {
    this.#status = status;
    this.#headers = headers;
    this.#came(cameOfStatus(status, headers));
    mark(this.#exchange, 'first-byte');
    if (!isWholeIn(status, 200, STATUS_MAX)) return this.fail(new CodedError('upstream-invalid', NO_STATUS));
    if (status >= 300 && status < 400) return this.fail(new CodedError('upstream-redirected'));
    if (this.#settled) return;
    const exchange = this.#exchange;
    const { framing } = exchange.dialect;
    // A refusal is read whole, so that its status is told with a body of the dialect.
    if (isRefusal(status) || !framing.matches.test(header(headers, 'content-type') ?? '')) return;
    if (!exchange.operation!.streams)
      return this.fail(
        new CodedError('upstream-invalid', 'the answer is a stream, and this operation has none'),
      );
    const encoding = header(headers, 'content-encoding');
    this.#stream = new StreamFlow(exchange, this.#deps, this.#host(), this.#sent, encoding);
    exchange.res.writeHead(status, {
      ...this.#returned(),
      'content-type': framing.contentType,
      'cache-control': 'no-cache',
      // Proxies in front that collect answers would hold events back.
      'x-accel-buffering': 'no',
    });
    exchange.res.flushHeaders();
  }

  #data(chunk: Buffer): void {
    if (this.#settled) return;
    this.#bytes += chunk.length;
    if (this.#stream) this.#stream.take(chunk);
    else if (this.#bytes > this.#limits.responseBytesMax) this.#cut(new CodedError('upstream-too-large'));
    else {
      // Held as bytes and as text.
      this.#exchange.holding!.answer(2 * this.#bytes);
      this.#gathered.push(chunk);
    }
  }

  /** What a stream does with the call that it answers. */
  #host(): StreamHost {
    const settled = (): boolean => this.#settled;
    return {
      get settled() {
        return settled();
      },
      pause: () => this.#control?.pause(),
      resume: () => this.#control?.resume(),
      stop: () => this.#control?.abort(),
      finish: (last) => this.#finishStream(last),
      fail: (fault, last) => this.fail(fault, last),
      broke: (fault) => this.#broke(fault),
    };
  }

  get #limits() {
    return this.#deps.state().settings.limits;
  }

  #end(): void {
    if (this.#settled || this.#ended) return;
    this.#ended = true;
    if (this.#stream) this.#stream.end();
    else void this.#answer().catch((fault: unknown) => this.#broke(fault));
  }

  /** A complete answer: judge, record, send. */
  async #answer(): Promise<void> {
    const exchange = this.#exchange;
    const raw = this.#gathered.whole();
    this.#gathered.clear();
    mark(exchange, 'upstream');
    if (this.#status === 204 || (raw.length === 0 && !isRefusal(this.#status)))
      return this.#finishWhole(raw, null, null, 0);
    const answer = { status: this.#status, headers: this.#headers, bytes: raw };
    const judged = await readAnswer(exchange, this.#deps, answer);
    mark(exchange, 'inspect-output');
    if (judged === null || this.#status === CREDENTIAL_REFUSED) return this.#refuse(judged);
    if (judged.verdict.action === 'deny') return this.#denyWhole(judged);
    this.#restorations = judged.restorations;
    return this.#finishWhole(judged.body, judged.verdict, judged.usage, judged.characters);
  }

  /** Tells a refusal in words of the dialect: one that cannot be read, or of our credential. What it said stays in the record. */
  async #refuse(said: JudgedAnswer | null = null): Promise<void> {
    if (this.#settled) return;
    const error = refusalError(this.#exchange, this.#status);
    const kept = said !== null && said.verdict.action !== 'deny';
    const sealed = kept ? sealContent(this.#exchange, this.#deps, 'output', said.body) : null;
    await this.#record('upstream-error', error.status, error.code, sealed, said?.verdict ?? null, null);
    const { 'content-type': _its, ...headers } = this.#returned();
    sendError(this.#exchange, error, headers);
    this.#close();
  }

  /** An answer that is cut off. Of a refusal the status is known by then, which says more. */
  #cut(fault: CodedError): void {
    // What was aborted here was told by whoever did that.
    if (this.#stream) return fault.code === 'client-aborted' ? undefined : this.#stream.cut(fault);
    if (this.#settled || fault.code === 'client-aborted' || !isRefusal(this.#status) || this.#ended)
      return this.fail(fault);
    this.#ended = true;
    this.#control?.abort();
    void this.#refuse().catch((cause: unknown) => this.#broke(cause));
  }

  /** An answer that stays here was made all the same, and is paid for. */
  async #denyWhole({ verdict, usage, characters }: JudgedAnswer): Promise<void> {
    const error = dialectError(this.#exchange, 'output-denied');
    this.#outputCharacters = characters;
    await this.#record('denied', error.status, error.code, null, verdict, usage);
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
      const headers = this.#returned();
      if (verdict !== null && isRefusal(this.#status)) headers['content-type'] = 'application/json';
      exchange.res.writeHead(this.#status, { ...headers, 'content-length': body.length });
      await sendWhole(exchange, this.#deps, body);
    }
    this.#close();
  }

  /** The end of a stream: the last events go out only once the outcome is recorded. */
  async #finishStream(last: Buffer): Promise<void> {
    const { gate } = this.#stream!;
    this.#sent.note(last);
    mark(this.#exchange, 'stream');
    const good = this.#status < 400;
    await this.#record(
      good ? 'answered' : 'upstream-error',
      this.#status,
      null,
      this.#sent.seal(this.#exchange, this.#deps),
      { ...gate.verdict, texts: gate.texts },
      gate.used.total,
    );
    this.#exchange.res.end(last);
    this.#close();
  }

  /** Every way out that is not an answer. @param last what was judged and goes out before word of the fault, once that is recorded */
  fail(fault: CodedError, last?: Buffer): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#failing = true;
    this.#control?.abort();
    mark(this.#exchange, 'failed');
    void this.#fault(fault, last)
      .catch(() => this.#exchange.res.destroy())
      .finally(() => this.#close());
  }

  async #fault(fault: CodedError, last: Buffer = Buffer.alloc(0)): Promise<void> {
    const exchange = this.#exchange;
    const stream = this.#stream;
    const verdict = stream ? { ...stream.gate.verdict, texts: stream.gate.texts } : null;
    const { code } = fault;
    const error = dialectError(exchange, code, fault.message);
    const told = stream && code !== 'client-aborted' ? this.#errorEvent(error) : null;
    const end = told && Buffer.concat([last, told]);
    if (end) this.#sent.note(end);
    try {
      await this.#record(
        outcomeOf(code),
        error.status,
        code,
        stream ? this.#sent.seal(this.#exchange, this.#deps) : null,
        verdict,
        stream?.gate.used.total ?? null,
        true,
      );
    } catch {
      if (!exchange.res.destroyed) this.#withhold();
      return;
    }
    if (exchange.res.destroyed) return;
    if (end) exchange.res.end(end);
    else sendError(exchange, error, comeBack(fault));
  }

  #errorEvent(error: DialectError): Buffer {
    return Buffer.from(this.#exchange.dialect.errorEvent(this.#exchange.operation!.id, error));
  }

  /** What cannot be recorded stays here. */
  #withhold(): void {
    const error = dialectError(this.#exchange, 'record-unavailable');
    if (this.#stream && this.#exchange.res.headersSent) this.#exchange.res.end(this.#errorEvent(error));
    else sendError(this.#exchange, error, { 'retry-after': '1' });
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
    const { restorations = this.#restorations } = this.#stream?.gate ?? {};
    const characters = this.#stream?.gate.writtenCharacters ?? this.#outputCharacters;
    const sent = this.#control !== null && !isRefusal(this.#status);
    const cut = failing && sent && code !== null && !ITS_OWN.has(code);
    const ending = { outcome, status, code, output, verdict, usage, restorations, characters, cut };
    try {
      await recordEnding(exchange, this.#deps, ending);
    } catch (cause) {
      if (failing) throw cause;
      this.#withhold();
      this.#close();
      throw new Unrecorded();
    }
  }

  #close(): void {
    this.#closed = true;
    this.#came('untold');
    this.#stream?.close();
    this.#sent.letGo();
    this.#done();
  }
}

/** Thrown to leave a path whose answer was already replaced by an error. */
class Unrecorded extends Error {}
