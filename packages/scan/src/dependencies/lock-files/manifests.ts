import { parse as parseToml } from 'smol-toml';
import {
  asText,
  asTree,
  type LockedPackage,
  type LockFormat,
  type PackageSource,
} from '../locked-package.ts';
import { foreignRegistries } from '../registries.ts';
import { sourceOf } from './npm.ts';
import { valuesAt } from './values-at.ts';

/** Where `Cargo.toml` has tables of packages by name. */
const CARGO_TABLES = [
  'dependencies',
  'dev-dependencies',
  'build-dependencies',
  'dev_dependencies',
  'build_dependencies',
]
  .flatMap((key) => [key, `target.*.${key}`])
  .concat('workspace.dependencies', 'patch.*', 'replace');
const CARGO_TOP = ['package', 'project', 'workspace'];

function fromCargo(key: string, value: unknown): LockedPackage[] {
  const entry = asTree(value) ?? { version: value };
  if (entry['workspace'] === true) return [];
  const source: PackageSource = 'git' in entry ? 'git' : 'path' in entry ? 'folder' : 'registry';
  const exact =
    /^=\s{0,8}(\d+\.\d+\.\d+(?:[-+]\S*)?)$/.exec((asText(entry['version']) ?? '').trim())?.[1] ?? null;
  return [
    {
      ecosystem: 'crates.io',
      name: asText(entry['package']) ?? key.replace(/:.*/s, ''),
      version: source === 'registry' ? exact : null,
      source,
      registries: foreignRegistries('crates.io', [asText(entry['registry-index'])]),
      needle: key,
    },
  ];
}

/** `Cargo.toml`. */
export const cargoManifest: LockFormat = {
  name: 'cargo-manifest',
  matches: (path) => /(?:^|\/)cargo\.toml$/.test(path),
  lockedBy: () => ({ files: ['cargo.lock'], mayLieAbove: true }),
  read: (text) => {
    const root = parseToml(text);
    const tables = CARGO_TABLES.flatMap((path) => valuesAt(root, path));
    if (tables.length === 0 && !CARGO_TOP.some((key) => asTree(root[key])))
      throw new Error('it has no table of a package or workspace');
    return {
      packages: tables.flatMap((table) =>
        Object.entries(asTree(table) ?? {}).flatMap(([key, value]) => fromCargo(key, value)),
      ),
      unread: [],
    };
  },
};

const NPM_TABLES = ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies'];
const NPM_LOCKS = [
  'package-lock.json',
  'npm-shrinkwrap.json',
  'pnpm-lock.yaml',
  'yarn.lock',
  'bun.lock',
  'bun.lockb',
  'deno.lock',
];

function fromNpm(key: string, range: string, development: boolean): LockedPackage {
  const alias = /^npm:((?:@[^/@]+\/)?[^/@]+)(?:@(.*))?$/s.exec(range);
  const asked = alias ? (alias[2] ?? '') : range;
  // The short form of a repository at GitHub.
  const isShort = /^[\w-][\w.-]{0,100}\/[\w.-]{1,100}(?:#|$)/.test(asked);
  const source = isShort ? 'git' : sourceOf(asked);
  const exact = /^[=v]{0,2}(\d+\.\d+\.\d+(?:[-+][\w.+-]+)?)$/.exec(asked.trim())?.[1] ?? null;
  const version = source === 'registry' ? exact : null;
  return {
    ecosystem: 'npm',
    name: alias?.[1] ?? key,
    version,
    source,
    development,
    needle: JSON.stringify(key),
  };
}

/** `package.json`. */
export const npmManifest: LockFormat = {
  name: 'npm-manifest',
  matches: (path) => /(?:^|\/)package\.json$/.test(path),
  lockedBy: () => ({ files: NPM_LOCKS, mayLieAbove: true }),
  read: (text) => {
    const root = asTree(JSON.parse(text));
    if (!root) throw new Error('it is not an object');
    const packages = NPM_TABLES.flatMap((table) =>
      Object.entries(asTree(root[table]) ?? {}).map(([key, range]) =>
        fromNpm(key, asText(range) ?? '', table === 'devDependencies'),
      ),
    );
    return { packages, unread: [] };
  },
};
