import { clock } from '@sallyport/core';
import type { Control } from '../src/control.ts';

/** One call of the API. */
export interface Call {
  readonly method: string;
  readonly path: string;
  readonly body?: object;
}

/** What the small world holds, to be named in calls. */
interface Things {
  readonly people: readonly { readonly id: string; readonly grants: readonly string[] }[];
  readonly programs: readonly { readonly id: string; readonly grants: readonly string[] }[];
  readonly keys: readonly string[];
  readonly systems: readonly string[];
  readonly sources: readonly { readonly id: string; readonly digest: string }[];
  readonly parties: readonly { readonly name: string; readonly digest: string }[];
  readonly users: readonly string[];
  readonly groups: readonly string[];
  readonly holds: readonly string[];
}

/** Of each kind, at most: the newest, so that what a sequence made is among them. */
const EACH_MAX = 7;
const ROLES = ['viewer', 'operator', 'approver', 'administrator', 'provisioner'] as const;

async function thingsOf(
  { accounts, apiKeys, installation, systems, thirdParties }: Control,
  control: Control,
): Promise<Things> {
  const { store } = installation;
  const newest = <T>(rows: readonly T[]): readonly T[] => rows.slice(-EACH_MAX);
  const grants = await store.people.grants(clock.nowIso());
  const of = (holder: string): string[] => grants.flatMap((one) => (one.holder === holder ? [one.id] : []));
  const { seenDigest } = await import('@sallyport/core');
  return {
    people: newest((await store.people.list()).map(({ id }) => ({ id, grants: of(`person:${id}`) }))),
    programs: newest((await accounts.programs.list()).map(({ id }) => ({ id, grants: of(`program:${id}`) }))),
    keys: newest((await apiKeys.list()).map(({ id }) => id)),
    systems: newest((await systems.call(control)).map(({ name }) => name)),
    sources: newest(
      (await store.inventory.sources()).map((one) => ({ id: one.id, digest: seenDigest(one) })),
    ),
    parties: newest((await thirdParties.list()).map(({ name, digest }) => ({ name, digest }))),
    users: newest((await accounts.provisioner.users()).map(({ id }) => id)),
    holds: newest((await store.holds.list()).map(({ id }) => id)),
    groups: newest((await store.provisioning.groups()).map(({ id }) => id)),
  };
}

type Making = (path: string, things: Things) => Call[];
/** Who answers for a key or account does nothing by that: the actor, or one of the others, who are alike. */
const owners = <T>(people: readonly T[]): readonly T[] => [...new Set([people[0]!, people.at(-1)!])];
const post = (path: string, ...bodies: object[]): Call[] =>
  bodies.map((body) => ({ method: 'POST', path, body }));
const each = <T>(some: readonly T[], make: (one: T) => Call[]): Call[] => some.flatMap(make);

/** How each route that changes rights, or what they are over, is called. */
const MADE: Readonly<Record<string, Making>> = {
  'POST /api/v1/people': (path) =>
    post(path, ...ROLES.slice(0, 4).map((role) => ({ name: `new-${role}`, grants: [{ role }] }))),
  'POST /api/v1/people/{id}/link': (_, { people }) =>
    each(people, ({ id }) => post(`/api/v1/people/${id}/link`, {})),
  'POST /api/v1/people/{id}/provider': (_, { people }) =>
    each(people, ({ id }) =>
      post(`/api/v1/people/${id}/provider`, { subject: 'me', issuer: 'https://idp.example' }),
    ),
  'POST /api/v1/people/{id}/disable': (_, { people }) =>
    each(people, ({ id }) => post(`/api/v1/people/${id}/disable`, {})),
  'POST /api/v1/people/{id}/enable': (_, { people }) =>
    each(people, ({ id }) => post(`/api/v1/people/${id}/enable`, {})),
  'POST /api/v1/people/{id}/local-user': (_, { people }) =>
    each(people, ({ id }) => post(`/api/v1/people/${id}/local-user`, { user: 'jo' }, { user: null })),
  'POST /api/v1/people/{id}/grants': (_, { people }) =>
    each(people, ({ id }) =>
      post(
        `/api/v1/people/${id}/grants`,
        { role: 'approver' },
        { role: 'administrator' },
        { role: 'operator', system: 'beta' },
      ),
    ),
  'DELETE /api/v1/people/{id}/grants/{grant}': (_, { people }) =>
    each(people, ({ id, grants }) =>
      grants.map((grant) => ({ method: 'DELETE', path: `/api/v1/people/${id}/grants/${grant}` })),
    ),
  'DELETE /api/v1/people/{id}/sessions': (_, { people }) =>
    each(people, ({ id }) => [{ method: 'DELETE', path: `/api/v1/people/${id}/sessions` }]),
  'POST /api/v1/programs': (path) =>
    post(
      path,
      ...['operator', 'provisioner'].map((role) => ({
        name: `new-${role}`,
        purpose: 'x',
        grants: [{ role }],
      })),
    ),
  'POST /api/v1/programs/{id}/keys': (_, { programs }) =>
    each(programs, ({ id }) => post(`/api/v1/programs/${id}/keys`, {}, { systems: ['alpha'] })),
  'POST /api/v1/programs/{id}/disable': (_, { programs }) =>
    each(programs, ({ id }) => post(`/api/v1/programs/${id}/disable`, {})),
  'POST /api/v1/programs/{id}/enable': (_, { programs }) =>
    each(programs, ({ id }) => post(`/api/v1/programs/${id}/enable`, {})),
  'POST /api/v1/programs/{id}/owner': (_, { programs, people }) =>
    each(programs, ({ id }) =>
      owners(people).flatMap((one) => post(`/api/v1/programs/${id}/owner`, { owner: one.id })),
    ),
  'POST /api/v1/programs/{id}/grants': (_, { programs }) =>
    each(programs, ({ id }) =>
      post(`/api/v1/programs/${id}/grants`, { role: 'operator' }, { role: 'provisioner' }),
    ),
  'DELETE /api/v1/programs/{id}/grants/{grant}': (_, { programs }) =>
    each(programs, ({ id, grants }) =>
      grants.map((grant) => ({ method: 'DELETE', path: `/api/v1/programs/${id}/grants/${grant}` })),
    ),
  'POST /api/v1/keys': (path, { systems }) =>
    post(path, ...systems.map((one) => ({ name: 'made', systems: [one] })), {
      name: 'made',
      systems: [...systems],
    }),
  'POST /api/v1/keys/{id}/rotate': (_, { keys }) => each(keys, (id) => post(`/api/v1/keys/${id}/rotate`, {})),
  'POST /api/v1/keys/{id}/revoke': (_, { keys }) => each(keys, (id) => post(`/api/v1/keys/${id}/revoke`, {})),
  'POST /api/v1/keys/{id}/owner': (_, { keys, people }) =>
    each(keys, (id) => owners(people).flatMap((one) => post(`/api/v1/keys/${id}/owner`, { owner: one.id }))),
  'POST /api/v1/systems': (path) =>
    post(path, { name: 'gamma', dialect: 'openai', urls: ['http://127.0.0.1:9/beta'], allowPrivate: true }),
  'POST /api/v1/systems/{name}/mode': (_, { systems }) =>
    each(systems, (name) => post(`/api/v1/systems/${name}/mode`, { mode: 'observe' })),
  'POST /api/v1/systems/{name}/settings': (_, { systems }) =>
    each(systems, (name) =>
      post(
        `/api/v1/systems/${name}/settings`,
        { urls: ['http://127.0.0.1:9/beta'] },
        { limits: { requestsPerMinute: 5 } },
        { canaries: [] },
      ),
    ),
  'DELETE /api/v1/systems/{name}': (_, { systems }) =>
    each(systems, (name) => [{ method: 'DELETE', path: `/api/v1/systems/${name}` }]),
  'POST /api/v1/sources': (path) => post(path, { pattern: 'https://data.example/x' }),
  'POST /api/v1/sources/{id}/approve': (_, { sources }) =>
    each(sources, ({ id, digest }) => post(`/api/v1/sources/${id}/approve`, { digest })),
  'POST /api/v1/sources/{id}/end': (_, { sources }) =>
    each(sources, ({ id }) => post(`/api/v1/sources/${id}/end`, {})),
  'POST /api/v1/integrations': (path) =>
    post(path, {
      name: 'vendor',
      kind: 'vendor-model',
      manifest: { purpose: 'x', origins: ['http://127.0.0.1:9'], systems: ['alpha'], allowPrivate: true },
    }),
  'POST /api/v1/integrations/{id}/approve': (_, { parties }) =>
    each(parties, ({ name, digest }) => post(`/api/v1/integrations/${name}/approve`, { digest })),
  'POST /api/v1/integrations/{id}/suspend': (_, { parties }) =>
    each(parties, ({ name }) => post(`/api/v1/integrations/${name}/suspend`, {})),
  'POST /api/v1/integrations/{id}/end': (_, { parties }) =>
    each(parties, ({ name }) => post(`/api/v1/integrations/${name}/end`, {})),
  'POST /api/v1/break-glass': (path) =>
    post(path, { reason: 'nobody else is here and calls fail', minutes: 5 }),
  'POST /api/v1/prices': (path) =>
    post(path, { prices: [{ model: 'm', inputPerMillion: 1, outputPerMillion: 2 }] }),
  'POST /api/v1/holds': (path) => post(path, { system: 'alpha', reason: 'a case' }),
  'POST /api/v1/holds/{id}/lift': (_, { holds }) => each(holds, (id) => post(`/api/v1/holds/${id}/lift`, {})),
  'POST /scim/v2/Users': (path) => post(path, { userName: 'new-by-directory' }),
  'PUT /scim/v2/Users/{id}': (_, { users }) =>
    each(users, (id) => [{ method: 'PUT', path: `/scim/v2/Users/${id}`, body: { userName: 'renamed' } }]),
  'PATCH /scim/v2/Users/{id}': (_, { users }) =>
    each(users, (id) => [
      {
        method: 'PATCH',
        path: `/scim/v2/Users/${id}`,
        body: { Operations: [{ op: 'replace', path: 'active', value: true }] },
      },
    ]),
  'DELETE /scim/v2/Users/{id}': (_, { users }) =>
    each(users, (id) => [{ method: 'DELETE', path: `/scim/v2/Users/${id}` }]),
  'POST /scim/v2/Groups': (path, { users }) =>
    each(['approvers', 'operators'], (displayName) =>
      post(path, { displayName, members: users.map((value) => ({ value })) }),
    ),
  'PUT /scim/v2/Groups/{id}': (_, { users, groups }) =>
    each(groups, (id) => [
      {
        method: 'PUT',
        path: `/scim/v2/Groups/${id}`,
        body: { displayName: 'approvers', members: users.map((value) => ({ value })) },
      },
    ]),
  'PATCH /scim/v2/Groups/{id}': (_, { users, groups }) =>
    each(groups, (id) =>
      [
        { op: 'replace', path: 'displayName', value: 'approvers' },
        { op: 'add', path: 'members', value: users.map((value) => ({ value })) },
      ].map((change) => ({
        method: 'PATCH',
        path: `/scim/v2/Groups/${id}`,
        body: { Operations: [change] },
      })),
    ),
  'DELETE /scim/v2/Groups/{id}': (_, { groups }) =>
    each(groups, (id) => [{ method: 'DELETE', path: `/scim/v2/Groups/${id}` }]),
};

/** Routes that change something and no right: what each does is of no one's power over anything, or needs what is not here. */
const NO_RIGHT = [
  /^\w+ \/api\/v1\/account(?:\/|$)/,
  /^\w+ \/api\/v1\/(?:session|setup)$/,
  /^POST \/api\/v1\/(?:reload|guard|alerts|findings|vault|backups|ledger|lineage|assessments|scans|ci-runs|policies|ai-uses|inventory|versions|models|places|reviews|secret-origins|state)(?:\/|$)/,
  /^POST \/api\/v1\/systems\/\{name\}\/(?:try|connection)$/,
  /^DELETE \/api\/v1\/secret-origins/,
] as const;

/** Every call that could be made now. */
export async function callsOf(control: Control): Promise<Call[]> {
  const things = await thingsOf(control, control);
  return Object.entries(MADE).flatMap(([route, make]) => make(route.slice(route.indexOf(' ') + 1), things));
}

/** Routes that change something and are neither called nor said to change no right. @param routes `METHOD path` */
export const uncalled = (routes: readonly string[]): string[] =>
  routes.filter((route) => !(route in MADE) && !NO_RIGHT.some((one) => one.test(route)));

/** Routes that are called and are not there. */
export const gone = (routes: readonly string[]): string[] =>
  Object.keys(MADE).filter((route) => !routes.includes(route));

/** Whether a call proposes what another person approves. */
export const proposes = ({ method, path }: Call): boolean =>
  method === 'POST' && /^\/api\/v1\/(?:sources|integrations)$/.test(path);

/** Whether a call may bring another identity into a coalition: its answer holds a key or a link, or it leads to a provider. */
export const widens = ({ method, path }: Call): boolean =>
  method === 'POST' &&
  /^\/api\/v1\/(?:people|programs|keys)(?:\/[^/]+\/(?:link|provider|keys|rotate))?$/.test(path);
