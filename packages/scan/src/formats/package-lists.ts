import { tableOf } from '@sallyport/core';
import { parse as parseToml } from 'smol-toml';
import { pipLines } from '../dependencies/lock-files/pip-lines.ts';
import { foreignRegistries } from '../dependencies/registries.ts';
import type { Inspection, Place } from '../inspection.ts';
import { asObject, type Json, type JsonObject } from '../text/json.ts';
import { printable } from '../text/printable.ts';
import type { Format } from './format.ts';
import { inspectRequirement, reportPackage } from './source-text.ts';
import { isText, readText } from './text-formats.ts';

/** Where an address leads, without who asks. */
const whereOf = (kind: 'PyPI' | 'conda', address: string): string =>
  foreignRegistries(kind, [address])[0] ?? address.replace(/^[^@]{0,2048}@/s, '');

const listOf = (value: Json | undefined): readonly Json[] =>
  Array.isArray(value) ? (value as readonly Json[]) : [];
const textsOf = (value: Json | undefined): string[] =>
  [value].flat().filter((one): one is string => typeof one === 'string');
const tablesOf = (value: Json | undefined): JsonObject[] =>
  listOf(value)
    .map((one) => asObject(one))
    .filter((one) => one !== null);
const membersOf = (value: Json | undefined): Json[] => Object.values(asObject(value) ?? {});

function inspectLines(inspection: Inspection, value: Json | undefined): void {
  for (const text of textsOf(value))
    for (const line of pipLines(text)) inspectRequirement(inspection, { text: line.text, number: 1 });
}

const ADDRESS = /^(?:[a-z][a-z0-9+.-]{1,32}:)?\/\/|^file:/i;

/** Addresses of indexes or channels: of one that is not public, or does not show who it is. */
function inspectIndexes(
  inspection: Inspection,
  kind: 'PyPI' | 'conda',
  values: readonly string[],
  place: Place,
): void {
  const foreign = values.find(
    (one) => ADDRESS.test(one) && !(/^https:/i.test(one) && foreignRegistries(kind, [one]).length === 0),
  );
  if (foreign !== undefined)
    inspection.report(
      'foreign-index',
      `takes packages from another index (\`${printable(whereOf(kind, foreign))}\`)`,
      place,
    );
}

/** Environments of conda and MLflow: packages and where they come from. */
export function inspectEnvironment(inspection: Inspection, root: JsonObject): void {
  const channels = ['channels', 'default_channels', 'channel_alias', 'custom_channels'].flatMap((key) => [
    ...textsOf(root[key]),
    ...membersOf(root[key]).flatMap(textsOf),
  ]);
  inspectIndexes(inspection, 'conda', channels, { pointer: '/channels' });
  inspectLines(inspection, root['build_dependencies']);
  const dependencies = listOf(root['dependencies']);
  for (const one of dependencies) inspectLines(inspection, asObject(one)?.['pip']);
  for (const one of textsOf(dependencies)) {
    // A channel may stand before a package: `channel::name`.
    const [channel = '', name] = one.split('::', 2);
    if (name !== undefined) inspectIndexes(inspection, 'conda', [channel], { pointer: '/dependencies' });
    else inspectLines(inspection, one);
  }
}

/** Tables of packages by name, where one may come from an address: Pipfile, Poetry, uv. */
function inspectTable(inspection: Inspection, table: Json | undefined, pointer: string): void {
  for (const one of membersOf(table).flat()) {
    const from = asObject(one as Json);
    for (const key of ['git', 'hg', 'svn', 'file', 'url']) {
      const address = from?.[key];
      if (!from || typeof address !== 'string' || !ADDRESS.test(address)) continue;
      const { rev, hash } = from;
      const isPinned = [rev, hash].some(
        (pin) => typeof pin === 'string' && /^(?:[0-9a-f]{40}|(?:sha256:)?[0-9a-f]{64})$/i.test(pin),
      );
      reportPackage(inspection, address, isPinned, { pointer });
    }
  }
}

function inspectProject(inspection: Inspection, root: JsonObject): void {
  inspectLines(inspection, asObject(root['build-system'])?.['requires']);
  const project = asObject(root['project']);
  inspectLines(inspection, project?.['dependencies']);
  const groups = [...membersOf(project?.['optional-dependencies']), ...membersOf(root['dependency-groups'])];
  for (const one of groups) inspectLines(inspection, one);
  const tool = asObject(root['tool']) ?? {};
  for (const name of ['poetry', 'pdm', 'uv']) {
    const own = asObject(tool[name]);
    if (!own) continue;
    inspectUv(inspection, own, `/tool/${name}`);
    for (const key of ['dependencies', 'dev-dependencies']) {
      inspectLines(inspection, own[key]);
      inspectTable(inspection, own[key], `/tool/${name}/${key}`);
    }
    for (const group of membersOf(own['group']))
      inspectTable(inspection, asObject(group)?.['dependencies'], `/tool/${name}/group`);
  }
}

function inspectUv(inspection: Inspection, own: JsonObject, pointer: string): void {
  const indexes = ['index', 'source'].flatMap((key) =>
    tablesOf(own[key]).flatMap((one) => textsOf(one['url'])),
  );
  for (const one of [own, asObject(own['pip']) ?? {}])
    for (const key of ['index-url', 'extra-index-url', 'find-links']) indexes.push(...textsOf(one[key]));
  inspectIndexes(inspection, 'PyPI', indexes, { pointer });
  inspectTable(inspection, own['sources'], `${pointer}/sources`);
}

function inspectPipfile(inspection: Inspection, root: JsonObject): void {
  const sources = tablesOf(root['source']);
  inspectIndexes(
    inspection,
    'PyPI',
    sources.flatMap((one) => textsOf(one['url'])),
    { pointer: '/source' },
  );
  if (sources.some((one) => one['verify_ssl'] === false))
    inspection.report('foreign-index', 'takes packages from an index that need not show who it is', {
      pointer: '/source',
    });
  for (const [key, table] of Object.entries(root))
    if (!['source', 'requires', 'pipenv', 'scripts'].includes(key))
      inspectTable(inspection, table, `/${key}`);
}

const TABLES = tableOf<(inspection: Inspection, root: JsonObject) => void>({
  pipfile: inspectPipfile,
  'pyproject.toml': inspectProject,
  'uv.toml': (inspection, root) => inspectUv(inspection, root, ''),
});

/** Lists of packages in TOML: where they come from. */
export const packageTables: Format = {
  name: 'package-tables',
  recognise: (probe) => isText(probe) && TABLES[probe.name] !== undefined,
  inspect: (inspection) => {
    let root: JsonObject;
    try {
      root = parseToml(readText(inspection)) as unknown as JsonObject;
    } catch {
      return inspection.report('malformed', 'is not sound as TOML');
    }
    TABLES[inspection.name]!(inspection, root);
  },
};
