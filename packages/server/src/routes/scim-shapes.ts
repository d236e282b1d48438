import type { KnownUser, ProvisionedGroup, ProvisionedUser } from '@sallyport/access';
import { CodedError } from '@sallyport/core';
import type { GroupRow } from '@sallyport/store';
import { z } from 'zod';

// How SCIM writes people and groups (RFC 7643), and what it says of changes (RFC 7644). Attributes that we do not keep
// are taken and forgotten, as section 3.3 allows.

const USER = 'urn:ietf:params:scim:schemas:core:2.0:User';
const GROUP = 'urn:ietf:params:scim:schemas:core:2.0:Group';
const LIST = 'urn:ietf:params:scim:api:messages:2.0:ListResponse';
const OPERATIONS_MAX = 1_000;

const text = z.string().max(1_024);
/** Providers that send booleans as words are many. */
const flag = z.union([z.boolean(), z.stringbool()]);

/** A user as a provider sends one. */
export const scimUser = z.looseObject({
  userName: text.min(1),
  externalId: text.nullish(),
  displayName: text.nullish(),
  name: z
    .looseObject({ formatted: text.nullish(), givenName: text.nullish(), familyName: text.nullish() })
    .nullish(),
  emails: z
    .array(z.looseObject({ value: text, primary: flag.optional() }))
    .max(32)
    .nullish(),
  active: flag.default(true),
});
type ScimUser = z.infer<typeof scimUser>;

/** A group as a provider sends one. */
export const scimGroup = z.looseObject({
  displayName: text.min(1),
  externalId: text.nullish(),
  members: z
    .array(z.looseObject({ value: text }))
    .max(10_000)
    .nullish(),
});

/** A change of a user or a group. */
export const scimPatch = z.looseObject({
  Operations: z
    .array(
      z.looseObject({
        op: z
          .string()
          .transform((op) => op.toLowerCase())
          .pipe(z.enum(['add', 'replace', 'remove'])),
        path: text.optional(),
        value: z.unknown().optional(),
      }),
    )
    .min(1)
    .max(OPERATIONS_MAX),
});
type Patch = z.infer<typeof scimPatch>;

/** What is kept of a user. */
export function userOf({
  userName,
  externalId,
  displayName,
  name,
  emails,
  active,
}: ScimUser): ProvisionedUser {
  const spelled = [name?.givenName, name?.familyName].filter(Boolean).join(' ');
  const email = emails?.find(({ primary }) => primary === true) ?? emails?.[0];
  return {
    userName,
    externalId: externalId ?? null,
    displayName: (displayName || name?.formatted || spelled || userName).slice(0, 128),
    email: email?.value.slice(0, 254) ?? null,
    active,
  };
}

/** What is kept of a group. */
export const groupOf = ({
  displayName,
  externalId,
  members,
}: z.infer<typeof scimGroup>): ProvisionedGroup => ({
  name: displayName.slice(0, 256),
  externalId: externalId ?? null,
  members: (members ?? []).map(({ value }) => value),
});

/** A user as SCIM shows one. */
export const showUser = (user: KnownUser, base: string): object => ({
  schemas: [USER],
  id: user.id,
  ...(user.externalId === null ? {} : { externalId: user.externalId }),
  userName: user.userName,
  displayName: user.displayName,
  name: { formatted: user.displayName },
  emails: user.email === null ? [] : [{ value: user.email, primary: true }],
  active: user.active,
  meta: { resourceType: 'User', created: user.createdAt, location: `${base}/Users/${user.id}` },
});

/** A group as SCIM shows one. */
export const showGroup = (group: GroupRow, base: string): object => ({
  schemas: [GROUP],
  id: group.id,
  ...(group.externalId === null ? {} : { externalId: group.externalId }),
  displayName: group.name,
  members: group.members.map((value) => ({ value, $ref: `${base}/Users/${value}` })),
  meta: { resourceType: 'Group', created: group.createdAt, location: `${base}/Groups/${group.id}` },
});

/** A page of a list (RFC 7644 section 3.4.2.4). @param startIndex from 1 */
export function showList(all: readonly object[], startIndex: number, count: number): object {
  const page = all.slice(startIndex - 1, startIndex - 1 + count);
  return {
    schemas: [LIST],
    totalResults: all.length,
    startIndex,
    itemsPerPage: page.length,
    Resources: page,
  };
}

/**
 * A filter of the one kind that providers use to find somebody: `attribute eq "value"`.
 * @param attributes by their name in lower case
 * @throws CodedError `request-invalid`
 */
export function filtered<T>(
  all: readonly T[],
  filter: string | undefined,
  attributes: Readonly<Record<string, (one: T) => string | null>>,
): T[] {
  if (filter === undefined) return [...all];
  const match = /^\s*([A-Za-z]{1,32})\s+eq\s+("(?:[^"\\]|\\.){0,1024}")\s*$/i.exec(filter);
  const read = match ? attributes[match[1]!.toLowerCase()] : undefined;
  if (!read)
    throw new CodedError(
      'request-invalid',
      `only filters such as ${Object.keys(attributes)[0]} eq "…" are taken`,
    );
  const wanted = (JSON.parse(match![2]!) as string).toLowerCase();
  return all.filter((one) => read(one)?.toLowerCase() === wanted);
}

/** Members of an object that say the same as paths: `{ "active": false }` and path `active`. */
function assignments({ Operations }: Patch): { op: string; path: string; value: unknown }[] {
  return Operations.flatMap(({ op, path, value }) => {
    if (path !== undefined) return [{ op, path: path.trim(), value }];
    if (typeof value !== 'object' || value === null)
      throw new CodedError('request-invalid', 'an operation without a path needs an object as its value');
    return Object.entries(value).map(([name, one]) => ({ op, path: name, value: one as unknown }));
  });
}

/** A user after a change. @throws CodedError `request-invalid` */
export function patchUser(user: ProvisionedUser, patch: Patch): ProvisionedUser {
  const raw: Record<string, unknown> = {
    userName: user.userName,
    externalId: user.externalId,
    displayName: user.displayName,
    emails: user.email === null ? [] : [{ value: user.email, primary: true }],
    active: user.active,
  };
  for (const { op, path, value } of assignments(patch)) {
    const given = op === 'remove' ? null : value;
    const name = path.toLowerCase();
    if (name === 'active') raw['active'] = op === 'remove' ? false : value;
    else if (name === 'username') raw['userName'] = value;
    else if (name === 'externalid') raw['externalId'] = given;
    else if (name === 'displayname' || name === 'name.formatted') raw['displayName'] = given;
    else if (name === 'emails') raw['emails'] = given;
    else if (/^emails\[[^\]]{0,256}\]\.value$/.test(name))
      raw['emails'] = given === null ? [] : [{ value, primary: true }];
  }
  const read = scimUser.safeParse(raw);
  if (!read.success)
    throw new CodedError(
      'request-invalid',
      `the change leaves no valid user: ${read.error.issues[0]!.message}`,
    );
  return userOf(read.data);
}

/** A group after a change. @throws CodedError `request-invalid` */
export function patchGroup(group: ProvisionedGroup, patch: Patch): ProvisionedGroup {
  let { name, externalId } = group;
  let members = new Set(group.members);
  const ids = (value: unknown): string[] => {
    const read = z
      .array(z.looseObject({ value: text }))
      .max(10_000)
      .safeParse([value].flat());
    if (!read.success) throw new CodedError('request-invalid', 'members are objects with a value');
    return read.data.map((one) => one.value);
  };
  for (const { op, path, value } of assignments(patch)) {
    const one = /^members\[\s*value\s+eq\s+"([^"]{1,128})"\s*\]$/i.exec(path)?.[1];
    if (one !== undefined) members.delete(one);
    else if (path.toLowerCase() === 'members') {
      if (op === 'replace') members = new Set(ids(value ?? []));
      else if (op === 'add') for (const id of ids(value)) members.add(id);
      else if (value === undefined || value === null) members = new Set();
      else for (const id of ids(value)) members.delete(id);
    } else if (path.toLowerCase() === 'displayname') name = text.min(1).parse(value);
    else if (path.toLowerCase() === 'externalid') externalId = op === 'remove' ? null : text.parse(value);
  }
  return { name, externalId, members: [...members] };
}
