import { parse as parseToml } from 'smol-toml';
import {
  asText,
  asTree,
  type Companions,
  type LockedBy,
  type LockedPackage,
  type LockFormat,
  type LockReading,
  normalPythonName,
  type PackageSource,
} from '../locked-package.ts';
import { readRequirementLines } from './requirements.ts';
import { valuesAt } from './values-at.ts';

/** Lock files of a project in Python. */
export const PYTHON_LOCKS = [
  'uv.lock',
  'poetry.lock',
  'pdm.lock',
  'pylock.toml',
  'pixi.lock',
  'pipfile.lock',
] as const;
/** That of a workspace lies at its root. */
const LOCKED_BY: LockedBy = { files: PYTHON_LOCKS, mayLieAbove: true };

/** Where `pyproject.toml` has lists of requirements (PEP 508), groups first by name. */
const LISTS = [
  'build-system.requires',
  'project.dependencies',
  'project.optional-dependencies.*',
  'dependency-groups.*',
  'tool.pdm.dev-dependencies.*',
  ...['dev-dependencies', 'constraint-dependencies', 'override-dependencies'].map((key) => `tool.uv.${key}`),
  ...['dependencies', 'extra-dependencies'].map((key) => `tool.hatch.envs.*.${key}`),
];
/** Where it has tables of packages by name. */
const TABLES = ['dependencies', 'dev-dependencies', 'group.*.dependencies'].map(
  (key) => `tool.poetry.${key}`,
);
const TOP_TABLES = ['project', 'build-system', 'dependency-groups', 'tool'];

/** Where an entry of a table says that its package comes from. */
function sourceOf(entry: Readonly<Record<string, unknown>>): PackageSource {
  if (['git', 'hg', 'svn', 'bzr'].some((key) => key in entry)) return 'git';
  if ([entry['url'], entry['file'], entry['path']].some((from) => /^https?:/i.test(asText(from) ?? '')))
    return 'address';
  return ['file', 'path', 'workspace'].some((key) => key in entry) ? 'folder' : 'registry';
}

/** Packages of a table by name, each with a version, a table or a list of these. @param isExact a bare version is exactly that one */
function fromTable(table: unknown, isExact: boolean): LockedPackage[] {
  const exact = isExact ? /^(?:===?\s{0,8})?(\d[^\s,;*]*)$/ : /^===?\s{0,8}([^\s,;*]+)$/;
  return Object.entries(asTree(table) ?? {}).flatMap(([name, value]) =>
    [value].flat().map((one): LockedPackage => {
      const entry = asTree(one) ?? { version: one };
      const version = exact.exec((asText(entry['version']) ?? '').trim())?.[1] ?? null;
      const source = sourceOf(entry);
      const isFixed = source === 'registry';
      return { ecosystem: 'PyPI', name, version: isFixed ? version : null, source, needle: name };
    }),
  );
}

const textsOf = (value: unknown): string[] => [value].flat().filter((one) => typeof one === 'string');
/** Files of requirements as lines that name them. */
const included = (files: readonly string[]): string[] => files.map((file) => `-r ${JSON.stringify(file)}`);

/** Requirements that are worked out while a project is built: files that hold them, or none where they are not known. */
function dynamicFiles(root: Readonly<Record<string, unknown>>): readonly string[] | null {
  const named = textsOf(asTree(root['project'])?.['dynamic']);
  const wanted = ['dependencies', 'optional-dependencies'].filter((key) => named.includes(key));
  const own = asTree(valuesAt(root, 'tool.setuptools.dynamic')[0]) ?? {};
  const files = wanted.map((key) => [
    ...valuesAt(own, `${key}.file`).flatMap(textsOf),
    ...(key === 'dependencies' ? [] : valuesAt(own, `${key}.*.file`).flatMap(textsOf)),
  ]);
  return files.some((some) => some.length === 0) ? null : files.flat();
}

/** `pyproject.toml`: PEP 621, PEP 735, Poetry, PDM, uv, Hatch. */
export const pyproject: LockFormat = {
  name: 'pyproject',
  matches: (path) => /(?:^|\/)pyproject\.toml$/.test(path),
  lockedBy: () => LOCKED_BY,
  read: (text, companions) => {
    const root = parseToml(text);
    if (!TOP_TABLES.some((key) => asTree(root[key]))) throw new Error('it has no table of a project');
    const lists = LISTS.flatMap((path) => valuesAt(root, path));
    const tables = TABLES.flatMap((path) => valuesAt(root, path));
    const files = dynamicFiles(root);
    const lines = [...lists.flatMap(textsOf), ...included(files ?? [])];
    const required = readRequirementLines(lines, companions);
    // uv takes a package from where a table of its own says.
    const moved = fromTable(valuesAt(root, 'tool.uv.sources')[0], false).filter(
      ({ source }) => source !== 'registry',
    );
    const elsewhere = new Set(moved.map(({ name }) => normalPythonName(name)));
    const unread = [
      ...(files === null ? ['requirements that are worked out when it is built'] : []),
      ...(valuesAt(root, 'tool.pixi').length > 0 ? ['packages of pixi, which are not read'] : []),
      ...(lists.every(Array.isArray) && tables.every(asTree)
        ? []
        : ['requirements in a form that is not read']),
    ];
    const packages = [
      ...required.packages.filter(({ name }) => !elsewhere.has(normalPythonName(name))),
      ...moved,
      ...tables.flatMap((table) => fromTable(table, true)).filter(({ name }) => name !== 'python'),
    ];
    return { ...required, packages, unread: [...required.unread, ...unread] };
  },
};

/** `Pipfile`. */
export const pipfile: LockFormat = {
  name: 'pipfile',
  matches: (path) => /(?:^|\/)pipfile$/.test(path),
  lockedBy: () => ({ files: ['pipfile.lock'] }),
  read: (text) => {
    const root = parseToml(text);
    const groups = Object.entries(root).filter(
      ([key, value]) => !['source', 'requires', 'pipenv', 'scripts'].includes(key) && asTree(value),
    );
    if (Object.keys(root).length === 0) throw new Error('it has no table');
    return { packages: groups.flatMap(([, table]) => fromTable(table, false)), unread: [] };
  },
};

const SECTION = /^\[([^\]\n]{1,256})\]/;
const OPTION = /^([\w.-]{1,128})\s{0,64}[=:](.*)$/s;

/** Options of a file of `configparser`: each with its section, its name and its lines. */
function optionsOf(text: string): { section: string; name: string; lines: string[] }[] {
  const found: { section: string; name: string; lines: string[] }[] = [];
  let section = '';
  for (const raw of text.split(/\r?\n/)) {
    if (raw.trim() === '' || /^\s*[#;]/.test(raw)) continue;
    const begins = /^\s/.test(raw) ? null : OPTION.exec(raw);
    if (SECTION.test(raw)) section = SECTION.exec(raw)![1]!.trim();
    else if (begins)
      found.push({
        section,
        name: begins[1]!.toLowerCase().replaceAll('-', '_'),
        lines: [begins[2]!.trim()],
      });
    else found.at(-1)?.lines.push(raw.trim());
  }
  return found;
}

function readSetupConfig(text: string, companions: Companions | undefined): LockReading {
  const options = optionsOf(text).filter(
    ({ section, name }) =>
      section === 'options.extras_require' ||
      (section === 'options' && /^(?:install|setup|tests)_requires$/.test(name)),
  );
  if (options.length === 0 && !text.split(/\r?\n/).some((line) => SECTION.test(line)))
    throw new Error('it has no section');
  const lines = options.flatMap((option) => {
    const files = /^file:(.*)$/s.exec(option.lines.join(','))?.[1];
    if (files !== undefined) return included(files.split(',').flatMap((one) => one.trim() || []));
    // Several in one line are parted by semicolons.
    return option.lines.length === 1 ? option.lines[0]!.split(';') : option.lines;
  });
  return readRequirementLines(lines, companions);
}

/** `setup.cfg`. */
export const setupConfig: LockFormat = {
  name: 'setup-config',
  matches: (path) => /(?:^|\/)setup\.cfg$/.test(path),
  lockedBy: () => LOCKED_BY,
  read: readSetupConfig,
};
