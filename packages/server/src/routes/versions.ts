import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { assetFactsSchema, assetNameSchema, CodedError } from '@sallyport/core';
import { behindSubject } from '../authorisation/behind-subject.ts';
import { inEmergency } from '../authorisation/lasting.ts';
import { needs } from '../authorisation/route-permissions.ts';
import type { Control } from '../control.ts';
import { versionView, viewVersion } from './inventory-views.ts';
import { body, type Env, failures, json, named } from './shared.ts';

const SIGNATURE_CHARACTERS_MAX = 200_000;
/** `system:NAME` or `endpoint:NAME`. */
const place = z
  .string()
  .max(128)
  .regex(/^(?:system|endpoint):[a-z0-9][a-z0-9._/-]*$/, 'name a place: system:NAME or endpoint:NAME');
/** What serves at a place from now on. */
const serves = z.object({ place: z.string(), digest: z.string(), at: z.string() });
/** What came of a look at a version. */
const outcome = z.object({ passed: z.boolean(), summary: z.string() });
const versionPath = {
  params: z.object({
    kind: z.enum(['model', 'dataset']),
    name: z.string().max(128),
    label: z.string().max(64),
  }),
};
const modelPath = { params: z.object({ name: z.string().max(128), label: z.string().max(64) }) };

/** Paths of this machine may be named by who is on it, and by nobody else: otherwise whoever may register could read its files. */
function onlyHere(kind: string): void {
  if (kind !== 'local')
    throw new CodedError(
      'not-permitted',
      'files are named on the machine itself, with `sallyport model register`',
    );
}

/** Routes of versions: what opens their gates, and what serves. */
export function versionRoutes(app: OpenAPIHono<Env>, control: Control): void {
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/versions',
      ...needs('change-inventory', 'organisation'),
      summary:
        'Register a version of a model or data set from a path of this machine: hashed, stored sealed, scanned',
      request: {
        ...body(
          z.strictObject({
            kind: z.enum(['model', 'dataset']).default('model'),
            name: assetNameSchema.optional(),
            path: z.string().min(1).max(4096),
            revision: z.string().max(128).optional(),
            label: z
              .string()
              .max(64)
              .regex(/^[A-Za-z0-9][A-Za-z0-9._+-]*$/, 'use letters, figures, `.`, `_`, `+`, `-`')
              .optional(),
            signature: z.string().max(SIGNATURE_CHARACTERS_MAX).optional().describe('text of `model.sig`'),
            from: z
              .array(z.string().max(128))
              .max(100)
              .optional()
              .describe('data sets that it was made from'),
            facts: assetFactsSchema.prefault({}),
          }),
        ),
      },
      responses: { 201: json(versionView, 'Registered'), ...failures },
    }),
    async (c) => {
      onlyHere(c.var.principal.kind);
      const { kind, name, path, revision, label, signature, from, facts } = c.req.valid('json');
      control.references.requireForeign(path);
      const inventory = await control.inventory();
      const known = await inventory.addVersion(c.var.actor, kind, name ?? null, facts, {
        root: path,
        revision,
        label,
        signature,
        from,
        author: await control.fourEyes.authorOf(c.var.actor),
      });
      return c.json(viewVersion(known), 201);
    },
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/versions/{kind}/{name}/{label}/approve',
      ...needs('approve-proposals', 'version'),
      summary: 'Approve a version as it is; its author cannot',
      request: {
        ...versionPath,
        ...body(
          z.strictObject({
            digest: z.string().length(64).describe('of the files of what was looked at'),
            seen: z.string().length(64).describe('of all that was looked at'),
          }),
        ),
      },
      responses: { 200: json(versionView, 'Approved'), ...failures },
    }),
    async (c) => {
      const { kind, name, label } = c.req.valid('param');
      const inventory = await control.inventory();
      await control.installation.flush();
      const looked = c.req.valid('json');
      return c.json(viewVersion(await inventory.approve(c.var.actor, kind, name, label, looked)), 200);
    },
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/versions/{kind}/{name}/{label}/signature',
      ...needs('change-inventory', 'organisation'),
      summary: 'Verify a signature of a version, by those whose signatures count',
      request: {
        ...versionPath,
        ...body(z.strictObject({ signature: z.string().max(SIGNATURE_CHARACTERS_MAX) })),
      },
      responses: {
        200: json(outcome, 'What came of it'),
        ...failures,
      },
    }),
    async (c) => {
      const { kind, name, label } = c.req.valid('param');
      const inventory = await control.inventory();
      const said = await inventory.verifySignature(
        c.var.actor,
        kind,
        name,
        label,
        c.req.valid('json').signature,
      );
      return c.json({ passed: said.passed, summary: said.summary }, 200);
    },
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/versions/{kind}/{name}/{label}/scan',
      ...needs('run-scans', 'organisation'),
      summary: 'Scan a stored version again',
      request: versionPath,
      responses: {
        200: json(outcome, 'What came of it'),
        ...failures,
      },
    }),
    async (c) => {
      const { kind, name, label } = c.req.valid('param');
      const inventory = await control.inventory();
      const said = await inventory.rescan(c.var.actor, kind, name, label);
      return c.json({ passed: said.passed, summary: said.summary }, 200);
    },
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/models/{name}/{label}/tests',
      ...needs('change-inventory', 'organisation'),
      summary:
        'Keep what a test said of a version; one that failed closes its gate, until who is not behind the version says that it passed',
      request: {
        ...modelPath,
        ...body(z.strictObject({ passed: z.boolean(), summary: z.string().min(1).max(512) })),
      },
      responses: { 200: json(outcome, 'Kept'), ...failures },
    }),
    async (c) => {
      const { name, label } = c.req.valid('param');
      const { passed, summary } = c.req.valid('json');
      const { actor } = c.var;
      const inventory = await control.inventory();
      const behind = await behindSubject(control, `model:${name}@${label}`);
      // What failed closes a gate: emergency access opens none.
      const independent = !inEmergency(c.var.principal) && !(await control.fourEyes.isParty(actor, behind));
      const said = await inventory.noteTest(actor, name, label, passed, summary, independent);
      return c.json({ passed: said.passed, summary: said.summary }, 200);
    },
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/models/{name}/{label}/promote',
      ...needs('change-inventory', 'organisation'),
      summary: 'Have a version serve at a place; refused while one of its gates is closed',
      request: { ...modelPath, ...body(z.strictObject({ place })) },
      responses: {
        200: json(serves, 'It serves'),
        ...failures,
      },
    }),
    async (c) => {
      const { name, label } = c.req.valid('param');
      const where = c.req.valid('json').place;
      await requirePlace(control, where);
      const { digest, at } = await (await control.serving()).promote(c.var.actor, name, label, where);
      await control.publish();
      return c.json({ place: where, digest, at }, 200);
    },
  );
  app.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/attestations/key',
      ...needs('see-inventory', 'organisation'),
      summary: 'The key with which attestations of this installation are verified',
      responses: { 200: json(z.object({ publicKey: z.string().describe('PEM') }), 'Ed25519'), ...failures },
    }),
    async (c) => c.json({ publicKey: (await control.inventory()).attestationKey }, 200),
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/places/rollback',
      ...needs('change-inventory', 'organisation'),
      summary: 'Have a place serve what it served before',
      request: { ...body(z.strictObject({ place })) },
      responses: {
        200: json(serves, 'It serves'),
        ...failures,
      },
    }),
    async (c) => {
      const where = c.req.valid('json').place;
      const system = (await control.systems()).find(({ name }) => `system:${name}` === where);
      const serving = await control.serving();
      const { digest, at } = await serving.rollback(c.var.actor, where, system?.createdAt);
      await control.publish();
      return c.json({ place: where, digest, at }, 200);
    },
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/places/withdraw',
      ...needs('change-inventory', 'organisation'),
      summary: 'Have nothing serve at a place',
      request: { ...body(z.strictObject({ place })) },
      responses: { 200: json(z.object({ place: z.string() }), 'Nothing serves there'), ...failures },
    }),
    async (c) => {
      const where = c.req.valid('json').place;
      await (await control.serving()).withdraw(c.var.actor, where);
      await control.publish();
      return c.json({ place: where }, 200);
    },
  );
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/models/{name}/load',
      ...needs('change-inventory', 'organisation'),
      summary: 'Unpack what serves at a place into a folder of this machine, every byte verified',
      request: { ...named('name'), ...body(z.strictObject({ place, to: z.string().min(1).max(4096) })) },
      responses: {
        200: json(z.object({ label: z.string(), digest: z.string(), files: z.number() }), 'Unpacked'),
        ...failures,
      },
    }),
    async (c) => {
      onlyHere(c.var.principal.kind);
      const { place: where, to } = c.req.valid('json');
      const allow = (path: string): void => control.references.requireForeign(path);
      allow(to);
      const serving = await control.serving();
      const version = await serving.load(c.var.actor, c.req.param('name'), where, to, allow);
      return c.json({ label: version.label, digest: version.digest, files: version.files.length }, 200);
    },
  );
}

/** Places are what the inventory or the gateway knows. @throws CodedError */
async function requirePlace(control: Control, where: string): Promise<void> {
  const [kind, name = ''] = where.split(/:(.*)/s);
  if (kind === 'system') return control.requireNamed([name]);
  if (!(await control.installation.store.inventory.asset('endpoint', name)))
    throw new CodedError('not-found', `there is no endpoint \`${name}\` in the inventory: register it`);
}
