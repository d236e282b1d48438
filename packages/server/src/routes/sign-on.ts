import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { ProviderSettings } from '@sallyport/access';
import { CodedError, ownPath, toCodedError } from '@sallyport/core';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { resolveSecret } from '../config-file.ts';
import type { Control } from '../control.ts';
import { cameFrom, deviceCookie, type Env, keepSession, sessionCookie, siteOrigin } from './shared.ts';

const TOKEN_CHARACTERS_MAX = 16_384;
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

/** Routes that a browser, or an identity provider, opens: they need no session, and lead to one. */
export function signOnRoutes(app: OpenAPIHono<Env>, control: Control): void {
  const moved = { 302: { description: 'Go there' } };
  const cookieName = (secure: boolean): string => (secure ? '__Host-sallyport_sign_on' : 'sallyport_sign_on');

  app.openapi(
    createRoute({
      method: 'get',
      path: '/sign-on',
      summary: 'Begin to sign on through the identity provider',
      request: { query: z.object({ next: z.string().max(512).optional() }) },
      responses: moved,
    }),
    async (c) => {
      const { settings, fetchSafely } = provider(control);
      const next = ownPath(c.req.valid('query').next) ?? '/';
      const { url, state } = await control.accounts.signOn.begin(
        settings,
        fetchSafely,
        `${siteOrigin(c)}/sign-on/callback`,
        next,
      );
      const { secure } = deviceCookie(c);
      // Lax: the answer comes as a navigation from the provider's site.
      setCookie(c, cookieName(secure), state, {
        httpOnly: true,
        sameSite: 'Lax',
        path: '/',
        secure,
        maxAge: STATE_S,
      });
      return c.redirect(url, 302);
    },
  );
  app.openapi(
    createRoute({
      method: 'get',
      path: '/sign-on/callback',
      summary: 'Where the identity provider sends a browser back to; its state works once',
      responses: moved,
    }),
    async (c) => {
      const { secure } = deviceCookie(c);
      const name = cookieName(secure);
      const cookie = getCookie(c, name) ?? null;
      deleteCookie(c, name, { path: '/', secure });
      const from = cameFrom(c);
      try {
        const { settings, fetchSafely } = provider(control);
        const answer = new URL(c.req.url).searchParams;
        const { begun, next } = await control.accounts.signOn.finish(
          settings,
          fetchSafely,
          answer,
          cookie,
          from,
        );
        // A browser that was signed in before does not keep the session it had.
        const old = getCookie(c, sessionCookie(c).name);
        if (old) await control.accounts.sessions.signOut(old);
        keepSession(c, begun);
        return c.redirect(next, 302);
      } catch (fault) {
        const coded = toCodedError(fault);
        await control.accounts.signOn.failed(coded, from);
        return c.redirect(`/sign-in?fault=${encodeURIComponent(coded.code)}`, 302);
      }
    },
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
