import { z } from 'zod';
import { httpUrl } from './config-values.ts';

const addressRange = z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()]);

/** An origin as browsers write it: scheme, host, and a port that is not the scheme's own. */
const originText = z
  .string()
  .max(300)
  .refine(
    (text) => URL.canParse(text) && /^https?:/.test(text) && new URL(text).origin === text,
    'write an origin as browsers do: `https://chat.example`, without a path',
  );

const listener = (port: number) =>
  z.strictObject({
    host: z.string().default('127.0.0.1'),
    port: z.int().min(0).max(65_535).default(port),
    /** Proxies in front, addresses or ranges: what they say in `X-Forwarded-For` is believed, what others say is not. */
    trustedProxies: z.array(addressRange).max(64).default([]),
    /** Required for any address that is not loopback: PEM files, or certificates that are generated. */
    tls: z
      .strictObject({
        certFile: z.string().optional(),
        keyFile: z.string().optional(),
        /** An authority of this installation's own issues them, and renews them; clients are to trust its certificate. */
        generated: z.boolean().default(false),
        /** Further host names and addresses that clients use, for generated ones. */
        names: z
          .array(z.union([z.hostname(), z.ipv4(), z.ipv6()]))
          .max(32)
          .default([]),
        /** Authorities of clients, PEM: then clients are asked for a certificate, and keys may be bound to one. */
        clientCaFile: z.string().optional(),
        /** Whether whoever shows no such certificate gets no connection at all. */
        clientCertificate: z.enum(['optional', 'required']).default('optional'),
      })
      .refine(
        (tls) => tls.clientCertificate === 'optional' || tls.clientCaFile !== undefined,
        'clientCertificate needs clientCaFile',
      )
      .refine(
        ({ generated, certFile, keyFile }) =>
          generated
            ? certFile === undefined && keyFile === undefined
            : certFile !== undefined && keyFile !== undefined,
        'name certFile and keyFile, or have them `generated`',
      )
      .optional(),
  });

/** Where calls come in. */
export const gatewaySchema = listener(8080)
  .extend({
    /** Origins whose pages may call from a browser (CORS), such as `https://chat.example`; none by default. */
    origins: z.array(originText).max(64).default([]),
  })
  .prefault({});

/** Where people and programs of the operator's come in. */
export const controlSchema = listener(8081)
  .extend({
    /** Further host names the control plane answers for. */
    hosts: z.array(z.string()).max(16).default([]),
    /** Where people reach the console, when that is not the address it listens on: `https://sallyport.example`. */
    publicUrl: httpUrl.optional(),
  })
  .prefault({});
