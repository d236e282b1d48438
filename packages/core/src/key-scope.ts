import { z } from 'zod';

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

const isZone = (name: string): boolean => {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
};

/** An address, or a range of them: `192.0.2.7`, `192.0.2.0/24`, `2001:db8::/32`. */
const rangeSchema = z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()], {
  error: 'is no address and no range; write for example 192.0.2.0/24',
});
const clockSchema = z.string().regex(/^(?:[01]\d|2[0-3]):[0-5]\d$/, 'is a time such as 08:30');

/** What a key may be used for, besides its systems; what is absent is not narrowed. */
export const keyScopeSchema = z.strictObject({
  /** Names of models; a star at the end stands for any ending. */
  models: z
    .array(
      z
        .string()
        .regex(/^[^*]{0,255}\*?$/, 'has a star elsewhere than at its end')
        .min(1),
    )
    .min(1)
    .max(64)
    .optional(),
  /** Operations, such as `chat.completions`, `messages` or `infer`. */
  operations: z
    .array(z.string().regex(/^[a-z][a-z.]{1,63}$/, 'is no operation'))
    .min(1)
    .max(32)
    .optional(),
  /** Where calls come from. */
  addresses: z.array(rangeSchema).min(1).max(64).optional(),
  /**
   * Certificates of clients, one of which must be shown (RFC 8705): `sha256:` and 64 hex digits, or a name in a
   * certificate of an authority that the listener trusts, such as `uri:spiffe://example.org/batch` or `dns:batch.example`.
   */
  certificates: z
    .array(
      z
        .string()
        .max(512)
        .regex(
          /^(?:sha256:[0-9a-f]{64}|(?:dns|uri|email):[^\s",]+)$/,
          'write sha256:HEX, dns:NAME, uri:NAME or email:NAME',
        ),
    )
    .min(1)
    .max(32)
    .optional(),
  /** When calls are made. */
  hours: z
    .strictObject({
      days: z
        .array(z.enum(DAYS))
        .min(1)
        .max(7)
        .default([...DAYS]),
      /** From and until, on the clock of the zone; until may be before from, past midnight. */
      from: clockSchema,
      until: clockSchema,
      zone: z
        .string()
        .max(64)
        .refine(isZone, 'is no time zone; write for example Europe/Zurich')
        .default('UTC'),
    })
    .optional(),
});
/** What a key may be used for, besides its systems. */
export type KeyScope = z.infer<typeof keyScopeSchema>;

/** Days of the week, the first being Monday. */
export const WEEKDAYS: readonly string[] = DAYS;
