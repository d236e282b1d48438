import { Worker } from 'node:worker_threads';
import {
  CodedError,
  type Detection,
  type GatewaySnapshot,
  type InspectionRequest,
  LIMITS,
  type SystemSnapshot,
} from '@sallyport/core';
import { type GuardModels, Inspector, RuleSet } from '@sallyport/guard';

/** Longest a batch of texts may take on the inspection thread before the call is refused. */
const DEADLINE_MS = 10_000;
/** Batches that may wait for the thread. */
const QUEUE_MAX = 64;

/** What of a system's settings says how its texts are inspected. @param answer whether the system says them */
export function requestOf(system: SystemSnapshot, answer: boolean): Partial<InspectionRequest> {
  const { canaries, content, links, privacy, trainingEcho } = system;
  const { names, countries } = privacy;
  if (!answer) return { names, countries };
  return { canaries, names, countries, content, echo: trainingEcho, linkHosts: links.hosts ?? null };
}

/** What the inspection thread begins with. */
export interface InspectionStart {
  readonly models: GuardModels | null;
  readonly rules: GatewaySnapshot['rules']['rules'];
}

/** What it is told: texts to inspect, or other rules. */
export type ToInspection =
  | { readonly id: number; readonly requests: readonly InspectionRequest[] }
  | { readonly rules: InspectionStart['rules'] };

interface Job {
  readonly id: number;
  readonly requests: readonly InspectionRequest[];
  readonly done: (detections: Detection[]) => void;
  readonly fail: (fault: CodedError) => void;
  timer?: NodeJS.Timeout;
}

/** Inspects texts: short ones at once, long ones on a thread of their own. Whatever goes wrong refuses the call. */
export class Inspection {
  readonly #inspector: Inspector;
  readonly #models: GuardModels | null;
  #rules: GatewaySnapshot['rules'] = { version: '', rules: [], conditions: [] };
  #thread: Worker | null = null;
  #jobs: Job[] = [];
  #next = 0;
  /** Characters inspected since the start. */
  characters = 0;

  /** @param models verified model files, in memory that is shared with the thread */
  constructor(models: GuardModels | null) {
    this.#models = models;
    this.#inspector = Inspector.open(models);
  }

  /** Takes the operator's rules, here and on the thread. */
  useRules(rules: GatewaySnapshot['rules']): void {
    if (rules.version === this.#rules.version) return;
    this.#rules = rules;
    this.#inspector.useRules(RuleSet.of(rules.rules));
    this.#thread?.postMessage({ rules: rules.rules });
  }

  /** @throws CodedError `inspection-failed` */
  inspect(requests: readonly InspectionRequest[]): Detection[] | Promise<Detection[]> {
    let characters = 0;
    for (const { text } of requests) characters += text.length;
    this.characters += characters;
    if (characters > LIMITS.inspectInlineBytesMax) return this.#elsewhere(requests);
    const found: Detection[] = [];
    try {
      for (const request of requests) {
        for (const detection of this.#inspector.inspect(request)) found.push(detection);
      }
    } catch (cause) {
      throw new CodedError('inspection-failed', undefined, { cause });
    }
    return found;
  }

  #elsewhere(requests: readonly InspectionRequest[]): Promise<Detection[]> {
    if (this.#jobs.length >= QUEUE_MAX)
      return Promise.reject(new CodedError('overloaded', 'too many long texts wait for inspection'));
    return new Promise((done, fail) => {
      this.#jobs.push({ id: this.#next++, requests, done, fail });
      if (this.#jobs.length === 1) this.#run();
    });
  }

  #run(): void {
    const job = this.#jobs[0];
    if (!job) return;
    this.#thread ??= this.#start();
    job.timer = setTimeout(() => this.#restart(), DEADLINE_MS);
    this.#thread.postMessage({ id: job.id, requests: job.requests });
  }

  #start(): Worker {
    const thread = new Worker(new URL('./inspection-thread.ts', import.meta.url), {
      workerData: { models: this.#models, rules: this.#rules.rules } satisfies InspectionStart,
      resourceLimits: { maxOldGenerationSizeMb: 256 },
    });
    thread.unref();
    thread.on('message', (answer: { id: number; detections: Detection[] | null }) => {
      const job = this.#jobs[0];
      if (job?.id !== answer.id) return;
      this.#finish(answer.detections);
    });
    thread.on('error', () => this.#restart());
    return thread;
  }

  #restart(): void {
    const thread = this.#thread;
    this.#thread = null;
    thread?.removeAllListeners();
    void thread?.terminate();
    this.#finish(null);
  }

  #finish(detections: Detection[] | null): void {
    const job = this.#jobs.shift();
    if (!job) return;
    clearTimeout(job.timer);
    if (detections) job.done(detections);
    else job.fail(new CodedError('inspection-failed'));
    this.#run();
  }

  close(): void {
    this.#thread?.removeAllListeners();
    void this.#thread?.terminate();
  }
}
