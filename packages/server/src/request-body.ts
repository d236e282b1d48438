import { CodedError, decodeUtf8, parseStrictJson } from '@sallyport/core';
import type { Context } from 'hono';
import type { Env } from './routes/shared.ts';

/** Routes that take a form, as their specifications say (RFC 8693, OpenID Connect Back-Channel Logout). */
const FORMS = ['/token', '/sign-on/back-channel-logout'];
const FORM = 'application/x-www-form-urlencoded';
const JSON_TYPE = /^application\/(?:[a-z0-9.-]{1,64}\+)?json$/;

/**
 * Takes a body of the type that the route takes, and well-formed, before anything else reads it: JSON in UTF-8 with each
 * member once, or a form.
 * @throws CodedError `body-type-unsupported`, `body-not-json` and its kin
 */
export async function requireBody(c: Context<Env>): Promise<void> {
  const { method } = c.req;
  if (method === 'GET' || method === 'HEAD') return;
  const bytes = new Uint8Array(await c.req.arrayBuffer());
  if (bytes.length === 0) return;
  const [type = '', ...parameters] = (c.req.header('content-type') ?? '')
    .toLowerCase()
    .split(';')
    .map((part) => part.trim());
  const form = FORMS.includes(c.req.path);
  const charset =
    parameters
      .find((one) => one.startsWith('charset='))
      ?.slice(8)
      .replaceAll('"', '') ?? 'utf-8';
  if (charset !== 'utf-8' || !(form ? type === FORM : JSON_TYPE.test(type)))
    throw new CodedError('body-type-unsupported', `send ${form ? FORM : 'application/json'} in UTF-8`);
  if (!form) parseStrictJson(decodeUtf8(bytes));
}
