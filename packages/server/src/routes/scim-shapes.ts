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

/** Names that we keep something under. Names do not depend on case (RFC 7643, section 2.1), and may begin with their schema. */
const NAMES = ['userName', 'externalId', 'displayName', 'name', 'emails', 'active', 'members'];
const SCHEMA = /^urn:ietf:params:scim:schemas:core:2\.0:(?:user|group)(?::|$)/i;

/**
 * An object under the names that we know. What stands in it twice is refused: one of them would be overlooked.
 * @throws CodedError `request-invalid`
 */
export function namedAsKnown(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const known = new Map<string, unknown>();
  for (const [name, one] of flattened(value)) {
    const own = NAMES.find((each) => each.toLowerCase() === name.toLowerCase());
    if (own === undefined) continue;
    if (known.has(own)) throw new CodedError('request-invalid', `\`${own}\` is there twice`);
    known.set(own, one);
  }
  return Object.fromEntries(known);
}

/** Members of an object, those under the name of their schema too. */
const flattened = (value: object): [string, unknown][] =>
  Object.entries(value).flatMap(([name, one]): [string, unknown][] => {
    const own = name.replace(SCHEMA, '');
    return own === '' && typeof one === 'object' && one !== null ? Object.entries(one) : [[own, one]];
  });

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
  active: flag.optional(),
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

/** The member of an object under a name, whatever its case. */
const memberOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null
    ? Object.entries(value).find(([own]) => own.toLowerCase() === name)?.[1]
    : undefined;

const isNotActive = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  flattened(value).some(
    ([name, one]) => name.toLowerCase() === 'active' && flag.safeParse(one).data === false,
  );

/**
 * Whether a request says that a user is not active: a whole user or a change, as it came, whatever else in it does not
 * hold. Once is enough.
 */
export function isLeaver(value: unknown): boolean {
  if (isNotActive(value)) return true;
  return [memberOf(value, 'operations') ?? []].flat().some((operation: unknown) => {
    const [op, path, said] = ['op', 'path', 'value'].map((name) => memberOf(operation, name));
    const own = typeof path === 'string' ? path.trim().replace(SCHEMA, '').toLowerCase() : '';
    if (own === '') return isNotActive(said);
    const isRemoved = typeof op === 'string' && op.toLowerCase() === 'remove';
    return own === 'active' && (isRemoved || flag.safeParse(said).data === false);
  });
}

/** What is kept of a user. @param wasActive whether they were active before: what is not said does not change that */
export function userOf(
  { userName, externalId, displayName, name, emails, active = undefined }: ScimUser,
  wasActive = true,
): ProvisionedUser {
  const spelled = [name?.givenName, name?.familyName].filter(Boolean).join(' ');
  const email = emails?.find(({ primary }) => primary === true) ?? emails?.[0];
  return {
    userName,
    externalId: externalId ?? null,
    displayName: (displayName || name?.formatted || spelled || userName).slice(0, 128),
    email: email?.value.slice(0, 254) ?? null,
    active: active ?? wasActive,
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

/** Letters of ASCII alone: what looks like a name, and is none, finds nobody. */
const folded = (text: string): string => text.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());

/** An attribute to find somebody by. */
interface Attribute<T> {
  readonly read: (one: T) => string | null;
  /** Whether case counts (RFC 7643, section 2.2). */
  readonly exact: boolean;
}

/**
 * A filter of the one kind that providers use to find somebody: `attribute eq "value"`.
 * @param attributes by their name in lower case
 * @throws CodedError `request-invalid`
 */
export function filtered<T>(
  all: readonly T[],
  filter: string | undefined,
  attributes: Readonly<Record<string, Attribute<T>>>,
): T[] {
  if (filter === undefined) return [...all];
  const match = /^\s*([A-Za-z0-9.:]{1,128})\s+eq\s+("(?:[^"\\]|\\.){0,1024}")\s*$/i.exec(filter);
  const name = (match?.[1] ?? '').replace(SCHEMA, '').toLowerCase();
  const attribute = Object.hasOwn(attributes, name) ? attributes[name] : undefined;
  const wanted = match ? textIn(match[2]!) : null;
  if (!attribute || wanted === null)
    throw new CodedError(
      'request-invalid',
      `only filters such as ${Object.keys(attributes)[0]} eq "…" are taken`,
    );
  const { read, exact } = attribute;
  return all.filter((one) => {
    const held = read(one);
    return held !== null && (exact ? held === wanted : folded(held) === folded(wanted));
  });
}

/** A string of JSON, or null. */
function textIn(quoted: string): string | null {
  try {
    return String(JSON.parse(quoted));
  } catch {
    return null;
  }
}

/** A whole number in a query, within bounds: less is the least, more is the most (RFC 7644, section 3.4.2.4). */
export function clamped(text: string | undefined, usual: number, least: number, most: number): number {
  const n = Number(text ?? usual);
  return Number.isNaN(n) ? usual : Math.min(most, Math.max(least, Math.trunc(n)));
}

/** What one operation says of one attribute: `{ "active": false }` says the same as the path `active`. */
interface Assignment {
  readonly op: 'add' | 'replace' | 'remove';
  /** Lower case, without its schema. */
  readonly path: string;
  readonly value: unknown;
}

function assignments({ Operations }: Patch): Assignment[] {
  return Operations.flatMap(({ op, path, value }): Assignment[] => {
    const own = path?.trim().replace(SCHEMA, '');
    if (own !== undefined && own !== '') return [{ op, path: own, value }];
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw new CodedError('request-invalid', 'an operation without a path needs an object as its value');
    return flattened(value).map(([name, one]) => ({ op, path: name, value: one }));
  });
}

/** Refuses what speaks of something that is kept and is not understood: to overlook it would be to disobey. */
function requireForeign(path: string): void {
  const head = /^[^.[]*/.exec(path)![0].toLowerCase();
  if (NAMES.some((name) => name.toLowerCase() === head) && head !== 'name')
    throw new CodedError('request-invalid', `the path \`${path.slice(0, 64)}\` is not taken`);
}

/** The list of addresses after a change. */
function addresses(path: string, value: unknown): unknown {
  if (value === null) return [];
  if (path === 'emails') return [value].flat();
  return path.endsWith('.value') ? [{ value, primary: true }] : [value].flat();
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
    const given = op === 'remove' ? null : (value ?? null);
    const name = path.toLowerCase();
    // What is not said is refused below: nobody is let in by a change that says nothing.
    if (name === 'active') raw['active'] = op === 'remove' ? false : given;
    else if (name === 'username') raw['userName'] = given;
    else if (name === 'externalid') raw['externalId'] = given;
    else if (name === 'displayname' || name === 'name.formatted') raw['displayName'] = given;
    else if (/^emails(?:\[[^\]]{0,256}\](?:\.value)?)?$/.test(name)) raw['emails'] = addresses(name, given);
    else requireForeign(name);
  }
  const read = scimUser.safeParse(raw);
  if (!read.success)
    throw new CodedError(
      'request-invalid',
      `the change leaves no valid user: ${read.error.issues[0]!.message}`,
    );
  return userOf(read.data, user.active);
}

/** A text in a change. @throws CodedError `request-invalid` */
function textOf(value: unknown, least: number): string {
  const read = text.min(least).safeParse(value);
  if (!read.success) throw new CodedError('request-invalid', 'the value is not a text');
  return read.data;
}

/** Ids of members in a change. @throws CodedError `request-invalid` */
function idsOf(value: unknown): string[] {
  const read = z
    .array(z.looseObject({ value: text }))
    .max(10_000)
    .safeParse([value ?? []].flat());
  if (!read.success) throw new CodedError('request-invalid', 'members are objects with a value');
  return read.data.map((one) => one.value);
}

/** A group after a change. @throws CodedError `request-invalid` */
export function patchGroup(group: ProvisionedGroup, patch: Patch): ProvisionedGroup {
  let { name, externalId } = group;
  let members = new Set(group.members);
  for (const { op, path, value } of assignments(patch)) {
    const own = path.toLowerCase();
    const one = /^members\[\s*value\s+eq\s+"([^"\\]{1,128})"\s*\]$/i.exec(path)?.[1];
    if (one !== undefined && op === 'remove') members.delete(one);
    else if (own === 'members') {
      // To say nothing is not to say that nobody is a member.
      if (op === 'replace' && value === undefined)
        throw new CodedError('request-invalid', 'a replacement of members needs a value; `[]` removes all');
      if (op === 'replace') members = new Set(idsOf(value));
      else if (op === 'add') for (const id of idsOf(value)) members.add(id);
      else if (value === undefined || value === null) members = new Set();
      else for (const id of idsOf(value)) members.delete(id);
    } else if (own === 'displayname') name = textOf(value, 1).slice(0, 256);
    else if (own === 'externalid') externalId = op === 'remove' ? null : textOf(value, 0);
    else requireForeign(own);
  }
  return { name, externalId, members: [...members] };
}
