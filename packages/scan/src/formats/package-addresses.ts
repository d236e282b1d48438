import type { Inspection } from '../inspection.ts';
import { isLoopback, isNamed } from '../text/addresses.ts';
import { asObject, type Json, type JsonObject } from '../text/json.ts';
import { printable } from '../text/printable.ts';
import { reportPackage } from './source-text.ts';

const ADDRESS = /^(?:git\+)?(?:https?|ftp|git|ssh):\/\//i;
const COMMIT = /#(?:commit=)?[0-9a-f]{40}$/i;
const listOf = (value: Json | undefined): readonly Json[] =>
  Array.isArray(value) ? (value as readonly Json[]) : [];

/** Tables of `package.json` in which packages have their places; `overrides` has others within. */
const TABLES = [
  'dependencies',
  'devDependencies',
  'optionalDependencies',
  'peerDependencies',
  'overrides',
  'resolutions',
];
const DEPTH_MAX = 8;

function inspectTable(inspection: Inspection, table: Json | undefined, pointer: string, depth: number): void {
  for (const [name, value] of Object.entries(asObject(table) ?? {})) {
    const place = { pointer: `${pointer}/${name.slice(0, 64).replaceAll('/', '~1')}` };
    if (typeof value !== 'string') {
      if (depth < DEPTH_MAX) inspectTable(inspection, value, place.pointer, depth + 1);
    } else if (ADDRESS.test(value)) reportPackage(inspection, value, COMMIT.test(value), place);
  }
}

/** Packages of npm that come from an address. */
export function inspectPackageAddresses(inspection: Inspection, root: JsonObject): void {
  for (const key of TABLES) inspectTable(inspection, root[key], `/${key}`, 0);
  inspectTable(inspection, asObject(root['pnpm'])?.['overrides'], '/pnpm/overrides', 0);
}

/** Tells an address of a host without a name, or not over TLS, that serves programs. */
function inspectAddress(inspection: Inspection, value: Json | undefined, pointer: string): void {
  if (typeof value !== 'string' || !ADDRESS.test(value) || isLoopback(value)) return;
  const plain = value.replace(/^git\+/i, '').replace(/^ssh:\/\/(?:[^/@]{1,64}@)?/i, 'https://');
  if (!isNamed(plain))
    inspection.report('foreign-index', `takes what it runs from \`${printable(value)}\``, { pointer });
}

/** Plugins that a list for agents offers, and packages and places of a server of tools, as registries describe it. */
export function inspectOffers(inspection: Inspection, root: JsonObject): void {
  for (const [at, one] of listOf(root['plugins']).entries()) {
    const { source } = asObject(one) ?? {};
    inspectAddress(inspection, source, `/plugins/${at}/source`);
    for (const key of ['url', 'repo', 'package', 'registry'])
      inspectAddress(inspection, asObject(source)?.[key], `/plugins/${at}/source/${key}`);
  }
  for (const [list, keys] of [
    ['packages', ['identifier', 'registryBaseUrl', 'registry_base_url', 'url', 'name']],
    ['remotes', ['url']],
  ] as const)
    for (const [at, one] of listOf(root[list]).entries())
      for (const key of keys) inspectAddress(inspection, asObject(one)?.[key], `/${list}/${at}/${key}`);
}

/** Where Yarn takes packages from. */
export function inspectYarn(inspection: Inspection, root: JsonObject): void {
  const scopes = Object.entries(asObject(root['npmScopes']) ?? {});
  for (const [name, one] of [['', root] as const, ...scopes])
    inspectAddress(
      inspection,
      asObject(one)?.['npmRegistryServer'],
      `${name === '' ? '' : `/npmScopes/${name}`}/npmRegistryServer`,
    );
  for (const key of ['yarnPath', 'plugins'])
    for (const [at, one] of [root[key]].flat().entries())
      inspectAddress(inspection, asObject(one as Json)?.['spec'] ?? (one as Json), `/${key}/${at}`);
}
