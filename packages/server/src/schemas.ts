import { z } from '@hono/zod-openapi';
import {
  CONTROL_STATUSES,
  DIALECTS,
  detectionSchema,
  httpUrl,
  keyScopeSchema,
  SEVERITIES,
  secretRefSchema,
  systemSchema,
  usageLimitsSchema,
} from '@sallyport/core';

/** What the API takes and gives, as schemas: they validate, type and document at once. */
export const errorSchema = z
  .object({
    error: z.object({ code: z.string(), message: z.string(), action: z.string() }),
  })
  .openapi('Error');

/** An AI system, without credentials. */
export const systemView = z
  .object({
    name: z.string(),
    dialect: z.enum(DIALECTS),
    urls: z.array(z.string()),
    mode: z.enum(['observe', 'enforce']),
    allowPrivate: z.boolean(),
    models: z.array(z.string()).describe('that lists of models name beside the system itself'),
    environment: z.string(),
    dataClasses: z.array(z.string()),
    apiKeyRef: z.string().nullable(),
    credentialLack: z
      .string()
      .nullable()
      .describe('why calls to it have no credential to carry; null where they have, or need, none'),
    backingOff: z
      .string()
      .nullable()
      .describe('why its callers are told at once to come back later; null where calls go to it'),
    demo: z.boolean(),
    origin: z.enum(['file', 'command', 'demo']),
  })
  .openapi('System');

/** Where a secret may be sent. */
export const secretOriginView = z
  .object({
    id: z.string(),
    ref: z.string().describe('names the secret; never its value'),
    origin: z.string().describe('scheme, host and port'),
    status: z.enum(['proposed', 'approved', 'ended']),
    byOwner: z.boolean().describe('whether a command on the machine allowed the reference itself'),
    askedAt: z.string(),
    askedBy: z.string(),
    approvedAt: z.string().nullable(),
    approvedBy: z.string().nullable(),
  })
  .openapi('SecretOrigin');

/** Where secrets may be sent, and which may be named over the API at all. */
export const secretOriginList = z
  .object({
    origins: z.array(secretOriginView),
    nameable: z.object({
      references: z
        .array(z.string())
        .describe('allowed by `secrets.environment`, or by a command on the machine'),
      folder: z.string().nullable().describe('any plain file in it may be named'),
    }),
  })
  .openapi('SecretOriginList');

/** Names a secret and an origin. */
export const newSecretOrigin = z
  .strictObject({ ref: secretRefSchema, origin: httpUrl })
  .openapi('NewSecretOrigin');

/** What adding a system takes. */
export const newSystem = z.strictObject({ name: z.string(), ...systemSchema.shape }).openapi('NewSystem');

/** An API key, without its secret. */
export const keyView = z
  .object({
    id: z.string(),
    name: z.string(),
    prefix: z.string(),
    systems: z.array(z.string()),
    scope: keyScopeSchema,
    limits: z.record(z.string(), z.number()),
    createdAt: z.string(),
    expiresAt: z.string(),
    revokedAt: z.string().nullable(),
    demo: z.boolean(),
    program: z.string().nullable(),
    owner: z.string().nullable().describe('id of the person who answers for it, where one is known'),
    ownerLeft: z
      .object({ at: z.string(), endsAt: z.string() })
      .nullable()
      .describe('when they left, and when the key ends for that; null while they are here'),
  })
  .openapi('Key');

/** A key that was revoked. */
export const revokedKey = keyView.extend({
  successors: z
    .array(z.string())
    .describe('ids of keys that came of it by rotating, and were revoked with it'),
});

/** What creating a key takes. */
export const newKey = z
  .strictObject({
    name: z.string().min(1).max(128),
    systems: z.array(z.string()).min(1).max(256),
    expires: z.string().max(16).optional(),
    limits: usageLimitsSchema.optional(),
    scope: keyScopeSchema.optional(),
  })
  .openapi('NewKey');

/** What rotating a key takes. */
export const keyRotation = z
  .strictObject({ overlap: z.string().max(16).optional(), expires: z.string().max(16).optional() })
  .openapi('KeyRotation');

/** A new key; the only time its secret is shown. */
export const issuedKey = z
  .object({ id: z.string(), key: z.string(), expiresAt: z.string() })
  .openapi('IssuedKey');

/** One call, without content. */
export const exchangeView = z
  .object({
    id: z.string(),
    at: z.string(),
    endedAt: z.string().nullable(),
    system: z.string().nullable(),
    actor: z.string(),
    operation: z.string().nullable(),
    model: z.string().nullable(),
    mode: z.string(),
    stream: z.boolean(),
    demo: z.boolean(),
    synthetic: z.boolean(),
    outcome: z.string().nullable(),
    status: z.number().nullable(),
    code: z.string().nullable(),
    action: z.string(),
    wouldBe: z.string(),
    inputTokens: z.number(),
    outputTokens: z.number(),
    tokenKinds: z
      .object({ cacheRead: z.number(), cacheWrite: z.number(), reasoning: z.number(), audio: z.number() })
      .openapi({ description: 'tokens of both directions that were of these kinds; each counts there, too' }),
    costMicroUsd: z
      .number()
      .nullable()
      .openapi({ description: 'in millionths of a US dollar; null where no price is set' }),
    detections: z.array(detectionSchema),
    timingsMs: z.record(z.string(), z.number()),
  })
  .openapi('Exchange');

/** What the guard consists of, and what rules on trial saw. */
export const guardView = z
  .object({
    models: z.array(z.object({ name: z.string(), version: z.string() })),
    thresholds: z.object({ flagAt: z.number(), denyAt: z.number() }),
    detectors: z.array(z.object({ name: z.string(), kinds: z.number(), how: z.string() })),
    rules: z.object({
      version: z.string(),
      rules: z.array(
        z.object({
          id: z.string(),
          about: z.string(),
          mode: z.string(),
          severity: z.string(),
          channels: z.array(z.string()),
        }),
      ),
    }),
    trials: z.array(
      z.object({ technique: z.string(), calls: z.number(), denied: z.number(), latest: z.string() }),
    ),
    curve: z.array(z.object({ at: z.number(), harmless: z.number(), attacks: z.number() })),
    drill: z
      .object({ at: z.string(), passed: z.boolean(), detail: z.string() })
      .nullable()
      .describe('what the guard made of generated texts when it was tried last; null where it was not yet'),
  })
  .openapi('Guard');

/** What the guard makes of one text. */
export const checkedView = z
  .object({
    verdict: z.enum(['allow', 'flag', 'deny']),
    injection: z.number(),
    detections: z.array(detectionSchema),
    views: z.array(z.object({ chain: z.string(), text: z.string() })),
  })
  .openapi('CheckedText');

/** One call with its entries in the log and their audit paths (base64). */
export const exchangeProof = z
  .object({
    exchange: exchangeView,
    entries: z.array(
      z.object({
        index: z.number(),
        leaf: z.record(z.string(), z.unknown()),
        leafBase64: z.string(),
        proof: z.array(z.string()),
        content: z.string().nullable().optional(),
        commitmentHolds: z.boolean().optional(),
      }),
    ),
    checkpoint: z.object({ size: z.number(), rootHash: z.string(), note: z.string() }),
  })
  .openapi('ExchangeProof');

/** One control, as computed now. */
export const controlView = z
  .object({
    id: z.string(),
    area: z.string(),
    practice: z.string(),
    severity: z.enum(SEVERITIES),
    status: z.enum(CONTROL_STATUSES),
    evidence: z.array(z.string()),
    evidenceAt: z.string().nullable(),
    missing: z.array(z.string()),
    subject: z.string().nullable(),
  })
  .openapi('Control');

/** Calls that are listed and counted no more, since their days were over. */
export const expiredView = z
  .object({
    calls: z.number(),
    before: z.string().openapi({ description: 'The day before which they were' }),
  })
  .nullable()
  .openapi('ExpiredCalls');

/** What enforcing would have blocked on one system. */
export const observationView = z
  .object({
    system: z.string(),
    exchanges: z.number(),
    inspected: z.number().openapi({ description: 'Calls whose question was inspected' }),
    answered: z.number().openapi({ description: 'Of those, how many the system answered with a 2xx' }),
    failed: z.number().openapi({ description: 'Calls that the system should have answered' }),
    wouldHaveDenied: z.number(),
    wouldHaveRedacted: z
      .number()
      .openapi({ description: 'Calls in which enforcing would have replaced personal data or secrets' }),
    denied: z.number(),
    expired: expiredView,
  })
  .openapi('Observation');

/** One bucket of time. */
export const bucketView = z
  .object({
    at: z.string(),
    answered: z.number(),
    flagged: z.number(),
    denied: z.number(),
    failed: z.number(),
  })
  .openapi('TrafficBucket');

/** What enforcing would have blocked on one system, by kind of detection. */
export const reportView = z
  .object({
    system: z.string(),
    mode: z.enum(['observe', 'enforce']),
    exchanges: z.number(),
    inspected: z.number().openapi({ description: 'Calls whose question was inspected' }),
    answered: z.number().openapi({ description: 'Of those, how many the system answered with a 2xx' }),
    failed: z.number().openapi({ description: 'Calls that the system should have answered' }),
    wouldHaveDenied: z.number(),
    wouldHaveRedacted: z
      .number()
      .openapi({ description: 'Calls in which enforcing would have replaced personal data or secrets' }),
    denied: z.number(),
    expired: expiredView,
    kinds: z.array(
      z.object({
        detector: z.string(),
        technique: z.string(),
        severity: z.string(),
        exchanges: z.number(),
        latest: z.string(),
        examples: z.array(z.string()),
      }),
    ),
  })
  .openapi('BlockedReport');

/** The guided first hour. */
export const firstHourView = z
  .object({
    gatewayUrl: z.string().nullable(),
    steps: z.array(
      z.object({
        id: z.enum(['connect', 'key', 'call', 'report', 'enforce']),
        done: z.boolean(),
        detail: z.string(),
        system: z.string().nullable(),
      }),
    ),
    startedAt: z.string().nullable(),
    completedAt: z.string().nullable(),
  })
  .openapi('FirstHour');

/** What a reload did. */
export const reloadedView = z
  .object({
    read: z.array(z.string()).openapi({ description: 'files and folders that were read' }),
    changed: z.array(z.string()),
    restart: z.array(z.string()),
    warnings: z.array(z.string()).openapi({ description: 'systems to which no call would go, and why' }),
    policies: z.string(),
    rules: z.string(),
  })
  .openapi('Reloaded');

/** An alert that waits for someone. */
export const alertView = z
  .object({
    rule: z.string(),
    subject: z.string(),
    severity: z.enum(SEVERITIES),
    owner: z.string(),
    detail: z.string(),
    action: z.string(),
    since: z.string(),
    over: z.string().nullable().describe('since when what opened it is over; null while it goes on'),
    acknowledged: z.object({ by: z.string(), at: z.string() }).nullable().describe('who looks after it'),
  })
  .openapi('Alert');

/** A test call, stage by stage. */
export const triedView = z
  .object({
    exchange: z.string(),
    status: z.number(),
    outcome: z.string(),
    code: z.string().nullable(),
    stages: z.array(z.object({ stage: z.string(), ms: z.number(), verdict: z.string() })),
    answer: z.string(),
  })
  .openapi('TriedCall');

/** One thing the doctor looked at. */
export const diagnosisView = z
  .object({
    check: z.string(),
    ok: z.boolean(),
    level: z
      .enum(['ok', 'warning', 'bad'])
      .describe('a warning is missing protection; what is bad does not work'),
    detail: z.string(),
    remedy: z.string().nullable(),
  })
  .openapi('Diagnosis');

/** How one address of a system was found. */
export const reachView = z
  .object({ url: z.string(), ok: z.boolean(), detail: z.string(), remedy: z.string().nullable() })
  .openapi('Reach');

/** A signed checkpoint of the log. */
export const checkpointView = z
  .object({
    size: z.number(),
    rootHash: z.string(),
    note: z.string(),
    verifierKey: z.string(),
    quantumSafeVerifierKey: z.string(),
  })
  .openapi('Checkpoint');
