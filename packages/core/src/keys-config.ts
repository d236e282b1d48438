import { z } from 'zod';
import { httpUrl, secretRefSchema } from './config-values.ts';
import { objectStoreSchema } from './object-store-config.ts';

/** Where the root key is kept, under which every other key lies. */
const rootSchema = z.discriminatedUnion('kind', [
  /** In a file outside the data folder: `--root-key`. */
  z.strictObject({ kind: z.literal('file') }),
  /** In that file, under a passphrase. */
  z.strictObject({ kind: z.literal('passphrase'), passphraseRef: secretRefSchema }),
  /** In several hands: as many shares as are needed, of those that `sallyport vault split` made. */
  z.strictObject({ kind: z.literal('shares'), shareRefs: z.array(secretRefSchema).min(2).max(255) }),
  /** In a token: a smart card, a hardware security module. It never leaves there. Needs the package `pkcs11js`. */
  z.strictObject({
    kind: z.literal('pkcs11'),
    /** The library of its vendor, such as `/usr/lib/softhsm/libsofthsm2.so`. */
    module: z.string().min(1).max(4096),
    /** Labels of the token, and of the key in it. */
    token: z.string().min(1).max(32),
    key: z.string().min(1).max(128).default('sallyport'),
    pinRef: secretRefSchema,
  }),
  /** In the transit engine of Vault or OpenBao; it never leaves there. */
  z.strictObject({
    kind: z.literal('transit'),
    url: httpUrl,
    mount: z.string().max(128).default('transit'),
    key: z.string().max(128),
    tokenRef: secretRefSchema,
    namespace: z.string().max(128).optional(),
    allowPrivate: z.boolean().default(false),
  }),
]);
export type RootConfig = z.infer<typeof rootSchema>;

/** The keys under which everything that is stored is sealed. */
export const keysSchema = z
  .strictObject({
    root: rootSchema.default({ kind: 'file' }),
    /** Where the root was kept until now: every key goes from it to `root` at the next start. Take it out then. */
    previous: rootSchema.optional(),
  })
  .prefault({});

/** The log of everything that happens. */
export const recordSchema = z
  .strictObject({
    /** Who cosigns its checkpoints (C2SP tlog-witness): run by others, elsewhere. */
    witnesses: z
      .array(
        z.strictObject({
          /** Such as `https://witness.example`. */
          url: httpUrl,
          /** Its public keys, `name+hash+key`; each answer must be signed by all of them. */
          keys: z.array(z.string().max(4096)).min(1).max(4),
          allowPrivate: z.boolean().default(false),
        }),
      )
      .max(16)
      .default([]),
    /** How many of them must have cosigned. */
    quorum: z.int().min(1).max(16).default(1),
    /** Seconds from one round of asking to the next. */
    everySeconds: z.int().min(1).max(86_400).default(60),
    /** Where a second copy of it is kept, as it grows: a folder on another disk, or an object store. */
    archive: z
      .strictObject({
        folder: z.string().min(1).max(4096).optional(),
        objects: objectStoreSchema.optional(),
      })
      .refine(
        ({ folder, objects }) => (folder === undefined) !== (objects === undefined),
        'name a folder, or an object store as `objects`',
      )
      .optional(),
    /**
     * Days that what was said can be read, for systems that say nothing else and those that were removed; for ever if left out. The
     * record of it stays.
     */
    contentDays: z.int().min(1).max(36_600).optional(),
    /**
     * Days that calls are listed and counted, for systems that say nothing else; for ever if left out. Then their rows go, never
     * before what was said in them, and their entries in the record stay.
     */
    callDays: z.int().min(1).max(36_600).optional(),
  })
  .refine(
    ({ contentDays, callDays }) =>
      callDays === undefined || (contentDays !== undefined && contentDays <= callDays),
    'callDays needs contentDays of at most as many days: no call goes before what was said in it',
  )
  .refine(
    ({ witnesses, quorum }) => witnesses.length === 0 || quorum <= witnesses.length,
    'quorum is more than there are witnesses',
  )
  .prefault({});
