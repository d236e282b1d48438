import { z } from '@hono/zod-openapi';
import { personNamed } from '@sallyport/core';
import type { SessionRow } from '@sallyport/store';

/** What the API takes and gives about accounts, sessions, roles and policies. */
const heldRole = z.object({ role: z.string(), system: z.string(), expiresAt: z.string().nullable() });

/** Who is signed in, with what they hold and how it was proven. */
export const sessionView = z
  .object({
    id: z.string(),
    name: z.string(),
    displayName: z.string(),
    roles: z.array(heldRole),
    level: z.number().describe('1 one factor, 2 two, 3 resistant to phishing'),
    levelNeeded: z.number(),
    methods: z.array(z.string()),
    provenAt: z.string(),
    expiresAt: z.string(),
  })
  .openapi('Session');

/** A command on this machine, as a session. */
export const localSession = (user: string): z.infer<typeof sessionView> => ({
  id: `local:${user}`,
  name: `local:${user}`,
  displayName: user,
  roles: [],
  level: 0,
  levelNeeded: 0,
  methods: ['local'],
  provenAt: '',
  expiresAt: '',
});

/** A password was right, and is not enough. */
export const pendingView = z
  .object({ pending: z.string(), methods: z.array(z.enum(['totp', 'passkey', 'recovery-code'])) })
  .openapi('SecondFactorNeeded');

/** What a browser is asked to do with a passkey (WebAuthn Level 3, section 5.1). */
export const passkeyRequest = z
  .object({ ticket: z.string(), options: z.record(z.string(), z.unknown()) })
  .openapi('PasskeyRequest');

const base64url = (most: number) => z.string().max(most);
const credential = <T extends z.ZodRawShape>(response: T) =>
  z.object({
    id: base64url(1_400),
    rawId: base64url(1_400),
    type: z.literal('public-key'),
    response: z.object(response),
    clientExtensionResults: z.record(z.string(), z.unknown()).default({}),
    authenticatorAttachment: z.enum(['cross-platform', 'platform']).optional(),
  });

/** A passkey that a browser made (WebAuthn Level 3, `RegistrationResponseJSON`); what is in it is checked as it is used. */
export const createdCredential = credential({
  clientDataJSON: base64url(8_192),
  attestationObject: base64url(65_536),
  transports: z.array(z.string().max(32)).max(16).optional(),
}).openapi('CreatedCredential');

/** A signature of a passkey (WebAuthn Level 3, `AuthenticationResponseJSON`). */
export const assertedCredential = credential({
  clientDataJSON: base64url(8_192),
  authenticatorData: base64url(8_192),
  signature: base64url(8_192),
  userHandle: base64url(256).optional(),
}).openapi('AssertedCredential');

/** A signature of a passkey. */
const passkeyProof = z.strictObject({ ticket: z.string().max(128), passkey: assertedCredential });

/** What proves somebody besides a password. */
export const proof = z.union([
  z.strictObject({ code: z.string().max(16) }),
  z.strictObject({ recoveryCode: z.string().max(64) }),
  passkeyProof,
]);

/** The steps of signing in. */
export const signIn = z
  .union([
    z.strictObject({ name: personNamed, password: z.string().max(1_024) }),
    z.strictObject({ pending: z.string().max(128), proof }),
    z.strictObject({ request: z.literal('passkey'), pending: z.string().max(128).optional() }),
    passkeyProof,
  ])
  .openapi('SignIn');

/** What a proof gave. */
export const provenView = z.object({ level: z.number(), provenAt: z.string() }).openapi('Proven');

const sessionShape = z.object({
  id: z.string(),
  methods: z.array(z.string()),
  level: z.number(),
  createdAt: z.string(),
  lastSeenAt: z.string(),
  expiresAt: z.string(),
  address: z.string(),
  agent: z.string(),
  current: z.boolean(),
});

/** A session as shown. @param current id of the one that asks */
export const sessionRow = (row: SessionRow, current: string | null): z.infer<typeof sessionShape> => ({
  id: row.id,
  methods: [...row.methods],
  level: row.level,
  createdAt: row.createdAt,
  lastSeenAt: row.lastSeenAt,
  expiresAt: row.expiresAt,
  address: row.address,
  agent: row.agent,
  current: row.id === current,
});

/** One's own account. */
export const accountView = z
  .object({
    name: z.string(),
    displayName: z.string(),
    email: z.string().nullable(),
    origin: z.enum(['local', 'oidc', 'scim']),
    passwordChangedAt: z.string().nullable(),
    levelNeeded: z.number(),
    factors: z.array(
      z.object({
        id: z.string(),
        kind: z.enum(['totp', 'passkey', 'recovery-code']),
        name: z.string(),
        createdAt: z.string(),
        usedAt: z.string().nullable(),
      }),
    ),
    recoveryCodesLeft: z.number(),
    sessions: z.array(sessionShape),
    devices: z.array(
      z.object({
        id: z.string(),
        agent: z.string(),
        address: z.string(),
        firstSeenAt: z.string(),
        lastSeenAt: z.string(),
        current: z.boolean(),
      }),
    ),
  })
  .openapi('Account');

/** A role that somebody holds. */
export const grantView = z
  .object({
    id: z.string(),
    role: z.string(),
    system: z.string(),
    origin: z.string(),
    createdAt: z.string(),
    createdBy: z.string(),
    expiresAt: z.string().nullable(),
    lastUsedAt: z.string().nullable(),
  })
  .openapi('Grant');

/** Somebody with an account, as administrators and auditors see them. */
export const personView = z
  .object({
    id: z.string(),
    name: z.string(),
    displayName: z.string(),
    email: z.string().nullable(),
    origin: z.enum(['local', 'oidc', 'scim']),
    createdAt: z.string(),
    createdBy: z.string(),
    disabledAt: z.string().nullable(),
    shutOutBy: z
      .enum(['administrator', 'provider'])
      .nullable()
      .describe('whom an administrator shut out, no identity provider lets in again'),
    localUser: z.string().nullable().describe('the user of this machine who is the same human'),
    factors: z.array(z.string()),
    grants: z.array(grantView),
    stillIn: z
      .array(z.object({ id: z.string(), name: z.string() }))
      .describe('of who is shut out: other accounts of the same person, as far as is known, that are not'),
  })
  .openapi('Person');

/** A role to give. */
export const newGrant = z
  .strictObject({
    role: z.string().min(1).max(128),
    system: z
      .string()
      .max(80)
      .optional()
      .describe('name of a system, or `dataset:NAME`; every system when absent'),
    expiresAt: z.iso.datetime().optional(),
  })
  .openapi('NewGrant');

/** Somebody to add. */
export const newPerson = z
  .strictObject({
    name: personNamed,
    displayName: z.string().min(1).max(128).optional(),
    email: z.email().max(254).optional(),
    grants: z.array(newGrant).max(64).default([]),
  })
  .openapi('NewPerson');

/** A service account. */
export const programView = z
  .object({
    id: z.string(),
    name: z.string(),
    purpose: z.string(),
    owner: z.string().nullable().describe('id of the person who answers for it'),
    createdAt: z.string(),
    createdBy: z.string(),
    disabledAt: z.string().nullable(),
    grants: z.array(grantView),
  })
  .openapi('Program');

/** A service account to add. */
export const newProgram = z
  .strictObject({
    name: z.string().max(64),
    purpose: z.string().min(1).max(256),
    owner: personNamed.optional().describe('name or id of a person; the caller when absent'),
    grants: z.array(newGrant).max(64).default([]),
  })
  .openapi('NewProgram');

/** The policies that decide now. */
export const policiesView = z
  .object({
    version: z.string(),
    roles: z.array(z.string()),
    actions: z.array(z.object({ name: z.string(), groups: z.array(z.string()) })),
    policies: z.array(
      z.object({
        id: z.string(),
        effect: z.enum(['permit', 'forbid']),
        text: z.string(),
        planes: z.array(z.enum(['gateway', 'control'])),
      }),
    ),
  })
  .openapi('Policies');

/** Why a person, program or key may or may not do something. */
export const explanationView = z
  .object({
    principal: z.string(),
    action: z.string(),
    resource: z.string(),
    allowed: z.boolean(),
    roles: z.array(z.string()).describe('that count here'),
    policies: z.array(z.object({ id: z.string(), effect: z.enum(['permit', 'forbid']), text: z.string() })),
    levelNeeded: z.number().nullable().describe('least level of a session that may; null when none may'),
    freshProof: z.boolean().describe('whether it needs a proof of the last five minutes'),
    wouldPermit: z.array(z.string()).describe('roles that would permit it, where none that counts does'),
  })
  .openapi('Explanation');

/** What became of tests of policies. */
export const policyTestResults = z
  .object({
    version: z.string(),
    passed: z.number(),
    failed: z.number(),
    results: z.array(
      z.object({ name: z.string(), passed: z.boolean(), expected: z.string(), got: z.string() }),
    ),
  })
  .openapi('PolicyTestResults');

/** One entry of the access log. */
export const accessEntry = z
  .object({
    id: z.string(),
    at: z.string(),
    type: z.string(),
    actor: z.string(),
    subject: z.string(),
    data: z.record(z.string(), z.unknown()),
  })
  .openapi('AccessEntry');
