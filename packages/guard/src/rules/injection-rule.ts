import type { Severity } from '@sallyport/core';

/** One readable rule: literals that must occur, then a bounded pattern over the lower-case view. */
export interface InjectionRule {
  readonly id: string;
  /** Lower-case literals, one of which must occur before the pattern is tried. */
  readonly keywords: readonly string[];
  /** Global; gaps are bounded, so that matching is linear in the text. */
  readonly pattern: RegExp;
  readonly severity: Severity;
  readonly confidence: number;
  /** Where it applies: what a person says, or also what the system merely reads. */
  readonly channels: readonly ('user' | 'document')[];
  readonly references: readonly string[];
  /** Checked by the tests: each must match, each must not. */
  readonly examples: { readonly match: readonly string[]; readonly miss: readonly string[] };
}

/** References of injections. */
export const INJECTION = ['LLM01:2025', 'AML.T0051', 'CWE-1427'];
/** References of system prompt extraction. */
export const EXTRACTION = ['LLM07:2025', 'AML.T0056'];
/** References of jailbreaks. */
export const JAILBREAK = ['LLM01:2025', 'AML.T0054'];
/** What a person says and what a system reads. */
export const BOTH = ['user', 'document'] as const;

/** Builds a rule from its columns. */
export const rule = (
  id: string,
  keywords: string[],
  pattern: RegExp,
  severity: Severity,
  confidence: number,
  references: string[],
  match: string[],
  miss: string[],
  channels: InjectionRule['channels'] = BOTH,
): InjectionRule => ({
  id,
  keywords,
  pattern,
  severity,
  confidence,
  channels,
  references,
  examples: { match, miss },
});
