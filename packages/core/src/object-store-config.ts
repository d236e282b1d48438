import { z } from 'zod';
import { httpUrl, secretRefSchema } from './config-values.ts';

/** An object store that speaks S3. */
export const objectStoreSchema = z.strictObject({
  endpoint: httpUrl,
  bucket: z.string().regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'is no name of a bucket'),
  region: z.string().max(64).default('us-east-1'),
  prefix: z.string().max(256).default(''),
  accessKeyIdRef: secretRefSchema,
  secretAccessKeyRef: secretRefSchema,
  pathStyle: z.boolean().default(true),
  allowPrivate: z.boolean().default(false),
});
export type ObjectStoreConfig = z.infer<typeof objectStoreSchema>;
