import {
  CodedError,
  type Detection,
  type GatewaySnapshot,
  type InspectionRequest,
  LIMITS,
  type SystemSnapshot,
} from '@sallyport/core';
import { type GuardModels, Inspector, RuleSet } from '@sallyport/guard';
import { InspectionThreads } from './inspection-threads.ts';

/** Shortest credential that answers are searched for: what is shorter, such as `none`, is a word. */
export const CREDENTIAL_CHARACTERS_MIN = 16;

/** Shortest credential that is looked for as it is written; below {@link CREDENTIAL_CHARACTERS_MIN} it must have letters and figures. */
const WRITTEN_MIN = 8;

/** The provider's credential where it is no word that an answer may hold, such as `lm-studio`; else null. */
export function credentialOf({ apiKey }: Pick<SystemSnapshot, 'apiKey'>): string | null {
  if (apiKey === null || apiKey.length < WRITTEN_MIN) return null;
  const drawn = /\d/.test(apiKey) && /[a-z]/i.test(apiKey);
  return drawn || apiKey.length >= CREDENTIAL_CHARACTERS_MIN ? apiKey : null;
}

/** What of a system's settings says how its texts are inspected. @param answer whether the system says them */
export function requestOf(system: SystemSnapshot, answer: boolean): Partial<InspectionRequest> {
  const { apiKey, content, links, privacy, trainingEcho } = system;
  const { names, countries, own } = privacy;
  if (!answer) return { names, countries, own };
  // The provider's credential must not come back either, however it is written.
  const guarded = apiKey !== null && apiKey.length >= CREDENTIAL_CHARACTERS_MIN;
  const canaries = guarded ? [...system.canaries, apiKey] : system.canaries;
  return { canaries, names, countries, own, content, echo: trainingEcho, linkHosts: links.hosts ?? null };
}

/** What a text costs besides its characters, as characters. */
const COST_OF_TEXT = 32;
/** What a character costs where trained models for names or content read it, as characters. */
const COST_OF_MODELS = 2;

/** Inspects texts: short ones at once, others on threads of their own. Whatever goes wrong refuses the call. */
export class Inspection {
  readonly #inspector: Inspector;
  readonly #threads: InspectionThreads;
  #version = '';
  /** Characters inspected since the start. */
  characters = 0;

  /** @param models verified model files, in memory that is shared with the threads */
  constructor(models: GuardModels | null) {
    this.#threads = new InspectionThreads(models);
    this.#inspector = Inspector.open(models);
  }

  /** Takes the operator's rules, here and on the threads. */
  useRules(rules: GatewaySnapshot['rules']): void {
    if (rules.version === this.#version) return;
    this.#version = rules.version;
    this.#inspector.useRules(RuleSet.of(rules.rules));
    this.#threads.useRules(rules.rules);
  }

  /**
   * @param caller callers of long texts take turns
   * @throws CodedError `inspection-failed`, `overloaded`
   */
  inspect(requests: readonly InspectionRequest[], caller = ''): Detection[] | Promise<Detection[]> {
    let characters = 0;
    let cost = 0;
    for (const { text, names, content } of requests) {
      characters += text.length;
      cost += (names || content ? COST_OF_MODELS : 1) * text.length + COST_OF_TEXT;
    }
    this.characters += characters;
    if (cost > LIMITS.inspectInlineCharactersMax) return this.#threads.inspect(requests, characters, caller);
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

  close(): void {
    this.#threads.close();
  }
}
