import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { CodedError, type Config, clock } from '@sallyport/core';
import { ruleDigest } from '../authorisation/key-rights.ts';
import type { Control } from '../control.ts';
import { type Env, failures, json } from './shared.ts';

const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const JWT = 'urn:ietf:params:oauth:token-type:jwt';
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';
const TOKEN_CHARACTERS_MAX = 16_384;
const HOUR_MS = 3_600_000;

/** The route by which a job trades the token of its platform for a short-lived key (RFC 8693). */
export function tokenRoutes(app: OpenAPIHono<Env>, control: Control): void {
  app.openapi(
    createRoute({
      method: 'post',
      path: '/token',
      summary: 'Trade a token of CI or of a cluster for a key that lives for minutes; each token once',
      request: {
        body: {
          required: true,
          content: {
            'application/x-www-form-urlencoded': {
              schema: z.union([
                z.object({
                  grant_type: z.literal(EXCHANGE),
                  subject_token_type: z.literal(JWT),
                  subject_token: z.string().max(TOKEN_CHARACTERS_MAX),
                }),
                z.object({ grant_type: z.literal('refresh_token'), refresh_token: z.string().max(128) }),
              ]),
            },
          },
        },
      },
      responses: {
        200: json(
          z.object({
            access_token: z.string(),
            issued_token_type: z.literal(ACCESS_TOKEN),
            token_type: z.literal('Bearer'),
            expires_in: z.number(),
            refresh_token: z.string().optional().describe('works once; only where the rule allows it'),
          }),
          'The key',
        ),
        ...failures,
      },
    }),
    async (c) => {
      const form = c.req.valid('form');
      const { job, refresh, bound } =
        form.grant_type === EXCHANGE
          ? await exchanged(control, form.subject_token)
          : await refreshed(control, form.refresh_token);
      const { rule, subject } = job;
      const program = await control.keyRights.requireTrade(rule, bound);
      const made = await control.apiKeys.create(`workload:${rule.name}`, {
        name: `workload:${rule.name} ${subject}`
          .slice(0, 128)
          .toWellFormed()
          .replaceAll(/[\x00-\x1f\x7f]/g, '?'),
        systems: rule.systems,
        program: program.id,
        expires: `${rule.minutes}m`,
        ...(refresh?.after === undefined ? {} : { after: refresh.after }),
      });
      const next =
        refresh === null
          ? {}
          : {
              refresh_token: await control.accounts.refreshTokens
                .issue(
                  { rule: rule.name, subject, key: made.id, until: refresh.until, bound: ruleDigest(rule) },
                  refresh.family,
                )
                .catch(async (fault: unknown) => {
                  // Whose token was stolen meanwhile keeps no key either.
                  await control.apiKeys.revoke('sallyport', made.id, { reason: 'refresh token used twice' });
                  throw fault;
                }),
            };
      const seconds = Math.floor((Date.parse(made.expiresAt) - clock.nowMs()) / 1_000);
      return c.json(
        {
          access_token: made.key,
          issued_token_type: ACCESS_TOKEN,
          token_type: 'Bearer',
          expires_in: seconds,
          ...next,
        } as const,
        200,
      );
    },
  );
}

/** A job that is known, and how long it may go on, when it may. */
interface Recognised {
  readonly job: { readonly rule: Config['access']['workloads'][number]; readonly subject: string };
  readonly refresh: {
    readonly until: string;
    readonly family: string | null;
    /** Id of the key before. */
    readonly after?: string;
  } | null;
  /** Digest of the rule under which its refresh token was issued; null where it shows a token of its platform. */
  readonly bound: string | null;
}

/** A job that shows a token of its platform. @throws CodedError `token-invalid` */
async function exchanged({ config, accounts, egress }: Control, token: string): Promise<Recognised> {
  const job = await accounts.workloads.recognise(
    config.access.workloads,
    ({ allowPrivate }) => egress.fetch(allowPrivate),
    token,
  );
  const { refreshHours } = job.rule;
  const until = new Date(clock.nowMs() + refreshHours * HOUR_MS).toISOString();
  return { job, refresh: refreshHours === 0 ? null : { until, family: null }, bound: null };
}

/** A job that goes on. Its rule must be there still. @throws CodedError `token-invalid` */
async function refreshed(control: Control, token: string): Promise<Recognised> {
  const { refreshTokens } = control.accounts;
  const {
    rule: name,
    subject,
    until,
    family,
    bound,
    key,
  } = await refreshTokens.use(token, async (keys) => {
    for (const key of keys)
      await control.apiKeys
        .revoke('sallyport', key, { reason: 'refresh token used twice' })
        .catch(() => null);
  });
  const rule = control.config.access.workloads.find((one) => one.name === name);
  if (!rule || rule.refreshHours === 0)
    throw new CodedError('token-invalid', 'jobs of this rule get no refresh tokens any more');
  return { job: { rule, subject }, refresh: { until, family, after: key }, bound };
}
