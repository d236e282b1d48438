/**
 * All SQL of Sallyport: state (keys, systems, people), the outbox through which changes reach the
 * record, and projections that can be rebuilt from it. SQLite inside one process, PostgreSQL when outgrown.
 *
 * Call first: {@link openSqlite} or {@link openPostgres}.
 * Do not trust it with: the record. What is here is state and a view of the log, not the log.
 */
export { type AiUse, AiUses, type NotedUse, usesDigest } from './ai-uses.ts';
export type { Asking } from './asking.ts';
export { compactSqlite, loadPostgres, loadSqlite, openPostgres, openSqlite, viewState } from './engines.ts';
export { Events } from './events.ts';
export type { ExchangeFilter, ExchangePage } from './exchange-filter.ts';
export {
  ABOUT_MODELS,
  type BlockedKind,
  type ExchangeRow,
  type Summary,
  type TrafficBucket,
} from './exchange-views.ts';
export { closedRow, Exchanges, eventRow, openRow, PROJECTED_TOGETHER_MAX } from './exchanges.ts';
export { dayKey, type ExpiredRange, type ExpiringCalls } from './expired-calls.ts';
export type { FactorKind, FactorRow } from './factors.ts';
export { findingDigest, type NotedDetection, type ScanEnd } from './finding-rows.ts';
export { Findings } from './findings.ts';
export { GrantingRows, RowDigest, type RowDigests, type Said, touch } from './granting.ts';
export {
  GRANTING_TABLES,
  type GrantingTable,
  grantingOf,
  HELD,
  isHeld,
  mustBeThere,
} from './granting-tables.ts';
export type { HoldRow } from './holds.ts';
export { type IntegrationRow, Integrations } from './integrations.ts';
export { type Assessment, type DataSource, InventoryStore } from './inventory.ts';
export { type KeyRow, Keys } from './keys.ts';
export { DataFolderLock } from './lock.ts';
export { LogRows, type SavedLogRows } from './log-rows.ts';
export { withRows } from './noted-rows.ts';
export type { GrantRow, PersonRow } from './people.ts';
export { type PriceList, priceEvents } from './prices.ts';
export type { ProgramRow } from './programs.ts';
export { type ProjectedRows, projectedOf } from './projected-rows.ts';
export type { LeftOut } from './projection-fault.ts';
export type { GroupRow, ProvisionedPerson } from './provisioning.ts';
export {
  type ReviewDecision,
  type ReviewItemRow,
  type ReviewKind,
  type ReviewRow,
  Reviews,
} from './reviews.ts';
export type { SecretOriginRow } from './secret-origins.ts';
export type { DeviceRow, SessionRow } from './sessions.ts';
export type { Room, UnstoredChange } from './shutting-out.ts';
export type { EventRow, StateView } from './state-view.ts';
export { type Connection, Store } from './store.ts';
export { livesAnew, removedName } from './system-births.ts';
export { type SystemRow, Systems } from './systems.ts';
export type { TicketKind, TicketRow } from './tickets.ts';
export { requireTrusted } from './trusted-file.ts';
