import { z } from 'zod';
import { LIMITS } from './limits.ts';

/** How long the gateway waits for others, in milliseconds. */
export const deadlinesSchema = z
  .strictObject({
    connectMs: z.int().min(10).max(120_000).default(5_000),
    firstByteMs: z.int().min(10).max(3_600_000).default(600_000),
    idleMs: z.int().min(10).max(3_600_000).default(60_000),
    bodyMs: z.int().min(10).max(600_000).default(30_000),
  })
  .prefault({});

/** How large bodies, answers and events may be. */
export const limitsSchema = z
  .strictObject({
    bodyBytesMax: z
      .int()
      .min(1024)
      .max(256 * 1024 * 1024)
      .default(LIMITS.bodyBytesMax),
    responseBytesMax: z
      .int()
      .min(1024)
      .max(1024 * 1024 * 1024)
      .default(LIMITS.responseBytesMax),
    streamBytesMax: z
      .int()
      .min(1024)
      .max(4 * 1024 * 1024 * 1024)
      .default(LIMITS.streamBytesMax),
    streamEventBytesMax: z
      .int()
      .min(1024)
      .max(128 * 1024 * 1024)
      .default(LIMITS.streamEventBytesMax),
    /** Strings that a whole answer may hold. */
    answerStringsMax: z.int().min(1_000).max(10_000_000).default(LIMITS.answerStringsMax),
    /** Calls in flight on one gateway worker; beyond most of them callers get their part only. */
    inFlightMax: z.int().min(2).max(65_536).default(LIMITS.inFlightMax),
  })
  .prefault({});
