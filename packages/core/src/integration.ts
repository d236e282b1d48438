import { z } from 'zod';
import { systemNameSchema } from './config-values.ts';
import { keyScopeSchema } from './key-scope.ts';

/** Kinds of third parties. */
export const INTEGRATION_KINDS = [
  'vendor-model',
  'mcp-server',
  'plugin',
  'webhook',
  'identity-provider',
  'telemetry',
] as const;
export type IntegrationKind = (typeof INTEGRATION_KINDS)[number];

const origin = z
  .url({ protocol: /^https?$/ })
  .max(512)
  // Also asked of what was found to be no URL before.
  .refine((text) => URL.parse(text)?.origin === text.replace(/\/$/, ''), 'write scheme, host and port only')
  .transform((text) => URL.parse(text)?.origin ?? text);

/** What a third party is approved for; calls outside it are refused. */
export const manifestSchema = z.strictObject({
  purpose: z.string().min(1).max(512),
  /** Where it is called. */
  origins: z.array(origin).min(1).max(32),
  /** Systems that it serves, or that may call it. */
  systems: z.array(systemNameSchema).max(256).default([]),
  /** Models of a vendor, as in the scope of a key; all when absent. */
  models: keyScopeSchema.shape.models,
  /** Operations of a vendor, as in the scope of a key; all when absent. */
  operations: keyScopeSchema.shape.operations,
  /** Tools that may be called; none besides when given. */
  tools: z.array(z.string().min(1).max(128)).max(256).optional(),
  /** Classes of data that may go to it; none besides. */
  dataClasses: z.array(z.string().min(1).max(64)).max(32).default([]),
  /**
   * What of its certificates must stay: the `key` of the endpoint, or only who is the `issuer`, for endpoints that get a
   * new key with every renewal.
   */
  certificate: z.enum(['key', 'issuer']).default('key'),
  /** Lets it live at a loopback or private address. */
  allowPrivate: z.boolean().default(false),
});
/** What a third party is approved for. */
export type Manifest = z.infer<typeof manifestSchema>;

/** Keys of an endpoint: SHA-256 of the public key, base64. */
export interface SeenCertificate {
  readonly key: string;
  readonly issuer: string;
}

/** A third party behind a system, as the gateway sees it. */
export interface IntegrationSnapshot {
  readonly name: string;
  /** Why nothing may go to it now, in words; null when it may. */
  readonly refusal: string | null;
  readonly expiresAtMs: number;
  readonly scope: Pick<Manifest, 'models' | 'operations'>;
  readonly certificate: Manifest['certificate'];
  /** What was seen when it was approved, by origin; origins without TLS are absent. */
  readonly certificates: Readonly<Record<string, SeenCertificate>>;
}
