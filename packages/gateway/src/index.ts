/**
 * The data plane: one mandatory pipeline between callers and AI systems, and nothing else. Workers are threads;
 * they hold no SQL and decide by versioned snapshots.
 *
 * Call first: {@link GatewayPool.start}.
 * Do not trust it with: policy or keys. It enforces what the snapshot says; the control plane writes the snapshot.
 */
export { classifyAddress } from './address.ts';
export type { BackingOff } from './breaker.ts';
export { seenCertificate } from './certificate-pin.ts';
export { addressKey, Resolved } from './closed-places.ts';
export { Counters, DAY_MS, SLOTS_MAX, WORKERS_MAX } from './counters.ts';
export { NOT_SHOWN } from './exchange.ts';
export { InspectionThreads } from './inspection-threads.ts';
export type { GatewayStats, ShutOut } from './messages.ts';
export { GatewayPool, type GatewayPoolOptions } from './pool.ts';
export { type Reached, reach } from './reach.ts';
export { safeFetch } from './safe-fetch.ts';
export { safeLookup } from './safe-lookup.ts';
export { forVectors, verdictOf } from './state.ts';
