import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { CodedError, toCodedError } from '@sallyport/core';
import type { Context } from 'hono';
import { needs } from '../authorisation/route-permissions.ts';
import type { Control } from '../control.ts';
import {
  clamped,
  filtered,
  groupOf,
  isLeaver,
  namedAsKnown,
  patchGroup,
  patchUser,
  scimGroup,
  scimPatch,
  scimUser,
  showGroup,
  showList,
  showUser,
  userOf,
} from './scim-shapes.ts';
import { type Env, named, siteOrigin } from './shared.ts';

const TYPE = 'application/scim+json';
const ERROR = 'urn:ietf:params:scim:api:messages:2.0:Error';
const PAGE_MAX = 200;

/** Words of SCIM for what is wrong (RFC 7644 section 3.12). */
const TYPES: Readonly<Record<number, string>> = { 400: 'invalidValue', 409: 'uniqueness' };

/** Routes by which an identity provider keeps people and groups here (SCIM 2.0). */
export function scimRoutes(app: OpenAPIHono<Env>, control: Control): void {
  const provisioner = () => control.accounts.provisioner;
  const base = (c: Context<Env>): string => `${siteOrigin(c)}/scim/v2`;
  const answer = (c: Context<Env>, value: object, status: 200 | 201 = 200): Response =>
    c.body(JSON.stringify(value), status, { 'content-type': TYPE });
  const shape = {
    content: { [TYPE]: { schema: z.object({}).loose() } },
    description: 'As RFC 7643 writes it',
  };
  // Whoever leaves is out, whether or not that can be recorded.
  const provision = needs('provision-people', 'organisation', true);
  const query = z.object({
    filter: z.string().max(2_048).optional(),
    startIndex: z.string().max(64).optional(),
    count: z.string().max(64).optional(),
  });
  const readAny = (c: Context<Env>): Promise<unknown> =>
    c.req.json().catch(() => {
      throw new CodedError('request-invalid', 'the body is not JSON');
    });
  /** A leaver is out before anything else of the request is looked at. @returns whether they were here until now */
  const letLeave = async (c: Context<Env>): Promise<boolean> =>
    isLeaver(await readAny(c)) && (await provisioner().leave(c.var.actor, id(c)));
  /** Reads a body that comes as JSON, under whichever of its names. @throws CodedError `request-invalid` */
  const read = async <T extends z.ZodType>(c: Context<Env>, schema: T): Promise<z.infer<T>> => {
    const value = await readAny(c);
    const result = schema.safeParse(schema === (scimPatch as unknown) ? value : namedAsKnown(value));
    if (result.success) return result.data;
    const { path, message } = result.error.issues[0]!;
    throw new CodedError('request-invalid', `\`${path.join('.')}\`: ${message}`);
  };
  /** Errors in the words of SCIM. */
  const inWords =
    (work: (c: Context<Env>) => Promise<Response>) =>
    async (c: Context<Env>): Promise<never> => {
      try {
        return (await work(c)) as never;
      } catch (fault) {
        const { status, message } = toCodedError(fault);
        const scimType = status === 400 && c.req.method === 'GET' ? 'invalidFilter' : TYPES[status];
        const body = {
          schemas: [ERROR],
          status: String(status),
          ...(scimType ? { scimType } : {}),
          detail: message,
        };
        return c.body(JSON.stringify(body), status as 400, { 'content-type': TYPE }) as never;
      }
    };
  const route = (
    method: 'get' | 'post' | 'put' | 'patch' | 'delete',
    path: string,
    summary: string,
    work: (c: Context<Env>) => Promise<Response>,
  ): void => {
    const body = method === 'post' || method === 'put' || method === 'patch';
    app.openapi(
      createRoute({
        method,
        path: `/scim/v2${path}`,
        ...provision,
        summary,
        request: {
          ...(path.includes('{id}') ? named('id') : {}),
          ...(method === 'get' && !path.includes('{id}') ? { query } : {}),
          // Read by hand: providers send it under several media types.
          ...(body ? { body: { content: { [TYPE]: { schema: z.object({}).loose() } } } } : {}),
        },
        responses: method === 'delete' ? { 204: { description: 'Gone' } } : { 200: shape, 201: shape },
      }),
      inWords(work),
    );
  };
  const id = (c: Context<Env>): string => c.req.param('id') ?? '';
  const page = (c: Context<Env>): { filter: string | undefined; startIndex: number; count: number } => {
    const { filter, startIndex, count } = query.parse(c.req.query());
    return {
      filter,
      startIndex: clamped(startIndex, 1, 1, Number.MAX_SAFE_INTEGER),
      count: clamped(count, 100, 0, PAGE_MAX),
    };
  };

  route('get', '/Users', 'List users; filter by userName, externalId or id', async (c) => {
    const { filter, startIndex, count } = page(c);
    const users = filtered(await provisioner().users(), filter, {
      username: { read: (one) => one.userName, exact: false },
      externalid: { read: (one) => one.externalId, exact: true },
      id: { read: (one) => one.id, exact: true },
    });
    return answer(
      c,
      showList(
        users.map((one) => showUser(one, base(c))),
        startIndex,
        count,
      ),
    );
  });
  route('post', '/Users', 'A joiner', async (c) => {
    const user = await provisioner().create(c.var.actor, userOf(await read(c, scimUser)));
    return answer(c, showUser(user, base(c)), 201);
  });
  route('get', '/Users/{id}', 'One user', async (c) =>
    answer(c, showUser(await provisioner().user(id(c)), base(c))),
  );
  route(
    'put',
    '/Users/{id}',
    'A mover, or a leaver: who is not active is out when this answers',
    async (c) => {
      const left = await letLeave(c);
      const said = await read(c, scimUser);
      const user = await provisioner().replace(
        c.var.actor,
        id(c),
        ({ active }) => userOf(said, active),
        left,
      );
      return answer(c, showUser(user, base(c)));
    },
  );
  route('patch', '/Users/{id}', 'A change of a user', async (c) => {
    const left = await letLeave(c);
    const change = await read(c, scimPatch);
    const user = await provisioner().replace(c.var.actor, id(c), (now) => patchUser(now, change), left);
    return answer(c, showUser(user, base(c)));
  });
  route('delete', '/Users/{id}', 'A leaver for good', async (c) => {
    await provisioner().remove(c.var.actor, id(c));
    return c.body(null, 204);
  });

  route('get', '/Groups', 'List groups; filter by displayName, externalId or id', async (c) => {
    const { filter, startIndex, count } = page(c);
    const groups = filtered(await provisioner().groups(), filter, {
      displayname: { read: (one) => one.name, exact: false },
      externalid: { read: (one) => one.externalId, exact: true },
      id: { read: (one) => one.id, exact: true },
    });
    return answer(
      c,
      showList(
        groups.map((one) => showGroup(one, base(c))),
        startIndex,
        count,
      ),
    );
  });
  route('post', '/Groups', 'Make a group; its members get its roles', async (c) => {
    const group = await provisioner().putGroup(c.var.actor, null, groupOf(await read(c, scimGroup)));
    return answer(c, showGroup(group, base(c)), 201);
  });
  route('get', '/Groups/{id}', 'One group', async (c) =>
    answer(c, showGroup(await provisioner().group(id(c)), base(c))),
  );
  route('put', '/Groups/{id}', 'Make a group what it should be', async (c) => {
    const group = await provisioner().putGroup(c.var.actor, id(c), groupOf(await read(c, scimGroup)));
    return answer(c, showGroup(group, base(c)));
  });
  route('patch', '/Groups/{id}', 'Members come and go; their roles follow at once', async (c) => {
    const change = await read(c, scimPatch);
    const group = await provisioner().putGroup(c.var.actor, id(c), (now) => patchGroup(now, change));
    return answer(c, showGroup(group, base(c)));
  });
  route('delete', '/Groups/{id}', 'Remove a group, and the roles that it gave', async (c) => {
    await provisioner().removeGroup(c.var.actor, id(c));
    return c.body(null, 204);
  });
  route('get', '/ServiceProviderConfig', 'What of SCIM is served', async (c) =>
    answer(c, {
      schemas: ['urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig'],
      patch: { supported: true },
      bulk: { supported: false, maxOperations: 0, maxPayloadSize: 0 },
      filter: { supported: true, maxResults: PAGE_MAX },
      changePassword: { supported: false },
      sort: { supported: false },
      etag: { supported: false },
      authenticationSchemes: [
        {
          type: 'oauthbearertoken',
          name: 'Bearer',
          description: 'A key of a service account with the role provisioner',
        },
      ],
    }),
  );
}
