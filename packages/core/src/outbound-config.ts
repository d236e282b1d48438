import { z } from 'zod';
import { httpUrl } from './config-values.ts';
import type { Outbound } from './ports.ts';

/** A proxy that takes CONNECT; `none` where the environment's is not meant. */
const proxySchema = z.union([z.literal('none'), httpUrl]);
const caFile = z.string().min(1).max(4_096);

/** The way out to AI systems. */
export const outboundSchema = z
  .strictObject({
    /** Else what `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` say. */
    proxy: proxySchema.optional(),
    /** Hosts that are reached directly: names, `.example.com` for all below, addresses, ranges, with `:port` or without. */
    noProxy: z.array(z.string().min(1).max(256)).max(256).default([]),
    /** Certificates of authorities that are trusted besides those of the machine, PEM. */
    caFile: caFile.optional(),
    /** What is otherwise for a system. */
    systems: z
      .record(
        z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'is the name of a system'),
        z.strictObject({ proxy: proxySchema.optional(), caFile: caFile.optional() }),
      )
      .default({}),
  })
  .prefault({});
export type OutboundConfig = z.infer<typeof outboundSchema>;

/** The way out where nothing stands between. */
export const DIRECT: Outbound = { proxies: { http: null, https: null }, direct: [], ca: null, systems: {} };
