import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { CodedError, clock } from '@sallyport/core';
import type { Control } from '../control.ts';
import { type Env, failures, json } from './shared.ts';

const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const JWT = 'urn:ietf:params:oauth:token-type:jwt';
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';
const TOKEN_CHARACTERS_MAX = 16_384;

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
              schema: z.object({
                grant_type: z.literal(EXCHANGE),
                subject_token_type: z.literal(JWT),
                subject_token: z.string().max(TOKEN_CHARACTERS_MAX),
              }),
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
          }),
          'The key',
        ),
        ...failures,
      },
    }),
    async (c) => {
      const { workloads } = control.config.access;
      const { accounts } = control;
      const { rule, subject } = await accounts.workloads.recognise(
        workloads,
        ({ allowPrivate }) => control.egress.fetch(allowPrivate),
        c.req.valid('form').subject_token,
      );
      const program = await accounts.programs.find(rule.program).catch(() => null);
      if (!program || program.disabledAt !== null)
        throw new CodedError(
          'token-invalid',
          `the service account \`${rule.program}\` is not there, or shut out`,
        );
      const made = await control.apiKeys.create(`workload:${rule.name}`, {
        name: `workload:${rule.name} ${subject}`.slice(0, 128).replaceAll(/[\x00-\x1f\x7f]/g, '?'),
        systems: rule.systems,
        program: program.id,
        expires: `${rule.minutes}m`,
      });
      const seconds = Math.floor((Date.parse(made.expiresAt) - clock.nowMs()) / 1_000);
      return c.json(
        {
          access_token: made.key,
          issued_token_type: ACCESS_TOKEN,
          token_type: 'Bearer',
          expires_in: seconds,
        } as const,
        200,
      );
    },
  );
}
