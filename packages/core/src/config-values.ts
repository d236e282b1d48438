import { z } from 'zod';

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
