/**
 * Static analysis of model files: what loading one would do, found without loading it. Nothing is run, nothing is
 * fetched, and what cannot be read to its end is incomplete, never clean.
 *
 * Call first: {@link scanFiles}, or {@link scanFile} for one file.
 * Do not trust it with: whether a model is right, unbiased or free of a backdoor in its weights.
 */
export { type BudgetLimits, DEFAULT_BUDGET } from './budget.ts';
export {
  AdvisoryDatabase,
  type DatabaseDescription,
  importAdvisories,
} from './dependencies/advisories/database.ts';
export { type DependencyReport, inspectDependencies } from './dependencies/inspect-dependencies.ts';
export type { Vulnerability } from './dependencies/judge-packages.ts';
export { type DiscoveryReport, discover, type KnownUse } from './discovery/discover.ts';
export { HIT_KINDS, type Hit, type HitKind, hitFingerprint } from './discovery/hit.ts';
export { serviceOfHost } from './discovery/services.ts';
export { readGuardModel } from './guard-model.ts';
export { type AllowedGroup, AllowList, RULES, shippedGroups } from './pickle/allow-list.ts';
export { parseAllowedGroups } from './pickle/allowed-groups.ts';
export { toCycloneDx } from './report/cyclonedx.ts';
export { type RegisteredKind, recognitionGap } from './report/recognition.ts';
export { toSarif } from './report/sarif.ts';
export { type ModelFacts, toSpdx } from './report/spdx.ts';
export type { RunLimits } from './run-ceiling.ts';
export { type FileReport, scanFile, scanSource } from './scan-file.ts';
export { type ScanReport, scanFiles } from './scan-files.ts';
export { type FileVerdict, TECHNIQUES, type Technique, VERDICTS } from './techniques.ts';
export type { SkippedFolder } from './tree/passed-folders.ts';
export { isToldWhole, saysUnread } from './wholeness.ts';
