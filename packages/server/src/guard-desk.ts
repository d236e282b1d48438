import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { atLeast, CodedError, type Detection, type InspectionRequest } from '@sallyport/core';
import { InspectionThreads } from '@sallyport/gateway';
import {
  CONTENT_CATEGORIES,
  ContentModel,
  DENY_AT,
  FLAG_AT,
  type GuardModels,
  INJECTION_RULES,
  InjectionModel,
  NameTagger,
  PII_ENTITIES,
  SECRET_RULES,
} from '@sallyport/guard';
import type { LoadedRules } from './rules-folder.ts';

/** What the guard consists of. */
export interface GuardOverview {
  readonly models: readonly { readonly name: string; readonly version: string }[];
  readonly thresholds: { readonly flagAt: number; readonly denyAt: number };
  readonly detectors: readonly { readonly name: string; readonly kinds: number; readonly how: string }[];
  readonly rules: LoadedRules;
  /** Share of harmless texts and of attacks of the evaluation sets above each probability, as last measured. */
  readonly curve: readonly { readonly at: number; readonly harmless: number; readonly attacks: number }[];
}

/** What the guard makes of one text. */
export interface CheckedText {
  readonly verdict: 'allow' | 'flag' | 'deny';
  readonly injection: number;
  readonly detections: readonly Detection[];
  /** The text as every reading has it; the first is the text itself, normalised. */
  readonly views: readonly { readonly chain: string; readonly text: string }[];
}

/** What default policy makes of detections: grave ones are denied, others flagged, names and the like merely listed. */
export function defaultVerdict(all: readonly Detection[]): CheckedText['verdict'] {
  const detections = all.filter(({ shadow }) => !shadow);
  if (detections.some(({ severity }) => atLeast(severity, 'high'))) return 'deny';
  return detections.some(({ severity }) => atLeast(severity, 'medium')) ? 'flag' : 'allow';
}

/** What the guard makes of texts that are the same every night. */
export interface GuardDrill {
  readonly detection: {
    readonly attacks: number;
    readonly seen: number;
    readonly harmless: number;
    readonly flagged: number;
  };
  /** Values planted in texts, and those that were still there when the texts had been masked. */
  readonly residual: { readonly planted: number; readonly left: number };
}

/** How long a drill may take. */
const DRILL_MS = 60_000;

function readCurve(): GuardOverview['curve'] {
  try {
    const path = fileURLToPath(import.meta.resolve('@sallyport/guard/model/curve.json'));
    return JSON.parse(readFileSync(path, 'utf8')) as GuardOverview['curve'];
  } catch {
    return [];
  }
}

/** The guard as people look at it: what it consists of, and what it makes of a text. Nothing of a text is kept. */
export class GuardDesk {
  readonly #models: GuardModels;
  readonly #rules: () => LoadedRules;
  #versions: GuardOverview['models'] | null = null;
  readonly #threads: InspectionThreads;
  #version = '';
  #drilling: Promise<GuardDrill> | null = null;

  /**
   * @param rules those that decide now
   * @param threads that inspect texts
   */
  constructor(
    models: GuardModels,
    rules: () => LoadedRules,
    threads: InspectionThreads = new InspectionThreads(models),
  ) {
    this.#models = models;
    this.#rules = rules;
    this.#threads = threads;
  }

  overview(): GuardOverview {
    const entities = Object.keys(PII_ENTITIES).length;
    // The models stay the same as long as the server runs.
    this.#versions ??= [
      { name: 'injection', version: InjectionModel.parse(this.#models.injection).header.version },
      { name: 'names', version: NameTagger.parse(this.#models.names).header.version },
      { name: 'content', version: ContentModel.parse(this.#models.content).header.version },
    ];
    return {
      models: this.#versions,
      thresholds: { flagAt: FLAG_AT, denyAt: DENY_AT },
      detectors: [
        { name: 'injection', kinds: INJECTION_RULES.length + 1, how: 'rules, and a trained model' },
        { name: 'secret', kinds: SECRET_RULES.length, how: 'patterns by provider, entropy' },
        { name: 'pii', kinds: entities, how: 'patterns, check digits, a trained tagger' },
        { name: 'canary', kinds: 1, how: 'every spelling and encoding of each canary' },
        { name: 'system-prompt-leak', kinds: 1, how: 'runs of twelve words' },
        { name: 'training-echo', kinds: 1, how: 'runs of twelve words of the texts you name' },
        {
          name: 'content',
          kinds: CONTENT_CATEGORIES.length,
          how: 'a trained model, where a system wants it',
        },
        { name: 'link', kinds: 6, how: 'patterns' },
        { name: 'command', kinds: 9, how: 'patterns over the arguments of tool calls' },
        { name: 'obfuscation', kinds: 1, how: 'invisible characters, counted' },
        { name: 'unread', kinds: 1, how: 'bounds that were reached' },
        { name: 'rule', kinds: this.#rules().rules.length, how: 'rules of yours over texts' },
        { name: 'condition', kinds: this.#rules().conditions.length, how: 'rules of yours over decisions' },
      ],
      rules: this.#rules(),
      curve: readCurve(),
    };
  }

  /** Runs the guard over generated texts, on a thread that ends with it. @throws Error when it gives no answer */
  drill(): Promise<GuardDrill> {
    // The same texts and the same models give the same result: who asks while one runs shares it.
    this.#drilling ??= this.#drill().finally(() => {
      this.#drilling = null;
    });
    return this.#drilling;
  }

  #drill(): Promise<GuardDrill> {
    return new Promise((done, fail) => {
      const thread = new Worker(new URL('./guard-drill-thread.ts', import.meta.url), {
        workerData: this.#models,
      });
      const timer = setTimeout(() => {
        fail(new Error('the drill took too long'));
        void thread.terminate();
      }, DRILL_MS);
      timer.unref();
      thread.unref();
      thread.once('message', (drill: GuardDrill) => {
        clearTimeout(timer);
        done(drill);
        void thread.terminate();
      });
      thread.once('error', (fault) => {
        clearTimeout(timer);
        fail(fault);
      });
    });
  }

  /**
   * Inspects a text as a call would have it inspected: on a thread, under a deadline, since nothing else waits here.
   * @param caller callers take turns
   * @throws CodedError `inspection-failed` when it takes too long, `overloaded`
   */
  async check(
    text: string,
    channel: InspectionRequest['channel'],
    names: boolean,
    caller: string,
  ): Promise<CheckedText> {
    const { version, rules } = this.#rules();
    if (version !== this.#version) {
      this.#threads.useRules(rules);
      this.#version = version;
    }
    const request = { text, channel, pointer: '', names, content: channel === 'output' };
    const assessment = await this.#threads.assess(request, caller).catch((fault: CodedError) => {
      throw fault.code === 'inspection-failed'
        ? new CodedError('inspection-failed', 'the text could not be inspected in time; try a shorter one')
        : fault;
    });
    return { verdict: defaultVerdict(assessment.detections), ...assessment };
  }

  /** Ends the threads. */
  close(): void {
    this.#threads.close();
  }
}
