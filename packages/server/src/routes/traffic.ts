import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { CodedError, clock } from '@sallyport/core';
import type { ExchangeRow } from '@sallyport/store';
import { streamSSE } from 'hono/streaming';
import { needs } from '../authorisation/route-permissions.ts';
import type { Control } from '../control.ts';
import * as schemas from '../schemas.ts';
import { type Env, exchangeView, failures, json, named, visibleCalls } from './shared.ts';

/** Browsers that may follow traffic at a time. */
const FOLLOWERS_MAX = 256;
/** Of them those of one person or program. */
const FOLLOWERS_OF_ONE_MAX = 8;
/** How often a follower hears of what is new, and how much at most. */
const FOLLOW_MS = 500;
const FOLLOW_ROWS_MAX = 200;
/** A follower connects anew after this long, and its session is looked at again. */
const FOLLOW_FOR_MS = 60_000;

/** Routes that draw the traffic: by time, as it happens, and what enforcing would have blocked. */
export function trafficRoutes(app: OpenAPIHono<Env>, control: Control): void {
  const followers = new Map<string, { ended: boolean }[]>();
  let followed = 0;
  app.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/traffic',
      ...needs('see-traffic', 'systems'),
      summary: 'Calls by minute (up to six hours) or hour, synthetic ones left out',
      request: {
        query: z.object({
          system: z.string().max(64).optional(),
          minutes: z.coerce.number().int().min(1).max(44_640).default(60),
        }),
      },
      responses: {
        200: json(
          z.object({
            width: z.enum(['minute', 'hour']),
            from: z.string(),
            to: z.string(),
            buckets: z.array(schemas.bucketView),
          }),
          'Buckets with traffic, in order; what is not there had none',
        ),
        ...failures,
      },
    }),
    async (c) => {
      const { system, minutes } = c.req.valid('query');
      await control.installation.flush();
      const width = minutes <= 360 ? 'minute' : 'hour';
      const now = clock.nowMs();
      const step = width === 'minute' ? 60_000 : 3_600_000;
      const from = new Date(Math.floor((now - minutes * 60_000) / step) * step + step).toISOString();
      const calls = await visibleCalls(c, control, system);
      const buckets = await control.installation.store.exchanges.traffic(from, width, calls);
      return c.json({ width, from, to: new Date(now).toISOString(), buckets } as const, 200);
    },
  );
  app.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/systems/{name}/report',
      ...needs('read-reports', 'system'),
      summary: 'What enforcing would have blocked on a system, by kind; reading it is recorded',
      request: named('name'),
      responses: { 200: json(schemas.reportView, 'The report'), ...failures },
    }),
    async (c) => {
      const { kinds, ...report } = await control.report(c.var.actor, c.req.param('name'));
      return c.json(
        { ...report, kinds: kinds.map((kind) => ({ ...kind, examples: [...kind.examples] })) },
        200,
      );
    },
  );
  app.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/live',
      ...needs('see-traffic', 'systems'),
      summary: 'Exchanges as they are recorded, as server-sent events',
      responses: {
        200: {
          description: 'Events `exchanges` with a list of exchanges',
          content: { 'text/event-stream': { schema: z.string() } },
        },
        ...failures,
      },
    }),
    async (c) => {
      const { actor } = c.var;
      const scope = await c.var.scope();
      if (followed >= FOLLOWERS_MAX)
        throw new CodedError('overloaded', 'too many pages follow the traffic; close some');
      followed++;
      const own = followers.get(actor) ?? [];
      const follower = { ended: false };
      // The newest page is the one that is looked at: of one person's, the oldest ends.
      followers.set(actor, [...own, follower].slice(-FOLLOWERS_OF_ONE_MAX));
      for (const oldest of own.slice(0, Math.max(0, own.length + 1 - FOLLOWERS_OF_ONE_MAX)))
        oldest.ended = true;
      c.req.raw.signal.addEventListener('abort', () => {
        follower.ended = true;
      });
      return streamSSE(c, async (stream) => {
        const fresh = new Map<string, ExchangeRow>();
        let missed = 0;
        const stop = control.installation.watch((rows) => {
          for (const row of rows) {
            if (fresh.size >= FOLLOW_ROWS_MAX && !fresh.has(row.id)) missed++;
            else fresh.set(row.id, row);
          }
        });
        try {
          const until = clock.nowMs() + FOLLOW_FOR_MS;
          await stream.writeSSE({ event: 'ready', data: '{}' });
          while (!stream.aborted && !follower.ended && clock.nowMs() < until) {
            await stream.sleep(FOLLOW_MS);
            // Whoever was shut out since hears no more.
            if (!(await c.var.stillThere().catch(() => false))) break;
            if (fresh.size === 0) continue;
            const rows = scope.visible([...fresh.values()], (row) => row.system);
            const data = JSON.stringify({ exchanges: rows.map(exchangeView), missed });
            fresh.clear();
            missed = 0;
            await stream.writeSSE({ event: 'exchanges', data });
          }
        } finally {
          stop();
          followed--;
          const left = (followers.get(actor) ?? []).filter((one) => one !== follower);
          if (left.length === 0) followers.delete(actor);
          else followers.set(actor, left);
        }
      }) as never;
    },
  );
  app.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/first-hour',
      ...needs('see-posture', 'organisation'),
      summary: 'The guided first hour: each step, and what shows that it is done',
      responses: { 200: json(schemas.firstHourView, 'The steps'), ...failures },
    }),
    async (c) => {
      const { steps, ...rest } = await control.firstHour((await c.var.scope()).systems);
      return c.json({ ...rest, steps: [...steps] }, 200);
    },
  );
}
