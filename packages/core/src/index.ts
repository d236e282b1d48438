/**
 * The vocabulary and contracts every other package speaks: events, detections, findings, controls, limits,
 * errors and the configuration schema. Nothing here performs I/O.
 *
 * Call first: {@link CodedError} for faults, {@link parseConfig} for `sallyport.yaml`.
 * Do not trust it with: secrets. Nothing here encrypts, hashes or redacts.
 */

export { type Apart, answerApart, endApart, startApart, tellApart, whyEnded } from './apart.ts';
export { BACKUP_KEEP_DAYS, type BackupConfig } from './backup-config.ts';
export * from './clock.ts';
export * from './condition.ts';
export * from './config.ts';
export {
  credentialParameter,
  httpUrl,
  personNamed,
  secretRefSchema,
  systemNameSchema,
} from './config-values.ts';
export * from './control.ts';
export {
  type Destination,
  destinationOf,
  isSameDestination,
  mayBeSamePlace,
  type SameHost,
} from './destination.ts';
export * from './detection.ts';
export * from './duration.ts';
export * from './errors.ts';
export * from './event.ts';
export * from './exchange.ts';
export * from './faults.ts';
export * from './finding.ts';
export { GatheredBytes } from './gathered-bytes.ts';
export * from './ids.ts';
export { InTurn } from './in-turn.ts';
export * from './integration.ts';
export * from './interval.ts';
export * from './inventory.ts';
export {
  decodeUtf8,
  isNamePointer,
  NAME_MARK,
  Pointers,
  pointerSegment,
  replacedStrings,
  replaceStrings,
  type StringVisitor,
  stringEnd,
  stringVisits,
  toPointer,
  visitStrings,
} from './json.ts';
export { JsonCursor, type PathPart } from './json-cursor.ts';
export * from './key-scope.ts';
export type { RootConfig } from './keys-config.ts';
export * from './limits.ts';
export { bareHost, isLoopback } from './loopback.ts';
export { madeOnce } from './made-once.ts';
export * from './numbers.ts';
export type { ObjectStoreConfig } from './object-store-config.ts';
export * from './opaque.ts';
export * from './outbound-config.ts';
export { ownPath } from './own-path.ts';
export { PERSON_NAME_MARKS, PERSON_NAME_MAX } from './person-name.ts';
export * from './ports.ts';
export * from './prices.ts';
export * from './row-profile.ts';
export { seenDigest } from './seen-digest.ts';
export * from './severity.ts';
export { atOnce, type Steps } from './steps.ts';
export { isStorable } from './storable.ts';
export { type JsonBounds, parseStrictJson, strictJson } from './strict-json.ts';
export {
  changedSettings,
  isLooser,
  isMoved,
  leavesPlace,
  opensPlace,
  type SystemChange,
  systemChangeSchema,
} from './system-change.ts';
export { tableOf } from './table.ts';
export * from './text-rule.ts';
export { textAmong } from './text-runs.ts';
export { HYBRID_GROUP, TLS_GROUPS } from './tls-groups.ts';
export { UnderWay } from './under-way.ts';
export { printableLine, shortened, visible, visibleJson } from './visible.ts';
export { writtenWords } from './written-words.ts';
