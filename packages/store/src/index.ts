/**
 * All SQL of Sallyport: state (keys, systems, administrators), the outbox through which changes reach the
 * record, and projections that can be rebuilt from it. SQLite inside one process, PostgreSQL when outgrown.
 *
 * Call first: {@link openSqlite} or {@link openPostgres}.
 * Do not trust it with: the record. What is here is state and a view of the log, not the log.
 */
export { Administrators, type AdminRow } from './administrators.ts';
export { Events } from './events.ts';
export type { BlockedKind, ExchangePage, ExchangeRow, Summary, TrafficBucket } from './exchange-views.ts';
export { Exchanges } from './exchanges.ts';
export { type KeyRow, Keys } from './keys.ts';
export { DataFolderLock } from './lock.ts';
export { openPostgres, openSqlite, Store } from './store.ts';
export { type SystemRow, Systems } from './systems.ts';
