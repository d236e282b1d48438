import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { ProviderSettings } from '@sallyport/access';
import { CodedError, ownPath, toCodedError } from '@sallyport/core';
import type { Context } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { resolveSecret } from '../config-file.ts';
import type { Control } from '../control.ts';
import {
  body,
  cameFrom,
  deviceCookie,
  type Env,
  failures,
  json,
  keepSession,
  pageOf,
  sessionCookie,
  siteOrigin,
} from './shared.ts';

const TOKEN_CHARACTERS_MAX = 16_384;
const ANSWER_CHARACTERS_MAX = 8_192;
/** The cookie lives as long as a state does, in seconds. */
const STATE_S = 600;

/** The identity provider that is configured. @throws CodedError `not-found` where none is */
function provider(control: Control): { settings: ProviderSettings; fetchSafely: typeof fetch } {
  const { signOn } = control.config.access;
  if (!signOn) throw new CodedError('not-found', 'no identity provider is configured');
  const { clientSecretRef, label: _, ...rest } = signOn;
  const clientSecret = resolveSecret(clientSecretRef);
  if (clientSecretRef !== undefined && clientSecret === null)
    throw new CodedError(
      'config-invalid',
      `\`access.signOn.clientSecretRef\`: \`${clientSecretRef}\` holds nothing`,
    );
  return { settings: { ...rest, clientSecret }, fetchSafely: control.egress.fetch(signOn.allowPrivate) };
}

/** Whether a browser asks, whatever it shows: each says so of all that it asks for. */
const isBrowser = (c: Context<Env>): boolean =>
  ['sec-fetch-dest', 'sec-fetch-site'].some((name) => c.req.header(name) !== undefined);

/** Routes that a browser, or an identity provider, opens: they need no session, and lead to one. */
export function signOnRoutes(app: OpenAPIHono<Env>, control: Control): void {
  const moved = { 302: { description: 'Go there' } };
  const cookieName = (secure: boolean): string => (secure ? '__Host-sallyport_sign_on' : 'sallyport_sign_on');

  /** Begins, and binds the answer to this browser. @returns where the browser goes */
  const begin = async (
    c: Context<Env>,
    asked: { next?: string | undefined; fresh?: boolean | undefined },
  ): Promise<string> => {
    const { settings, fetchSafely } = provider(control);
    const { url, state } = await control.accounts.signOn.begin(settings, fetchSafely, {
      redirectUri: `${siteOrigin(c)}/sign-on/callback`,
      next: ownPath(asked.next) ?? '/',
      fresh: asked.fresh ?? false,
      page: pageOf(c),
      address: c.env.address,
    });
    const { secure } = deviceCookie(c);
    // Lax: the answer comes as a navigation from the provider's site.
    setCookie(c, cookieName(secure), state, {
      httpOnly: true,
      sameSite: 'Lax',
      path: '/',
      secure,
      maxAge: STATE_S,
    });
    return url;
  };

  /** Takes the answer of the provider. @returns where the browser goes */
  const finish = async (c: Context<Env>, answer: URLSearchParams): Promise<string> => {
    const { secure } = deviceCookie(c);
    const name = cookieName(secure);
    const cookie = getCookie(c, name) ?? null;
    deleteCookie(c, name, { path: '/', secure });
    const from = cameFrom(c);
    const { signOn, sessions } = control.accounts;
    try {
      const { settings, fetchSafely } = provider(control);
      const { begun, next } = await signOn.finish(settings, fetchSafely, answer, cookie, from);
      // A browser that was signed in before does not keep the session it had.
      const old = getCookie(c, sessionCookie(c).name);
      if (old) await sessions.signOut(old, pageOf(c));
      keepSession(c, begun);
      return next;
    } catch (fault) {
      await signOn.failed(toCodedError(fault), from);
      throw fault;
    }
  };

  app.openapi(
    createRoute({
      method: 'get',
      path: '/sign-on',
      summary: 'Begin to sign on through the identity provider; a browser is led to the page that does',
      request: { query: z.object({ next: z.string().max(512).optional() }) },
      responses: moved,
    }),
    async (c) => {
      const { next } = c.req.valid('query');
      // A page binds the session to itself. An address cannot, nor can what a page at another port of this machine embeds
      // or fetches: it would be told the cookie, and that alone would open the session.
      if (isBrowser(c)) {
        const page = new URLSearchParams({ with: 'provider', next: ownPath(next) ?? '/' });
        return c.redirect(`/sign-in?${page}`, 302);
      }
      return c.redirect(await begin(c, { next }), 302);
    },
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/sign-on',
      summary: 'Begin to sign on through the identity provider, from a page that goes there itself',
      request: body(
        z.strictObject({
          next: z.string().max(512).optional(),
          fresh: z.boolean().optional().describe('the provider asks again, whatever it knows'),
        }),
      ),
      responses: { 200: json(z.object({ url: z.string() }), 'Where to go'), ...failures },
    }),
    async (c) => c.json({ url: await begin(c, c.req.valid('json')) }, 200),
  );
  app.openapi(
    createRoute({
      method: 'get',
      path: '/sign-on/callback',
      summary: 'Where the identity provider sends a browser back to; its state works once',
      responses: moved,
    }),
    async (c) => {
      const answer = new URL(c.req.url).searchParams;
      // Only the page that began can show what it holds; an address cannot.
      if (isBrowser(c) || (await control.accounts.signOn.isOfPage(answer.get('state') ?? ''))) {
        const page = new URLSearchParams({ with: 'answer', answer: answer.toString() });
        return c.redirect(`/sign-in?${page}`, 302);
      }
      try {
        return c.redirect(await finish(c, answer), 302);
      } catch (fault) {
        return c.redirect(`/sign-in?fault=${encodeURIComponent(toCodedError(fault).code)}`, 302);
      }
    },
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/sign-on/finish',
      summary: 'What the identity provider answered, from the page that began; its state works once',
      request: body(
        z.strictObject({
          answer: z.string().max(ANSWER_CHARACTERS_MAX).describe('the query that the browser came back with'),
        }),
      ),
      responses: { 200: json(z.object({ next: z.string() }), 'Signed in, and where to go'), ...failures },
    }),
    async (c) => c.json({ next: await finish(c, new URLSearchParams(c.req.valid('json').answer)) }, 200),
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/sign-on/back-channel-logout',
      summary: 'Where the identity provider says that a session is over',
      request: {
        body: {
          required: true,
          content: {
            'application/x-www-form-urlencoded': {
              schema: z.object({ logout_token: z.string().max(TOKEN_CHARACTERS_MAX) }),
            },
          },
        },
      },
      responses: { 200: { description: 'Ended' }, 400: { description: 'Not a logout token' } },
    }),
    async (c) => {
      const { settings, fetchSafely } = provider(control);
      try {
        await control.accounts.signOn.backChannelLogout(
          settings,
          fetchSafely,
          c.req.valid('form').logout_token,
        );
        return c.body(null, 200);
      } catch (fault) {
        // Section 2.8 of the specification: 400 when the request is not valid.
        if (fault instanceof CodedError && fault.code === 'sign-on-failed') return c.text(fault.message, 400);
        throw fault;
      }
    },
  );
}
