import { z } from 'zod';
import { backupSchema } from './backup-config.ts';
import { headerNameSchema, httpUrl, secretRefSchema, systemNameSchema } from './config-values.ts';
import { ACTIONS, DETECTORS } from './detection.ts';
import { CodedError } from './errors.ts';
import { assetNameSchema, SCAN_KINDS } from './inventory.ts';
import { keysSchema, recordSchema } from './keys-config.ts';
import { deadlinesSchema, limitsSchema } from './limits-config.ts';
import { controlSchema, gatewaySchema } from './listener-config.ts';
import { objectStoreSchema } from './object-store-config.ts';
import { outboundSchema } from './outbound-config.ts';
import { perMillion, priceSetSchema } from './prices.ts';
import { secretsSchema } from './secrets-config.ts';

/** Dialects a system can speak: OpenAI, Anthropic, Ollama, Open Inference Protocol v2. */
export const DIALECTS = ['openai', 'anthropic', 'ollama', 'oip'] as const;
export type DialectName = (typeof DIALECTS)[number];

const actionMap = z.partialRecord(z.enum(DETECTORS), z.enum(ACTIONS));

/** Limits as configured; what is left out has its default. */
export const usageLimitsSchema = z.strictObject({
  requestsPerMinute: z.int().min(0).max(10_000_000).optional(),
  tokensPerMinute: z.int().min(0).max(1_000_000_000).optional(),
  concurrent: z.int().min(0).max(100_000).optional(),
  spendMicroUsdPerDay: z.int().min(0).max(1_000_000_000_000).optional(),
});

const roleText = z
  .string()
  .regex(/^[\w.-]{1,128}(?:@[a-z0-9][a-z0-9-]{0,62})?$/, 'write ROLE or ROLE@SYSTEM');

const signOnSchema = z.strictObject({
  issuer: httpUrl,
  clientId: z.string().min(1).max(256),
  /** Names its secret; none for a client that is known by PKCE alone. */
  clientSecretRef: secretRefSchema.optional(),
  scopes: z.array(z.string().min(1).max(64)).max(32).default(['openid', 'profile', 'email']),
  /** What the button says. */
  label: z.string().min(1).max(64).default('your organisation'),
  /** Claim that lists the groups of somebody. */
  groupsClaim: z.string().min(1).max(128).default('groups'),
  /** Roles of each group: `operator`, or `operator@chat`. Whoever is in none of them gets no account. */
  roles: z.record(z.string().min(1).max(256), z.array(roleText).min(1).max(32)).default({}),
  /** Claim that holds what SCIM knows somebody by (`externalId`); people whom SCIM keeps are linked by it. */
  scimIdClaim: z.string().min(1).max(128).default('sub'),
  /** Lets it live at a private address, and at loopback without TLS. */
  allowPrivate: z.boolean().default(false),
});

const workloadSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'use lower-case letters, digits and hyphens'),
  issuer: httpUrl,
  /** What the token must be meant for. */
  audience: z.string().min(1).max(256),
  /** What its claims must say; a star at the end stands for any ending. */
  claims: z
    .record(z.string().min(1).max(128), z.string().min(1).max(1_024))
    .refine((claims) => Object.keys(claims).length > 0, 'name at least one claim: an issuer serves many'),
  /** The service account that it stands for. */
  program: z.string().min(1).max(64),
  /** Systems that its key may call. */
  systems: z.array(systemNameSchema).max(256).default([]),
  /** How long the key lives. */
  minutes: z.int().min(1).max(60).default(15),
  /** Hours for which a job may trade a refresh token for its next key; it gets none when 0. */
  refreshHours: z.int().min(0).max(24).default(0),
  allowPrivate: z.boolean().default(false),
});

const judgeSchema = z.strictObject({
  /** The system that is asked. */
  system: systemNameSchema,
  model: z.string().max(256).default('judge'),
  /** A model that follows instructions, one that says `safe` or `unsafe`, or a classifier of texts (Open Inference Protocol). */
  speaks: z.enum(['instructions', 'guard-model', 'classifier']).default('instructions'),
  /** Score from which a classifier's text is an attack. */
  threshold: z.number().min(0).max(1).default(0.5),
  timeoutMs: z.number().int().min(100).max(120_000).default(10_000),
  /** What becomes of a call of which the judge says nothing. */
  whenSilent: z.enum(['deny', 'flag']).default('deny'),
});
/** A second tier: another system that is asked about calls which the guard lets pass. */
export type JudgeConfig = z.infer<typeof judgeSchema>;

/** One AI system behind the gates. */
export const systemSchema = z.strictObject({
  dialect: z.enum(DIALECTS),
  /** Addresses in order of preference; the next one serves when a connection to the one before fails. */
  urls: z.array(httpUrl).min(1).max(8),
  apiKeyRef: secretRefSchema.optional(),
  /** Lets this system live at a loopback or private address. */
  allowPrivate: z.boolean().default(false),
  /** Headers of requests to it, besides those of its dialect. */
  headers: z
    .strictObject({
      /** Sent with every call. A credential is named by `apiKeyRef` instead. */
      set: z
        .record(
          headerNameSchema,
          z.string().regex(/^[\x21-\x7e](?:[\x20-\x7e]{0,1022}[\x21-\x7e])?$/, 'is plain text'),
        )
        .refine((headers) => Object.keys(headers).length <= 32, 'name at most 32 headers')
        .default({}),
      /** Names of headers of callers that go on to it, once they were judged. */
      forward: z.array(headerNameSchema).max(32).default([]),
    })
    .prefault({}),
  mode: z.enum(['observe', 'enforce']).default('observe'),
  /** Such as `production`: policies may look at it. */
  environment: z.string().max(64).default(''),
  /** What data goes through it, such as `health`: policies may look at it. */
  dataClasses: z.array(z.string().min(1).max(64)).max(32).default([]),
  /** Model names that route here; the name of the system itself always does. */
  models: z.array(z.string().min(1).max(256)).max(256).default([]),
  /** A model of the registry: calls are refused unless a version of it serves here and every one of its gates is open. */
  serves: assetNameSchema.optional(),
  /** Days that what was said to it and by it can be read; then its keys are destroyed, and the record of it stays. */
  contentDays: z.int().min(1).max(36_600).optional(),
  /** Days that its calls are listed and counted; then their rows go, never before what was said in them, and their entries in the record stay. */
  callDays: z.int().min(1).max(36_600).optional(),
  /** Strings that must never leave this system, such as a marker in its system prompt. */
  canaries: z.array(z.string().min(6).max(512)).max(64).default([]),
  /**
   * Who writes its system prompts and definitions of tools: the `operator`, who gives orders, or `users`, whose texts are
   * judged for injections there, too.
   */
  prompts: z.enum(['operator', 'users']).default('operator'),
  policy: z.strictObject({ input: actionMap.default({}), output: actionMap.default({}) }).prefault({}),
  /** A file that `sallyport guard learn` wrote: rows for a classifier are held against it. */
  profile: z.string().min(1).max(4096).optional(),
  /**
   * Asks a classifier with a profile again about rows that hold noise, without it; its answers may change by this much.
   * Costs a second call for such rows; none when absent.
   */
  squeeze: z.number().min(0).optional(),
  /** A file that `sallyport guard learn-texts` wrote: answers must not repeat what the system learned from. */
  echo: z.string().min(1).max(4096).optional(),
  privacy: z
    .strictObject({
      /** Looks for names of people, places and organisations, too; costs some microseconds a line. */
      names: z.boolean().default(false),
      /** Countries whose national numbers are looked for (ISO 3166-1, such as DE); all that are known when absent. */
      countries: z
        .array(z.string().regex(/^[A-Z]{2}$/, 'is two capital letters'))
        .min(1)
        .max(64)
        .optional(),
      /**
       * What belongs to the operator and stays as it is in requests and answers: addresses of mail, `@example.com` for all of a
       * domain, telephone and account numbers, addresses of machines.
       */
      own: z.array(z.string().min(3).max(256)).max(256).default([]),
      /** What stands where policy redacts. */
      redact: z.enum(['tokenise', 'mask', 'pseudonymise', 'generalise']).default('tokenise'),
      /**
       * What becomes of values in texts that are made into vectors, where policy redacts: two texts that read alike once redacted
       * would be one vector. They get pseudonyms, the call is denied, or the values pass and are noted.
       */
      embeddings: z.enum(['pseudonymise', 'deny', 'pass']).default('pseudonymise'),
      /**
       * Tools that are given the caller's values again, by name: the kinds of values each may have, such as `email`. All others are
       * called with placeholders.
       */
      restoreIntoTools: z
        .record(
          z.string().min(1).max(128),
          z.array(z.string().regex(/^[a-z][a-z0-9-]{0,63}$/, 'is a kind such as email')).max(64),
        )
        .refine((tools) => Object.keys(tools).length <= 256, 'name at most 256 tools')
        .default({}),
    })
    .prefault({}),
  links: z
    .strictObject({
      /**
       * Hosts that answers may link to and load from, such as `docs.example.com` or `*.example.com`. An answer that loads
       * anything from another host is denied. When absent, links are judged by what they could carry.
       */
      hosts: z
        .array(
          z
            .string()
            .max(253)
            .regex(/^(?:\*\.)?[a-z0-9-]+(?:\.[a-z0-9-]+)*$/i, 'is a host name, or `*.` before one'),
        )
        .max(256)
        .optional(),
    })
    .prefault({}),
  /** Reads answers for refusals and unsafe content, too. */
  content: z.boolean().default(false),
  /** Another system that is asked about each call which the guard lets pass; none when absent. */
  judge: judgeSchema.optional(),
  /** When it is left alone for a while, and its callers are told at once. */
  backOff: z
    .strictObject({
      /** Failures in a row after which it is: no connection, no answer, or 5xx that name no time to come back. Never where 0. */
      failures: z.int().min(0).max(1_000).default(5),
      /** For how long, seconds; twice as long each time in a row, up to the other. */
      seconds: z.int().min(1).max(600).default(1),
      secondsMax: z.int().min(1).max(600).default(30),
    })
    .prefault({}),
  limits: usageLimitsSchema.default({}),
  /** What models cost that the table of prices does not name; 0 is free. None is known when absent. */
  prices: priceSetSchema
    .extend({ inputPerMillion: perMillion.default(0), outputPerMillion: perMillion.default(0) })
    .optional(),
});
export type SystemConfig = z.infer<typeof systemSchema>;

/** A folder that is scanned. */
const watchSchema = z.strictObject({
  /** Under which its findings are kept. */
  name: systemNameSchema,
  folder: z.string().min(1),
  /** The system that it belongs to. */
  system: systemNameSchema.optional(),
  /** What is looked for in it. */
  for: z
    .array(z.enum(SCAN_KINDS))
    .min(1)
    .default([...SCAN_KINDS]),
  /** Logs of proxies and resolvers, in which the use of AI shows. */
  logs: z.array(z.string().min(1)).max(64).default([]),
  /** Names of folders in it that are left out. */
  exclude: z.array(z.string().min(1).max(255)).max(64).default([]),
});
export type Watch = z.infer<typeof watchSchema>;

/** Somebody whose signatures of models count: by key, by certificates, or by Sigstore. */
const signerSchema = z
  .strictObject({
    name: z.string().min(1).max(63),
    /** File of a public key, PEM. */
    publicKeyFile: z.string().optional(),
    /** File of root certificates, PEM. */
    rootsFile: z.string().optional(),
    sigstore: z
      .strictObject({ trustedRootFile: z.string(), identity: z.string().min(1), issuer: z.string().min(1) })
      .optional(),
  })
  .refine(
    (one) => [one.publicKeyFile, one.rootsFile, one.sigstore].filter((way) => way !== undefined).length === 1,
    'give exactly one of publicKeyFile, rootsFile and sigstore',
  );
export type SignerConfig = z.infer<typeof signerSchema>;

/** `sallyport.yaml`, whole. Unknown keys are refused. */
export const configSchema = z.strictObject({
  gateway: gatewaySchema,
  control: controlSchema,
  access: z
    .strictObject({
      /** Minutes after which a session ends when nobody does anything. */
      idleMinutes: z.int().min(1).max(720).default(30),
      /** Hours after which a session ends in any case. */
      sessionHours: z.int().min(1).max(24).default(12),
      /** File of SHA-1 digests of breached passwords, sorted, as Have I Been Pwned publishes them. */
      breachedPasswords: z.string().optional(),
      /** Days after which a role that nobody used is taken away. */
      unusedGrantDays: z.int().min(1).max(3_650).default(90),
      /** Days after which a key ends whose owner left, and for which no one else answers. */
      ownerlessKeyDays: z.int().min(1).max(365).default(14),
      /** File that knows the places of addresses, in MaxMind's format: whoever signs in far from where they just were is noticed. */
      locations: z.string().optional(),
      /** Whether a system elsewhere, or anything else that is called there, needs an approved manifest. */
      manifests: z.enum(['noted', 'required']).default('noted'),
      /** Reviews of who holds what. Roles on which nobody decided by then lapse. */
      reviews: z
        .strictObject({
          /** Days from one review to the next; none opens by itself when 0. */
          everyDays: z.int().min(0).max(366).default(0),
          /** Days that reviewers have. */
          dueDays: z.int().min(1).max(90).default(14),
        })
        .prefault({}),
      /** An identity provider through which people sign on (OpenID Connect). */
      signOn: signOnSchema.optional(),
      /** Jobs of CI and clusters that may trade a token of their platform for a key of a service account. */
      workloads: z.array(workloadSchema).max(64).default([]),
      /** People whom a provider may keep here by SCIM at a time; ten times as many with those whom it removed. */
      provisionedPeople: z.int().min(1).max(1_000_000).default(100_000),
      /** Roles of each group that a provider keeps here by SCIM: `operator`, or `operator@chat`. */
      groupRoles: z.record(z.string().min(1).max(256), z.array(roleText).min(1).max(32)).default({}),
    })
    .prefault({}),
  keys: keysSchema,
  record: recordSchema,
  /** Backups; none are made by themselves without it. */
  backup: backupSchema.optional(),
  /** PostgreSQL instead of the embedded SQLite. */
  database: z
    .strictObject({
      urlRef: secretRefSchema,
      /** How long a start waits for a database that does not answer yet, seconds. */
      waitSeconds: z.int().min(0).max(3600).default(60),
    })
    .optional(),
  deadlines: deadlinesSchema,
  limits: limitsSchema,
  /** Proxies and authorities between here and AI systems. */
  outbound: outboundSchema,
  secrets: secretsSchema,
  /** A folder of files that `sallyport guard learn` and `learn-texts` wrote: systems added over the API may name those in it. */
  learned: z.string().min(1).max(4096).optional(),
  /** A folder of further Cedar policies (`*.cedar`). */
  policies: z.string().optional(),
  /** A folder of rules over texts (`*.yaml`). */
  rules: z.string().optional(),
  /** Traces and metrics for an OpenTelemetry collector. */
  telemetry: z
    .strictObject({
      otlp: z.strictObject({
        /** Base of its OTLP/HTTP endpoint, such as `http://127.0.0.1:4318`. */
        url: httpUrl,
        /** Names a value of lines `header=value`, for its credential. */
        headersRef: secretRefSchema.optional(),
        allowPrivate: z.boolean().default(false),
        intervalMs: z.int().min(100).max(3_600_000).default(15_000),
      }),
      /** Sends what was said along, too. Think twice: the collector then holds what the vault protects here. */
      content: z.boolean().default(false),
    })
    .optional(),
  /** The inventory of models, data and code: what is watched, and whose signatures count. */
  inventory: z
    .strictObject({
      /** Folders of models or code that are scanned when they change, and every day. */
      watch: z.array(watchSchema).max(64).default([]),
      /** Where files of models and data are kept instead of the data folder: an object store that speaks S3. They are sealed before they leave. */
      objects: objectStoreSchema.optional(),
      /** Whose signatures of models count. */
      signers: z.array(signerSchema).max(64).default([]),
    })
    .prefault({}),
  systems: z.record(systemNameSchema, systemSchema).default({}),
});
export type Config = z.infer<typeof configSchema>;
export type Deadlines = Config['deadlines'];

/** The first problem of a failed parse in one line: field, then what is wrong. */
export function describeIssue(error: z.ZodError): string {
  const issue = error.issues[0];
  if (!issue) return 'not valid';
  return `\`${issue.path.join('.') || '(top)'}\`: ${issue.message.charAt(0).toLowerCase()}${issue.message.slice(1)}`;
}

/** Validates a parsed `sallyport.yaml`. @throws CodedError `config-invalid` naming the field */
export function parseConfig(value: unknown): Config {
  const result = configSchema.safeParse(value ?? {});
  if (!result.success) throw new CodedError('config-invalid', describeIssue(result.error));
  return result.data;
}

/** JSON Schema of `sallyport.yaml`, for editors. */
export function configJsonSchema(): unknown {
  return z.toJSONSchema(configSchema, { io: 'input', unrepresentable: 'any' });
}
