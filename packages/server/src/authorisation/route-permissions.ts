import type { OpenAPIHono } from '@hono/zod-openapi';
import { CodedError } from '@sallyport/core';
import { groupsOfAction, type Target } from '@sallyport/policy';
import type { Context, MiddlewareHandler } from 'hono';
import { matchedRoutes } from 'hono/route';
import type { Control } from '../control.ts';
import { recordedCall } from '../recorded-call.ts';
import type { Env } from '../routes/shared.ts';
import { behindVersion, proposalBy } from './behind-subject.ts';
import { systemTarget } from './system-scope.ts';

/**
 * What a route asks permission on:
 * - `organisation`: what is of no one system
 * - `anywhere`: the organisation or any system
 * - `systems`: a list, of which everybody sees their systems; nothing at all is refused
 * - `system`: the system that the path names
 * - `systems-in-body`: each system that the body names
 * - `key`, `exchange`: every system of the key, or of the call, that the path names
 * - `person`: the person whom the path names
 * - `integration`, `version`, `source`, `secret-origin`: what waits for approval under the name in the path
 * - `dataset`: the data set that the path names
 * - `self`: whoever asks
 */
export type PermissionOn =
  | 'organisation'
  | 'anywhere'
  | 'systems'
  | 'system'
  | 'systems-in-body'
  | 'key'
  | 'exchange'
  | 'person'
  | 'integration'
  | 'version'
  | 'source'
  | 'secret-origin'
  | 'dataset'
  | 'self';

/** What a route needs, as the OpenAPI document says it too. */
export interface RoutePermission {
  readonly action: string;
  readonly on: PermissionOn;
  /** What it does shuts someone out, and waits for no record. */
  readonly shutsOut?: true;
}

/** Says in the definition of a route what it needs. Routes that say nothing are open to nobody. */
export const needs = (
  action: string,
  on: PermissionOn,
  shutsOut = false,
): { 'x-permission': RoutePermission } => {
  if (groupsOfAction(action) === null) throw new Error(`there is no action ${action}`);
  return { 'x-permission': { action, on, ...(shutsOut && { shutsOut }) } };
};

/** Values of the parameters in a path, by the pattern of its route. */
function parametersOf(pattern: string, path: string): Readonly<Record<string, string>> {
  const values = path.split('/');
  return Object.fromEntries(
    pattern.split('/').flatMap((part, i) => {
      if (!part.startsWith(':')) return [];
      const raw = values[i] ?? '';
      try {
        return [[part.slice(1).replace(/\{.*/s, ''), decodeURIComponent(raw)]];
      } catch {
        throw new CodedError('request-invalid', 'the path is not well-formed');
      }
    }),
  );
}

/** Permissions by method and path pattern, as the router knows them. */
function permissionTable(app: OpenAPIHono<Env>): ReadonlyMap<string, RoutePermission> {
  const table = new Map<string, RoutePermission>();
  for (const one of app.openAPIRegistry.definitions) {
    if (one.type !== 'route') continue;
    const permission = (one.route as { 'x-permission'?: RoutePermission })['x-permission'];
    const pattern = one.route.path.replaceAll(/\{([^{}]+)\}/g, ':$1');
    if (permission) table.set(`${one.route.method.toUpperCase()} ${pattern}`, permission);
  }
  return table;
}

/** Targets that a request is about; null stands for a list of systems. */
async function targetsOf(
  c: Context<Env>,
  control: Control,
  on: PermissionOn,
  pattern: string,
): Promise<Target[]> {
  const own = parametersOf(pattern, c.req.path);
  const named = async (names: readonly string[]): Promise<Target[]> => {
    const known = new Map((await control.systems()).map((system) => [system.name, system]));
    return names.map((name) => systemTarget(name, known.get(name)));
  };
  const organisation: Target[] = [{ kind: 'organisation' }];
  const { store } = control.installation;
  switch (on) {
    case 'system':
      return named([own['name'] ?? '']);
    case 'systems-in-body': {
      const body = (await c.req.json().catch(() => null)) as { systems?: unknown } | null;
      const names = Array.isArray(body?.systems)
        ? body.systems.filter((name) => typeof name === 'string')
        : [];
      return names.length > 0 && names.length <= 1_000 ? named([...new Set(names)]) : organisation;
    }
    case 'key': {
      const key = await store.keys.byId(own['id'] ?? '');
      return key && key.systems.length > 0 ? named(key.systems) : organisation;
    }
    case 'exchange': {
      const exchange = await recordedCall(control.installation, own['id'] ?? '');
      return exchange?.system ? named([exchange.system]) : organisation;
    }
    case 'person': {
      // Found as the route itself will find them: by whatever spelling.
      const person = await control.accounts.directory.find(own['id'] ?? '').catch(() => null);
      return person ? [{ kind: 'person', id: person.id }] : organisation;
    }
    case 'integration': {
      const one = await store.integrations.find(own['id'] ?? '');
      // Who answers for a third party here does not let it in.
      return [
        proposalBy(one?.id ?? 'none', [
          one?.proposedBy ?? '',
          ...(one?.owner ? [`person:${one.owner}`] : []),
        ]),
      ];
    }
    case 'version': {
      const [kind, name, label] = [own['kind'] ?? '', own['name'] ?? '', own['label'] ?? ''];
      const asset = kind === 'model' || kind === 'dataset' ? await store.inventory.asset(kind, name) : null;
      const version = asset ? await store.inventory.version(asset.id, label) : null;
      if (!version) return [{ kind: 'proposal', id: 'none', author: '' }];
      return [
        proposalBy(version.id, [version.createdBy, ...(await behindVersion(control, kind, name, label))]),
      ];
    }
    case 'source': {
      const one = await store.inventory.source(own['id'] ?? '');
      return [{ kind: 'proposal', id: one?.id ?? 'none', author: one?.proposedBy ?? '' }];
    }
    case 'secret-origin': {
      const one = await store.secretOrigins.find(own['id'] ?? '');
      return [{ kind: 'proposal', id: one?.id ?? 'none', author: one?.askedBy ?? '' }];
    }
    case 'dataset': {
      const name = own['name'] ?? '';
      const known = (await control.datasets()).find((one) => one.name === name);
      return [{ kind: 'dataset', name, dataClasses: known?.dataClasses ?? [] }];
    }
    case 'self':
      if (c.var.principal.kind !== 'person')
        throw new CodedError('not-permitted', 'only people have an account of their own');
      return [{ kind: 'person', id: c.var.principal.who.person.id }];
    default:
      return organisation;
  }
}

/** Asks permission for every route under `/api/v1` and `/scim/v2`, by what its definition says. */
export function requirePermissions(app: OpenAPIHono<Env>, control: Control): void {
  let table: ReadonlyMap<string, RoutePermission> | null = null;
  const ask: MiddlewareHandler<Env> = async (c, next) => {
    // The route that will answer, as the router chose it. Whatever it is, it needs a permission.
    const route = matchedRoutes(c).find(({ path }) => !path.endsWith('*'));
    if (!route) return next();
    table ??= permissionTable(app);
    const permission = table.get(`${route.method} ${route.path}`);
    if (!permission)
      throw new CodedError('not-permitted', 'this route names no permission, so it is refused to all');
    const { action, on, shutsOut } = permission;
    const { authoriser } = control;
    const { principal } = c.var;
    const { address } = c.env;
    const changes = route.method !== 'GET';
    c.set('scope', (other = action) => authoriser.scope(principal, other, address));
    if (on === 'systems' || on === 'anywhere') {
      const scope = await c.var.scope();
      const [first] = scope.organisation ? [] : scope.systems;
      const target: Target = scope.organisation
        ? { kind: 'organisation' }
        : first
          ? systemTarget(first.name, first)
          : await authoriser.bestTarget(principal, action, address);
      await authoriser.require(principal, action, target, address, changes, shutsOut);
      // A list is of all of them: a role on any is made use of.
      const shown = scope.organisation ? [] : scope.systems;
      await authoriser.noteUse(
        principal,
        action,
        shown.map((one) => systemTarget(one.name, one)),
      );
    } else {
      const targets = await targetsOf(c, control, on, route.path);
      for (const [at, target] of targets.entries())
        await authoriser.require(principal, action, target, address, changes, shutsOut, async () => {
          // Whose it is, or which system, may be another by then.
          const now = await targetsOf(c, control, on, route.path);
          return now.length === targets.length ? now[at]! : target;
        });
    }
    await next();
  };
  app.use('/api/v1/*', ask);
  app.use('/scim/v2/*', ask);
}
