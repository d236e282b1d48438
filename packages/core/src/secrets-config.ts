import { z } from 'zod';
import { httpUrl, secretRefSchema } from './config-values.ts';

/**
 * Which secrets systems may name that are added over the API. References in `sallyport.yaml` itself need none of this.
 */
export const secretsSchema = z
  .strictObject({
    /** A folder; a file in it may be named as `file:NAME`. */
    folder: z.string().min(1).max(4096).optional(),
    /** Names of environment variables. */
    environment: z
      .array(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,254}$/, 'is no name of a variable'))
      .max(256)
      .default([]),
    /** Where a secret may be sent, by reference: scheme, host and port. Elsewhere it goes only with approval. */
    origins: z.record(secretRefSchema, z.array(httpUrl).min(1).max(16)).default({}),
  })
  .prefault({});
