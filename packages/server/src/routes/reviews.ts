import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import {
  BREAK_GLASS_MINUTES_MAX,
  type Decided,
  itemsDigest,
  type Proof,
  type ReviewView,
  type Who,
} from '@sallyport/access';
import { CodedError, clock } from '@sallyport/core';
import type { Context } from 'hono';
import * as schemas from '../account-schemas.ts';
import { untilMs } from '../authorisation/lasting.ts';
import { needs } from '../authorisation/route-permissions.ts';
import type { Control } from '../control.ts';
import { log } from '../log.ts';
import { openSample } from '../reviews-due.ts';
import { body, cameFrom, type Env, failures, json, named, relyingParty } from './shared.ts';

const kinds = z.enum(['grants', 'sample', 'break-glass']);
const decisions = z.enum(['keep', 'remove', 'expected', 'unexpected']);

/** Days that people have at least to decide on roles, where an administrator says how many. */
const GRANTS_DUE_DAYS_MIN = 7;

const reviewView = z
  .object({
    id: z.string(),
    kind: kinds,
    seed: z.string().describe('size and root of the record when items were chosen by chance; else empty'),
    openedAt: z.string(),
    openedBy: z.string(),
    dueAt: z.string(),
    closedAt: z.string().nullable(),
    items: z.number(),
    undecided: z.number(),
    overdue: z.boolean(),
  })
  .openapi('Review');
const deciding = z
  .number()
  .describe('people who could decide on one now; roles lapse only where someone could');
const openedView = reviewView.extend({ deciding }).openapi('OpenedReview');
const itemView = z
  .object({
    id: z.string(),
    subject: z.string().describe('id of the grant or event'),
    holder: z.string().describe('whom it is about; they cannot decide on it'),
    evidence: z.record(z.string(), z.unknown()),
    suggestion: z.object({ decision: decisions, why: z.string() }).nullable(),
    decision: z.enum([...decisions.options, 'lapsed']).nullable(),
    reason: z.string().nullable(),
    decidedBy: z.string().nullable(),
    decidedAt: z.string().nullable(),
  })
  .openapi('ReviewItem');
const detail = z.object({
  review: reviewView,
  items: z.array(itemView),
  digest: z.string().describe('of the items as they are shown; a statement carries it'),
});

/** Whoever signs is a person with a session: reviews are for people. */
const person = (c: Context<Env>): Who => {
  const { principal } = c.var;
  if (principal.kind === 'person') return principal.who;
  throw new CodedError('not-permitted', 'only people who signed in decide on reviews');
};

/** Routes of access reviews, and of emergency access, which is always reviewed. */
export function reviewRoutes(app: OpenAPIHono<Env>, control: Control): void {
  const reviews = () => control.accounts.reviews;
  const view = async (id: string): Promise<ReviewView> => {
    const found = (await reviews().list()).find((one) => one.id === id);
    if (!found) throw new CodedError('not-found', `there is no review \`${id.slice(0, 64)}\``);
    return found;
  };

  app.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/reviews',
      ...needs('see-reviews', 'organisation'),
      summary: 'List reviews of access, newest first',
      responses: {
        200: json(
          z.object({
            reviews: z.array(reviewView),
            deciding,
          }),
          'All of them',
        ),
        ...failures,
      },
    }),
    async (c) => c.json({ reviews: await reviews().list(), deciding: await reviews().deciding() }, 200),
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/reviews',
      ...needs('open-reviews', 'organisation'),
      summary: 'Open a review: of every role that is held, or of events chosen by chance',
      request: body(
        z.strictObject({
          kind: z.enum(['grants', 'sample']),
          dueDays: z.int().min(1).max(90).optional(),
        }),
      ),
      responses: { 201: json(openedView, 'Opened'), ...failures },
    }),
    async (c) => {
      const { kind, dueDays } = c.req.valid('json');
      const { access } = control.config;
      if (kind === 'grants') {
        // Roles that nobody decides on are taken when it is due.
        await c.var.permit('take-roles', { kind: 'organisation' });
        if (dueDays !== undefined && dueDays < GRANTS_DUE_DAYS_MIN)
          throw new CodedError(
            'request-invalid',
            `roles that nobody decides on lapse when the review is due: give it at least ${GRANTS_DUE_DAYS_MIN} days`,
          );
      }
      const due = dueDays ?? access.reviews.dueDays;
      const opened =
        kind === 'grants'
          ? await reviews().openGrants(c.var.actor, due, access.unusedGrantDays)
          : await openSample(control, c.var.actor, due);
      if (!opened)
        throw new CodedError('conflict', 'nothing happened in the last week that could be sampled');
      return c.json({ ...(await view(opened.id)), deciding: await reviews().deciding() }, 201);
    },
  );
  app.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/reviews/{id}',
      ...needs('see-reviews', 'organisation'),
      summary: 'One review, with what is known of each item and what that suggests',
      request: named('id'),
      responses: { 200: json(detail, 'The review'), ...failures },
    }),
    async (c) => {
      const { review, items } = await reviews().one(c.req.param('id'));
      return c.json(
        {
          review: await view(review.id),
          items: items.map(({ reviewId: _, ...item }) => item),
          digest: itemsDigest(items),
        },
        200,
      );
    },
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/reviews/{id}/statement',
      ...needs('decide-reviews', 'organisation'),
      summary: 'Word what you decide, to sign it',
      request: {
        ...named('id'),
        ...body(
          z.strictObject({
            decisions: z
              .array(
                z.strictObject({
                  item: z.string().max(64),
                  decision: decisions,
                  reason: z.string().max(1_024).optional(),
                }),
              )
              .min(1)
              .max(1_000),
            digest: z.string().length(64).describe('of what was looked at'),
          }),
        ),
      },
      responses: {
        200: json(
          z.object({
            ticket: z.string(),
            statement: z.string().describe('what is signed, word for word'),
            options: z
              .record(z.string(), z.unknown())
              .nullable()
              .describe('what a passkey is asked to sign; null where you have none'),
          }),
          'The statement',
        ),
        ...failures,
      },
    }),
    async (c) => {
      const id = c.req.param('id');
      const { digest } = c.req.valid('json');
      const input = c.req.valid('json').decisions as Decided[];
      const who = person(c);
      const { items } = await reviews().one(id);
      const given = await control.installation.store.people.grants(clock.nowIso());
      const givers = new Map(given.map((grant) => [grant.id, grant.createdBy]));
      // What is asked about an item is whose it is; and of a role that is to stay, who gave it.
      const authors = new Set(
        input.flatMap(({ item, decision }) => {
          const row = items.find((one) => one.id === item);
          const giver = decision === 'keep' && row ? givers.get(row.subject) : undefined;
          return [row?.holder ?? '', ...(giver === undefined ? [] : [giver])];
        }),
      );
      for (const author of authors) await c.var.permit('decide-reviews', { kind: 'proposal', id, author });
      const made = await reviews().prepare(who, relyingParty(c), id, input, digest);
      return c.json(made as { options: Record<string, unknown> | null } & typeof made, 200);
    },
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/reviews/signatures',
      ...needs('decide-reviews', 'organisation'),
      summary: 'Sign a statement; what it decides is done when this answers',
      request: body(
        z.strictObject({
          ticket: z.string().max(128),
          proof: z.union([
            z.strictObject({ code: z.string().max(16) }),
            z.strictObject({ recoveryCode: z.string().max(64) }),
            z.strictObject({ passkey: schemas.assertedCredential }),
          ]),
        }),
      ),
      responses: { 200: json(reviewView, 'Signed'), ...failures },
    }),
    async (c) => {
      const { ticket, proof } = c.req.valid('json');
      const signed = await reviews().sign(
        person(c),
        cameFrom(c),
        relyingParty(c),
        ticket,
        ('passkey' in proof ? { ticket, ...proof } : proof) as Proof,
      );
      return c.json(await view(signed.id), 200);
    },
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/break-glass',
      ...needs('break-glass', 'organisation'),
      summary:
        'Emergency access: become administrator for minutes, with an alarm; another person judges it afterwards',
      request: body(
        z.strictObject({
          reason: z.string().max(1_024),
          minutes: z.int().min(1).max(BREAK_GLASS_MINUTES_MAX).default(BREAK_GLASS_MINUTES_MAX),
        }),
      ),
      responses: { 201: json(schemas.grantView, 'Until when'), ...failures },
    }),
    async (c) => {
      const { reason, minutes } = c.req.valid('json');
      const organisation = [{ kind: 'organisation' }] as const;
      // What is taken by a role that ends, or that an emergency gave, ends with it.
      const until = await untilMs(control, c.var.principal, 'break-glass', organisation, c.env.address);
      const { breakGlass } = control.accounts;
      const { holder: _, ...grant } = await breakGlass.use(person(c), reason, minutes, until);
      await control.monitor
        ?.tick()
        .catch((fault: Error) => log('error', 'the alarm comes a little later', { fault: fault.message }));
      return c.json(grant, 201);
    },
  );
}
