/** Entries in memory, not yet in tiles, at which tiles are written without waiting for the clock. */
export const INTEGRATE_BYTES = 8 * 1024 * 1024;
/** Bytes that may wait, unintegrated, before appends are refused: tiles cannot be written. */
export const BACKLOG_BYTES_MAX = 256 * 1024 * 1024;
/** Entries hashed into tiles at a time, at the least. */
export const SLICE = 128;
/** Entries, or bytes of them, that may wait for tiles before appends are slowed down. */
export const AHEAD_ENTRIES_MAX = 8_192;
export const AHEAD_BYTES_MAX = 32 * 1024 * 1024;
/** Milliseconds that a batch waits at the most. */
export const AHEAD_MS_MAX = 1_000;
/** Bytes appended but not yet durable before appends are refused. */
export const QUEUE_BYTES_MAX = 128 * 1024 * 1024;
