import { CodedError, decodeUtf8, isStorable, parseStrictJson, visitStrings } from '@sallyport/core';
import type { Context } from 'hono';
import type { Env } from './routes/shared.ts';

/** Routes that take a form, as their specifications say (RFC 8693, OpenID Connect Back-Channel Logout). */
const FORMS = ['/token', '/sign-on/back-channel-logout'];
const FORM = 'application/x-www-form-urlencoded';
const JSON_TYPE = /^application\/(?:[a-z0-9.-]{1,64}\+)?json$/;

/** Where a text is given to be looked at as it is, and kept nowhere but sealed. */
const LOOKED_AT = /^\/api\/v1\/(?:guard\/check|systems\/[^/]+\/try)$/;

/** @throws CodedError `request-invalid` for text in the address that no database keeps */
export function requireStorableAddress({ url }: Context<Env>['req']): void {
  // Half a character has no percent-encoding.
  if (/%00/.test(url)) throw new CodedError('request-invalid', 'the address holds the character U+0000');
}

/** @throws CodedError `body-lone-surrogate`, `request-invalid` for text that no database keeps */
function requireStorable(value: unknown, path: string): void {
  const look = (text: string, at: readonly (string | number)[]): void => {
    if (isStorable(text)) return;
    if (!text.isWellFormed()) throw new CodedError('body-lone-surrogate');
    if (at.length === 1 && at[0] === 'text' && LOOKED_AT.test(path)) return;
    throw new CodedError('request-invalid', 'a text in the body holds the character U+0000');
  };
  visitStrings(value, look, look, look);
}

/**
 * Takes a body of the type that the route takes, and well-formed, before anything else reads it: JSON in UTF-8 with each
 * member once and text that can be kept, or a form.
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
  if (!form) requireStorable(parseStrictJson(decodeUtf8(bytes)), c.req.path);
}
