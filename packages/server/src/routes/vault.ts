import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { needs } from '../authorisation/route-permissions.ts';
import type { SystemScope } from '../authorisation/system-scope.ts';
import type { Control } from '../control.ts';
import { cryptoBom } from '../crypto-bom.ts';
import { ROTATIONS } from '../key-desk.ts';
import { SHREDDED } from '../key-home.ts';
import { type KeyListing, listKeys } from '../key-listing.ts';
import { lookAtEndpoints } from '../tls/tls-endpoints.ts';
import { body, type Env, failures, json } from './shared.ts';

const keyEncryptionKey = z.object({
  id: z.string(),
  purpose: z.string(),
  owner: z.string(),
  version: z.number(),
  suite: z.string(),
  createdAt: z.string(),
  retiredAt: z.string().nullable(),
  provider: z.string(),
  wraps: z.number(),
});

const listing = z
  .object({
    root: z.object({ id: z.string(), kind: z.string(), place: z.string(), exposed: z.boolean() }),
    keyEncryptionKeys: z.array(keyEncryptionKey),
    dataKeys: z.array(
      z.object({
        id: z.string(),
        purpose: z.string(),
        day: z.string(),
        suite: z.string(),
        parent: z.string(),
      }),
    ),
    signingKeys: z.array(
      z.object({ name: z.string(), algorithms: z.array(z.string()), parent: z.string().nullable() }),
    ),
    progress: z.object({ what: z.enum(ROTATIONS), done: z.number(), of: z.number() }).nullable(),
  })
  .openapi('VaultListing');

const rotation = z
  .strictObject({ what: z.enum(ROTATIONS), suite: z.string().max(64).optional() })
  .openapi('VaultRotation');
const rotated = z
  .object({
    what: z.enum(ROTATIONS),
    suite: z.string().nullable(),
    made: z.number(),
    wrapped: z.number(),
    destroyed: z.number(),
    verifierKeys: z.array(z.string()).readonly().optional(),
    sealed: z.number().optional(),
    corrupt: z.array(z.string()).readonly().optional(),
  })
  .openapi('VaultRotated');
const shredding = z
  .strictObject({
    purpose: z.string().regex(SHREDDED, 'is `system:NAME` or `subject:NAME`'),
  })
  .openapi('VaultShredding');

/** The system that a key is of, by its purpose and owner as `PURPOSE:OWNER`; null for others. */
const systemOfKey = (of: string): string | null => /^(?:system|pseudonyms):(.+)$/.exec(of)?.[1] ?? null;

/** Routes of the keys that seal what is stored. */
export function vaultRoutes(app: OpenAPIHono<Env>, control: Control): void {
  /** The keys that somebody may be told of. */
  const listed = (scope: SystemScope): KeyListing => {
    const keys = listKeys(control.installation);
    return {
      ...keys,
      keyEncryptionKeys: scope.visible(keys.keyEncryptionKeys, ({ purpose, owner }) =>
        systemOfKey(`${purpose}:${owner}`),
      ),
      dataKeys: scope.visible(keys.dataKeys, ({ purpose }) => systemOfKey(purpose)),
    };
  };
  app.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/vault',
      ...needs('see-vault', 'organisation'),
      summary: 'List the keys that seal what is stored, from the root down; none of them secret',
      responses: { 200: json(listing, 'Every key'), ...failures },
    }),
    async (c) => {
      const { root, keyEncryptionKeys, dataKeys, signingKeys } = listed(await c.var.scope());
      return c.json(
        {
          root,
          keyEncryptionKeys: [...keyEncryptionKeys],
          dataKeys: [...dataKeys],
          signingKeys: signingKeys.map((key) => ({ ...key, algorithms: [...key.algorithms] })),
          progress: control.vault.progress,
        },
        200,
      );
    },
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/vault/rotate',
      ...needs('rotate-vault', 'organisation'),
      summary:
        'Change keys for new ones, or seal stored files again, while calls go on; answers when all of it is done',
      request: body(rotation),
      responses: { 200: json(rotated, 'What it came to'), ...failures },
    }),
    async (c) => {
      const { what, suite } = c.req.valid('json');
      return c.json(await control.vault.rotate(c.var.actor, what, suite), 200);
    },
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/vault/shred',
      ...needs('shred-vault', 'organisation'),
      summary: 'Destroy every key of a system or person: what was said is gone, in backups too',
      request: body(shredding),
      responses: {
        200: json(z.object({ purpose: z.string(), keys: z.number() }), 'How many keys went'),
        ...failures,
      },
    }),
    async (c) => c.json(await control.vault.shred(c.var.actor, c.req.valid('json').purpose), 200),
  );
  app.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/crypto-bom',
      ...needs('see-vault', 'organisation'),
      summary: 'A bill of materials of everything cryptographic (CycloneDX 1.7)',
      responses: { 200: json(z.record(z.string(), z.unknown()), 'CycloneDX'), ...failures },
    }),
    async (c) => {
      const scope = await c.var.scope();
      return c.json(cryptoBom(listed(scope), await lookAtEndpoints(control, scope.systems)), 200);
    },
  );
}
