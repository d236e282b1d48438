import { z } from 'zod';
import { SEVERITIES } from './severity.ts';
import { ruleIdSchema, textRuleSchema } from './text-rule.ts';

const facts = z.record(z.string(), z.unknown());

/**
 * What a condition is asked about, and what it knows then. Besides, each knows `call`, with `system`, `operation`,
 * `model` and `key`.
 * - `row`: one row of a classifier: `input` by feature, and `output` by tensor, each a value or a list.
 * - `tool`: one call of a tool that a model asks for: `tool.name`, `tool.arguments`.
 * - `call`: a whole call: `input` and `output`, with `text` and `findings` each.
 */
export const CONDITION_SUBJECTS = ['row', 'tool', 'call'] as const;
export type ConditionSubject = (typeof CONDITION_SUBJECTS)[number];

/** A business rule over what a system is asked and decides, which decides last. */
export const conditionSchema = z.strictObject({
  id: ruleIdSchema,
  about: z.string().max(500).default(''),
  on: z.enum(CONDITION_SUBJECTS),
  /** Systems it is for; all of them when absent. */
  systems: z.array(z.string()).min(1).max(256).optional(),
  /** A CEL expression (https://cel.dev) that is true where something is wrong. */
  when: z.string().min(1).max(2_000),
  severity: z.enum(SEVERITIES).default('high'),
  /** `shadow` notes what it finds and does nothing about it. */
  mode: z.enum(['enforce', 'shadow']).default('enforce'),
  references: z.array(z.string().max(100)).max(16).default([]),
  /** Checked whenever the condition is loaded: true of all of `match`, and of none of `miss`. */
  tests: z.strictObject({
    match: z.array(facts).min(1).max(64),
    miss: z.array(facts).min(1).max(64),
  }),
});
/** A business rule over what a system is asked and decides. */
export type Condition = z.infer<typeof conditionSchema>;

/** A file of rules: over texts, and over what systems are asked and decide. */
export const ruleFileSchema = z.strictObject({
  rules: z.array(textRuleSchema).max(1_000).default([]),
  conditions: z.array(conditionSchema).max(200).default([]),
});
