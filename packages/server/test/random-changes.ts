import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { followed } from './followed.ts';
import { enforced, fakeSystem, scratch, type TestServer, testServer } from './harness.ts';
import { signedIn, type TestPerson } from './people.ts';
import { SOME_USER, scimBodies } from './random-scim.ts';

/** What is read of a schema of the OpenAPI document. */
interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly additionalProperties?: Schema | boolean;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly minimum?: number;
  readonly maximum?: number;
}

interface Operation {
  readonly method: string;
  readonly path: string;
  readonly body: Schema | null;
}

/** One request that is made: path parameters and some strings are chosen when it is, among what there is then. */
interface Step {
  readonly operation: Operation;
  readonly body: unknown;
  readonly choices: readonly number[];
}

/** Long: it streams. All others are asked, those that end the test's own way in too. */
const LEFT_OUT = 'GET /api/v1/live';
const isScim = (path: string): boolean => path.startsWith('/scim/');
/** Routes without a session: some are asked by no one. */
const isOpen = (path: string): boolean => /^\/api\/v1\/(?:session|setup|token)(?:\/|$)/.test(path);
const STRINGS = [
  'alpha',
  'beta',
  'model-a',
  'openai',
  '30d',
  '1s',
  '2030-01-01T00:00:00.000Z',
  'operator',
  'operator@alpha',
  'system:alpha',
  'https://example.com',
  'http://127.0.0.1:9',
  '/nonexistent',
  '../../etc/passwd',
  'env:HOME',
  'env:RANDOM_CHANGES',
  'file:/proc/self/environ',
  'é\u0000\u202e',
  'x'.repeat(5_000),
  '',
];
const NUMBERS = [0, 1, -1, 1.5, 1e15, Number.MAX_SAFE_INTEGER, -Number.MAX_VALUE, 5e-324];

const mutated = (arbitrary: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 30, arbitrary }, { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }) });

/** Bodies of a schema: mostly as it says, and some that are not. */
function bodies(schema: Schema, all: Readonly<Record<string, Schema>>, depth = 0): fc.Arbitrary<unknown> {
  if (depth > 8) return fc.constant(null);
  const deeper = (one: Schema): fc.Arbitrary<unknown> => bodies(one, all, depth + 1);
  if (schema.$ref !== undefined) return deeper(all[schema.$ref.split('/').at(-1)!]!);
  if (schema.const !== undefined) return mutated(fc.constant(schema.const));
  if (schema.enum) return mutated(fc.constantFrom(...schema.enum));
  const several = schema.anyOf ?? schema.oneOf ?? schema.allOf;
  if (several) return fc.oneof(...several.map(deeper));
  const { minimum = 0, maximum = 100 } = schema;
  const [type] = [schema.type].flat();
  switch (type) {
    case 'string':
      return mutated(fc.oneof(fc.constantFrom(...STRINGS), fc.string({ maxLength: 12, unit: 'binary' })));
    case 'integer':
    case 'number':
      return mutated(
        fc.oneof(fc.constantFrom(minimum, maximum, ...NUMBERS), fc.integer({ min: 0, max: 90 })),
      );
    case 'boolean':
      return mutated(fc.boolean());
    case 'array':
      return mutated(fc.array(deeper(schema.items ?? {}), { maxLength: 3 }));
    case 'object': {
      const own = Object.entries(schema.properties ?? {}).map(([name, one]) => [name, deeper(one)] as const);
      if (own.length === 0)
        return mutated(fc.dictionary(fc.constantFrom(...STRINGS), fc.jsonValue(), { maxKeys: 3 }));
      return mutated(
        fc.record(Object.fromEntries(own), {
          requiredKeys: [...(schema.required ?? [])],
          noNullPrototype: true,
        }),
      );
    }
    default:
      return fc.jsonValue({ maxDepth: 2 });
  }
}

/** Systems as they are added, so that many are taken. */
const systems = (url: string): fc.Arbitrary<unknown> =>
  mutated(
    fc.record(
      {
        name: fc.constantFrom('alpha', 'beta', 'gamma', 'good', 'Not A Name'),
        dialect: fc.constantFrom('openai', 'anthropic', 'ollama', 'oip'),
        urls: fc.constantFrom([url], ['http://127.0.0.1:9'], ['https://example.com', url]),
        allowPrivate: fc.boolean(),
        apiKeyRef: fc.constantFrom('env:RANDOM_CHANGES', 'env:HOME', 'file:/etc/passwd', 'file:\u0000'),
        profile: fc.constantFrom('/nonexistent', 'x', ''),
        echo: fc.constantFrom('/nonexistent', '/dev/zero'),
        serves: fc.constantFrom('model-a', '-'),
        judge: fc.record({ system: fc.constantFrom('alpha', 'good', 'nobody') }),
        limits: fc.record({ concurrent: fc.constantFrom(0, 1, 1e9, -1) }, { requiredKeys: [] }),
        models: fc.array(fc.constantFrom('m', 'good', ''), { maxLength: 3 }),
      },
      { requiredKeys: ['name', 'dialect', 'urls'], noNullPrototype: true },
    ),
  );

/** An installation that random changes are made to. */
export interface ChangedAtRandom {
  readonly steps: fc.Arbitrary<Step[]>;
  /** Makes them, one after the other. */
  make(steps: readonly Step[]): Promise<void>;
  /** Starts it again, and sees that it serves and revokes. */
  again(): Promise<void>;
  close(): Promise<void>;
  /** Requests by the status of their answers; those by SCIM and by no one once more, with that before it. */
  readonly answers: Map<string, number>;
}

/** Opens one. @param length most steps of one sequence */
export async function changedAtRandom(length: number): Promise<ChangedAtRandom> {
  process.env['RANDOM_CHANGES'] = 'a value';
  const fake = await fakeSystem();
  const root = scratch();
  mkdirSync(join(root, 'keep'));
  const start = (): Promise<TestServer> =>
    testServer({
      data: join(root, 'keep', 'data'),
      systems: { good: enforced(fake) },
      config: { secrets: { environment: ['RANDOM_CHANGES'] } },
    });
  let server = await start();
  let admin: TestPerson = await signedIn(server, [{ role: 'administrator' }]);
  const document = (await (await fetch(`${server.controlUrl}/openapi.json`)).json()) as {
    components: { schemas: Record<string, Schema> };
    paths: Record<string, Record<string, { requestBody?: { content: Record<string, { schema: Schema }> } }>>;
  };
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([name, { requestBody }]): Operation[] => {
      const method = name.toUpperCase();
      if (!/^\/(?:api|scim)\//.test(path) || `${method} ${path}` === LEFT_OUT) return [];
      return [{ method, path, body: requestBody?.content['application/json']?.schema ?? null }];
    }),
  );
  const toAdd = operations.find(({ method, path }) => method === 'POST' && path === '/api/v1/systems')!;
  const choices = fc.array(fc.nat(999), { minLength: 4, maxLength: 4 });
  const bodyOf = ({ method, path, body }: Operation): fc.Arbitrary<unknown> => {
    if (isScim(path))
      return /^(?:POST|PUT|PATCH)$/.test(method) ? mutated(scimBodies(path, method)) : fc.constant(undefined);
    return body === null ? fc.constant(undefined) : bodies(body, document.components.schemas);
  };
  const stepOf = (operation: Operation): fc.Arbitrary<Step> =>
    fc.record({
      operation: fc.constant(operation),
      body: bodyOf(operation),
      choices,
    });
  const changing = operations.filter(({ method }) => method !== 'GET');
  const step = fc.oneof(
    { weight: 2, arbitrary: fc.record({ operation: fc.constant(toAdd), body: systems(fake.url), choices }) },
    { weight: 6, arbitrary: fc.constantFrom(...changing).chain(stepOf) },
    { weight: 1, arbitrary: fc.constantFrom(...operations).chain(stepOf) },
    { weight: 2, arbitrary: fc.constantFrom(...changing.filter(({ path }) => isScim(path))).chain(stepOf) },
    { weight: 1, arbitrary: fc.constantFrom(...changing.filter(({ path }) => isOpen(path))).chain(stepOf) },
  );
  const answers = new Map<string, number>();
  const count = (what: string): void => void answers.set(what, (answers.get(what) ?? 0) + 1);
  const revoked: string[] = [];
  let made = 0;

  /** Values for parameters of a path: of what there is. */
  const known = async (path: string): Promise<string[]> => {
    const { store } = server.control.installation;
    if (path.includes('/Users/'))
      return (await server.control.accounts.provisioner.users()).map(({ id }) => id);
    if (path.includes('/Groups/')) return (await store.provisioning.groups()).map(({ id }) => id);
    if (path.includes('/keys/')) return (await store.keys.list()).map(({ id }) => id);
    if (path.includes('/programs/')) return (await store.programs.list()).map(({ id }) => id);
    if (path.includes('/integrations/')) return (await store.integrations.list()).map(({ id }) => id);
    if (path.includes('/secret-origins/')) return (await store.secretOrigins.list()).map(({ id }) => id);
    return ['alpha', 'beta', 'gamma', 'model-a', 'model', 'dataset', '%00', '..', 'x'.repeat(200)];
  };

  /** Whether a key opens the system that was always there. */
  const status = async (key: string): Promise<number> => {
    const response = await server.chat(key, 'hello', { model: 'good' });
    const text = await response.text();
    // A third party may have been put behind it, and refused: that is a change that acts.
    return text.includes('integration-refused') ? 200 : response.status;
  };

  const works = async (): Promise<void> => {
    const { id, key } = await server.control.apiKeys.create('test', { name: 'k', systems: ['good'] });
    assert.equal(await status(key), 200, 'a call goes on');
    const began = performance.now();
    await server.control.apiKeys.revoke('test', id);
    assert.equal(await status(key), 401, 'a revocation acts');
    assert.ok(performance.now() - began < 1_000, 'within a second');
    revoked.push(key);
  };

  /** The key of an identity provider, made again where it was taken away. */
  let providerKey: { id: string; key: string } | null = null;
  const provider = async (): Promise<string> => {
    const { programs } = server.control.accounts;
    const row = providerKey && (await server.control.installation.store.keys.byId(providerKey.id));
    if (providerKey && row?.revokedAt === null) return providerKey.key;
    const grants = [{ role: 'provisioner' }];
    const { id } = await programs.add('test', { name: `p${made++}`, purpose: 'x', owner: null, grants });
    providerKey = await server.control.apiKeys.create('test', { name: 'p', systems: ['good'], program: id });
    return providerKey.key;
  };

  /** Asks as an identity provider, or as no one. */
  const askWithout = async (
    key: string | null,
    method: string,
    path: string,
    body: unknown,
  ): Promise<Response> => {
    const [user = 'none'] = await known('/Users/');
    return fetch(`${server.controlUrl}${path}`, {
      method,
      redirect: 'manual',
      headers: {
        ...(key === null ? {} : { authorization: `Bearer ${key}` }),
        ...(body === undefined
          ? {}
          : { 'content-type': key === null ? 'application/json' : 'application/scim+json' }),
      },
      body: body === undefined ? null : JSON.stringify(body).replaceAll(SOME_USER, user),
    });
  };

  const ask = async ({ operation, body, choices: [first = 0, ...rest] }: Step): Promise<void> => {
    const { method, path } = operation;
    await server.control.installation.store.change(async (tx) => {
      await tx.updateTable('sessions').set({ proven_at: new Date().toISOString() }).execute();
      await followed(tx, 'sessions');
      return { result: undefined, event: [] };
    });
    const values = await known(path);
    const numbers = [first, ...rest];
    const filled = path.replaceAll(/\{[^}]+\}/g, () => {
      const value = values[(numbers.shift() ?? 0) % values.length] ?? 'none';
      return value.startsWith('%') ? value : encodeURIComponent(value);
    });
    const own = method === 'GET' || method === 'DELETE' ? undefined : body;
    const isOwn = !isScim(path) && !(isOpen(path) && first % 2 === 0);
    const response = isOwn
      ? await admin.call(method, filled, own)
      : await askWithout(isScim(path) ? await provider() : null, method, filled, own);
    const text = await response.text();
    count(`${response.status}`);
    if (!isOwn) count(`${isScim(path) ? 'SCIM' : 'open'} ${response.status}`);
    assert.ok(response.status < 500 || response.status === 503, `${method} ${filled}: ${text.slice(0, 200)}`);
    if (response.status === 401) admin = await signedIn(server, [{ role: 'administrator' }]);
  };

  return {
    steps: fc.array(step, { minLength: Math.ceil(length / 2), maxLength: length }),
    answers,
    make: async (steps) => {
      for (const one of steps) await ask(one);
      await works();
    },
    again: async () => {
      await server.stop();
      server = await start();
      await works();
      for (const key of revoked.slice(-5)) assert.equal(await status(key), 401, 'also after a restart');
      admin = await signedIn(server, [{ role: 'administrator' }]);
    },
    close: async () => {
      await server.stop();
      await fake.close();
    },
  };
}
