import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { needs } from '../authorisation/route-permissions.ts';
import { requireOwn } from '../backups/backup-desk.ts';
import type { Control } from '../control.ts';
import { body, type Env, failures, json } from './shared.ts';

const path = z.string().min(1).max(4096).optional();
const order = z
  .strictObject({
    of: z.enum(['data', 'keys']).default('data'),
    file: path,
    recipients: z.array(z.string().max(4096)).max(16).optional(),
  })
  .openapi('BackupOrder');
const made = z
  .object({
    file: z.string(),
    of: z.enum(['data', 'keys']),
    bytes: z.number(),
    sha256: z.string(),
    files: z.number(),
    recipients: z.number(),
    quantumSafe: z.boolean(),
    tookMs: z.number(),
  })
  .openapi('BackupMade');
const drill = z
  .object({
    file: z.string(),
    passed: z.boolean(),
    detail: z.string(),
    entries: z.number(),
    rows: z.number(),
    bytes: z.number(),
    tookMs: z.number(),
  })
  .openapi('BackupDrill');
const noted = z.object({ at: z.string(), data: z.record(z.string(), z.unknown()) }).nullable();
const listing = z
  .object({
    folder: z.string().nullable(),
    everyHours: z.number().nullable(),
    keepDays: z.number().nullable(),
    drillEveryHours: z.number().nullable(),
    recipients: z.number(),
    running: z.enum(['backup', 'drill']).nullable(),
    backups: z.array(z.object({ file: z.string(), bytes: z.number(), at: z.string() })),
    lastMade: noted,
    lastDrilled: noted,
    archive: z
      .object({
        to: z.string(),
        size: z.number(),
        at: z.string().nullable(),
        fault: z.string().nullable(),
      })
      .nullable(),
  })
  .openapi('BackupListing');

/** Routes of backups. */
export function backupRoutes(app: OpenAPIHono<Env>, control: Control): void {
  app.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/backups',
      ...needs('see-vault', 'organisation'),
      summary: 'List backups, when the next is due, and what restoring the last came to',
      responses: { 200: json(listing, 'Every backup'), ...failures },
    }),
    async (c) => {
      const { backup } = control.config;
      const { made: lastMade, drilled } = await control.backups.last();
      return c.json(
        {
          folder: backup?.folder ?? null,
          everyHours: backup?.everyHours ?? null,
          keepDays: backup?.keepDays ?? null,
          drillEveryHours: backup?.drillEveryHours ?? null,
          recipients: backup?.recipients.length ?? 0,
          running: control.backups.running,
          backups: control.backups.list(),
          lastMade: lastMade && { at: lastMade.at, data: lastMade.data },
          archive: control.archive.state(),
          lastDrilled: drilled && { at: drilled.at, data: drilled.data },
        },
        200,
      );
    },
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/backups',
      ...needs('make-backups', 'organisation'),
      summary: 'Make a backup while everything goes on; answers when it was read again and is whole',
      request: body(order),
      responses: { 200: json(made, 'What it came to'), ...failures },
    }),
    async (c) => {
      const asked = c.req.valid('json');
      requireOwn(c.var.actor, asked);
      return c.json(await control.backups.make(c.var.actor, asked), 200);
    },
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/backups/drill',
      ...needs('make-backups', 'organisation'),
      summary: 'Restore a backup into a folder of its own, take the time, and remove it again',
      request: body(z.strictObject({ file: path }).openapi('BackupDrillOrder')),
      responses: { 200: json(drill, 'What it came to'), ...failures },
    }),
    async (c) => {
      const { file } = c.req.valid('json');
      requireOwn(c.var.actor, { file });
      return c.json(await control.backups.drill(c.var.actor, file), 200);
    },
  );
}
