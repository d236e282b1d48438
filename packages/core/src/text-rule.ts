import { z } from 'zod';
import { SEVERITIES } from './severity.ts';

/** The name of a rule: shown as the technique of what it finds. */
export const ruleIdSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{1,62}$/, 'is 2 to 63 small letters, figures and dashes');

/** A rule of the operator over texts. Letters of either case are alike; texts are read as the canonicaliser has them. */
export const textRuleSchema = z.strictObject({
  id: ruleIdSchema,
  about: z.string().max(500).default(''),
  /** What a person says, what the system reads, what it answers. */
  channels: z
    .array(z.enum(['user', 'document', 'output']))
    .min(1)
    .default(['user', 'document', 'output']),
  /** For readers; which languages its words are of. */
  languages: z
    .array(z.string().regex(/^[a-z]{2,3}$/))
    .max(64)
    .default([]),
  severity: z.enum(SEVERITIES).default('high'),
  /** `shadow` notes what it finds and does nothing about it. */
  mode: z.enum(['enforce', 'shadow']).default('enforce'),
  /** One of these must occur; without a pattern, whole words of them are what is found. */
  any: z.array(z.string().min(2).max(200)).min(1).max(512),
  /** RE2 syntax: matched in linear time, whatever the text. */
  pattern: z.string().min(1).max(2_000).optional(),
  references: z.array(z.string().max(100)).max(16).default([]),
  /** Checked whenever the rule is loaded: all of `match` must be found, none of `miss`. */
  tests: z.strictObject({
    match: z.array(z.string().max(2_000)).min(1).max(64),
    miss: z.array(z.string().max(2_000)).min(1).max(64),
  }),
});
/** A rule of the operator over texts. */
export type TextRule = z.infer<typeof textRuleSchema>;
