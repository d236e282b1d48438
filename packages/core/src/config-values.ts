import { z } from 'zod';
import { PERSON_NAME_MAX } from './person-name.ts';

/** Names a person, by their name or id. */
export const personNamed = z.string().max(PERSON_NAME_MAX);

/** A secret is named, never written: `env:NAME` or `file:PATH`. */
export const secretRefSchema = z
  .string()
  .max(4096)
  .regex(/^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$/, 'write env:NAME or file:PATH');

/** An address of HTTP without credentials in it. */
export const httpUrl = z
  .url({ protocol: /^https?$/ })
  .max(2048)
  .refine((text) => {
    // What is no URL at all was found before, and is looked at here nonetheless.
    const url = URL.parse(text);
    return url === null || (url.username === '' && url.password === '');
  }, 'credentials do not belong in a URL; use apiKeyRef');

/** Names of parameters by which providers take a credential in an address. */
const CREDENTIAL_PARAMETER = new RegExp(
  [
    '^(?:api|access|subscription|auth)?[-_]?key$',
    '^(?:access|auth|id|api)?[-_]?token$',
    '^(?:client[-_]?)?secret$',
    '^(?:password|sig|signature|x-(?:amz|goog)-.*)$',
  ].join('|'),
  'i',
);

/** The name of a parameter of an address that carries a credential, or null. Everyone who may see a system sees its addresses. */
export const credentialParameter = (address: string): string | null =>
  [...(URL.parse(address)?.searchParams ?? [])].find(
    ([name, value]) => value !== '' && CREDENTIAL_PARAMETER.test(name),
  )?.[0] ?? null;

/** Headers that frame a message or speak of one connection (RFC 9110, section 7.6.1), and those of this gateway. */
const FRAMING = new Set(
  'connection keep-alive transfer-encoding te trailer upgrade expect host content-length content-type content-encoding accept-encoding'.split(
    ' ',
  ),
);
/** Headers that carry credentials. */
const CREDENTIALS =
  /^(?:authorization|(?:x-)?api-key|(?:set-)?cookie|proxy-|x-goog-api-key|ocp-apim-|x-amz-security-token|x-auth-)/;

/** The name of a header that may be set for a system, or go on to it: none that frames a message, none with a credential. */
export const headerNameSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'is a header name in lower-case letters')
  .refine((name) => !FRAMING.has(name) && !name.startsWith('x-sallyport-'), 'is set by the gateway')
  .refine((name) => !CREDENTIALS.test(name), 'carries a credential; name it with apiKeyRef');

/** Names of systems: lower case, digits and hyphens; they become a path segment. */
export const systemNameSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'use lower-case letters, digits and hyphens');
