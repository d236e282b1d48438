/**
 * Pure inspection of content: no I/O, no clock, no state between texts. Decodes what hides a text, detects
 * injections, personal data, secrets and leaks, and redacts.
 *
 * Call first: `new Inspector().inspect({ text, pointer: '', channel: 'user' })`.
 * Do not trust it with: semantic attacks. Rules see what is said, not what is meant; see `docs/THREATS.md`.
 */

export { CONTENT_CATEGORIES, type ContentCategory, ContentModel } from './content/content-model.ts';
export { type GuardModels, type Inspected, Inspector } from './inspector.ts';
export { DENY_AT, FLAG_AT, InjectionModel } from './model/injection-model.ts';
export { type NameMatch, NameTagger } from './names/tagger.ts';
export { FENCE_START, type FenceLead, type FenceState, fenceAfter } from './output/links/code-fence.ts';
export {
  ANY_REFERENCES,
  bothReferences,
  NO_REFERENCES,
  type References,
  referencesAfter,
} from './output/links/references.ts';
export { watchedPrompts } from './output/prompt-leak.ts';
export { learnTrainingEcho, TrainingEcho } from './output/training-echo.ts';
export { PII_ENTITIES, type PiiEntity, type PiiMatch } from './pii/entity.ts';
export { findNames } from './pii/find-names.ts';
export { findPii } from './pii/find-pii.ts';
export {
  type Found,
  PLACEHOLDER,
  putBack,
  REPLACEMENTS,
  Redactor,
  type Replacement,
  type Replacing,
} from './redaction.ts';
export { Leaves } from './restoring/leaves.ts';
export type { Place, Placed } from './restoring/place.ts';
export { Placeholders } from './restoring/placeholders.ts';
export { type Position, type RowText, TextRow } from './restoring/text-row.ts';
export type { InjectionRule } from './rules/injection-rule.ts';
export { INJECTION_RULES } from './rules/injection-rules.ts';
export { RuleError, type RuleMatch, RuleSet } from './rules/rule-set.ts';
export { findSecrets, SECRET_RULES, type SecretMatch } from './secrets/find-secrets.ts';
export type { SecretRule } from './secrets/secret-rule.ts';
export { checkRow, type RowReason, squeezeRow } from './tabular/check-row.ts';
export { learnProfile, ProfileError } from './tabular/profile.ts';
export { canonicalise, type View } from './views/canonicalise.ts';
