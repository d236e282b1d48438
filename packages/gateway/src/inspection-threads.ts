import { Worker } from 'node:worker_threads';
import { CodedError, type Detection, type GatewaySnapshot, type InspectionRequest } from '@sallyport/core';
import type { GuardModels } from '@sallyport/guard';
import { type PackedDetections, type PackedRequests, pack, unpack } from './inspection-pack.ts';
import { InspectionQueue } from './inspection-queue.ts';
import { endThread } from './watchdog.ts';

/** How long a thread may take to start. */
const START_MS = 20_000;
/**
 * How long a batch may take: a second, and three times as much for each character as the slowest text that was ever
 * measured (6 µs, docs/MEASURED.md), within a bound.
 */
const DEADLINE_MS = 1_000;
const DEADLINE_MS_PER_CHARACTER = 0.02;
const DEADLINE_MS_MAX = 30_000;
/**
 * Heap of a thread, in MB. V8 ends the whole process, not the thread, where strings of this size run into the limit, so it
 * is far above what any text as large as a body has taken until its deadline (1.1 GB).
 */
const HEAP_MB = 4096;
/** Characters from which a batch is a long one. */
const LONG_CHARACTERS = 64 * 1024;
/** The threads: which of them take long batches. No caller has two of these, so that another's long text finds one free. */
const TAKES_LONG = [true, true, false];

/** What a thread begins with. */
export interface InspectionStart {
  readonly models: GuardModels | null;
  readonly rules: GatewaySnapshot['rules']['rules'];
}

/** All that an inspection says of one text, as people look at it. */
export interface Assessment {
  readonly detections: readonly Detection[];
  /** How sure the most sure detector is of an injection, 0 to 1. */
  readonly injection: number;
  /** Every reading of the text, cut to {@link VIEW_CHARACTERS_MAX}; the first is the text itself, normalised. */
  readonly views: readonly { readonly chain: string; readonly text: string }[];
}

/** Characters of a reading that are shown. */
export const VIEW_CHARACTERS_MAX = 2_000;

/** What it is told: texts to inspect, one to assess, or other rules. */
export type ToInspection =
  | { readonly id: number; readonly requests: PackedRequests }
  | { readonly id: number; readonly assess: InspectionRequest }
  | { readonly rules: InspectionStart['rules'] };

/** What it says of texts; null when it could not inspect them. */
type Answer = PackedDetections | Assessment | null;

/** What it answers. */
export type FromInspection =
  | { readonly type: 'ready' }
  | { readonly type: 'inspected'; readonly id: number; readonly answer: Answer };

interface Job {
  readonly id: number;
  readonly caller: string;
  readonly long: boolean;
  readonly deadlineMs: number;
  readonly message: () => ToInspection;
  readonly done: (answer: Answer) => void;
  readonly fail: (fault: CodedError) => void;
}

interface Lane {
  readonly long: boolean;
  thread: Worker | null;
  ready: boolean;
  job: Job | null;
  timer: NodeJS.Timeout | null;
}

/**
 * Threads that inspect what takes too long for an event loop, each started when it is first needed. A thread that does not
 * answer in time is ended and replaced, and only the call it worked for is refused: others go on over the other threads meanwhile.
 */
export class InspectionThreads {
  readonly #models: GuardModels | null;
  #rules: InspectionStart['rules'] = [];
  readonly #lanes: readonly Lane[] = TAKES_LONG.map((long) => ({
    long,
    thread: null,
    ready: false,
    job: null,
    timer: null,
  }));
  readonly #queue = new InspectionQueue<Job>();
  #next = 0;
  readonly #entry: URL;

  /** @param entry what the threads run */
  constructor(models: GuardModels | null, entry = new URL('./inspection-thread.ts', import.meta.url)) {
    this.#models = models;
    this.#entry = entry;
  }

  /** Takes the operator's rules. */
  useRules(rules: InspectionStart['rules']): void {
    this.#rules = rules;
    for (const { thread } of this.#lanes) thread?.postMessage({ rules } satisfies ToInspection);
  }

  /** @param characters over all requests @throws CodedError `inspection-failed`, `overloaded` */
  async inspect(
    requests: readonly InspectionRequest[],
    characters: number,
    caller: string,
  ): Promise<Detection[]> {
    const found = await this.#ask(characters, caller, (id) => ({ id, requests: pack(requests) }));
    return unpack(found as PackedDetections, requests);
  }

  /** One text with scores and readings. @throws CodedError `inspection-failed`, `overloaded` */
  async assess(request: InspectionRequest, caller: string): Promise<Assessment> {
    const found = await this.#ask(request.text.length, caller, (id) => ({ id, assess: request }));
    return found as Assessment;
  }

  #ask(characters: number, caller: string, message: (id: number) => ToInspection): Promise<Answer> {
    return new Promise((done, fail) => {
      const deadlineMs = Math.min(DEADLINE_MS_MAX, DEADLINE_MS + characters * DEADLINE_MS_PER_CHARACTER);
      const long = characters > LONG_CHARACTERS;
      const id = this.#next++;
      const job = { id, caller, long, deadlineMs, message: () => message(id), done, fail };
      if (this.#queue.add(job)) this.#run();
      else
        fail(new CodedError('overloaded', 'too many long texts wait for inspection; come back in a moment'));
    });
  }

  #run(): void {
    for (const lane of this.#lanes) {
      if (lane.job || (lane.thread && !lane.ready)) continue;
      const job = this.#queue.take(lane.long);
      if (!job) continue;
      lane.job = job;
      if (lane.thread) this.#give(lane, job);
      else this.#start(lane);
    }
  }

  #give(lane: Lane, { message, deadlineMs }: Job): void {
    this.#until(lane, deadlineMs);
    lane.thread!.postMessage(message());
  }

  #until(lane: Lane, ms: number): void {
    if (lane.timer) clearTimeout(lane.timer);
    lane.timer = setTimeout(() => this.#replace(lane), ms);
  }

  #start(lane: Lane): void {
    const thread = new Worker(this.#entry, {
      workerData: { models: this.#models, rules: this.#rules } satisfies InspectionStart,
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
    });
    thread.unref();
    lane.thread = thread;
    lane.ready = false;
    this.#until(lane, START_MS);
    thread.on('message', (answer: FromInspection) => {
      if (lane.thread !== thread) return;
      if (answer.type === 'ready') {
        lane.ready = true;
        if (lane.job) this.#give(lane, lane.job);
      } else if (answer.id === lane.job?.id) this.#finish(lane, answer.answer);
    });
    thread.on('error', () => lane.thread === thread && this.#replace(lane));
  }

  #replace(lane: Lane): void {
    const { thread } = lane;
    lane.thread = null;
    if (thread) endThread(thread);
    this.#finish(lane, null);
  }

  #finish(lane: Lane, answer: Answer): void {
    if (lane.timer) clearTimeout(lane.timer);
    lane.timer = null;
    const { job } = lane;
    lane.job = null;
    if (job) {
      this.#queue.ended(job);
      // What came is read in this turn; it is told in the next.
      if (answer) setImmediate(() => job.done(answer));
      else job.fail(new CodedError('inspection-failed'));
    }
    this.#run();
  }

  /** Ends all threads; what waits is refused. */
  close(): void {
    const waiting = this.#queue.clear();
    for (const lane of this.#lanes) this.#replace(lane);
    for (const { fail } of waiting) fail(new CodedError('inspection-failed'));
  }
}
