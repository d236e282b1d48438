import { parse as parseToml } from 'smol-toml';
import { asText, asTree, type LockedPackage, type LockFormat, treesOf } from '../locked-package.ts';
import { withServed } from './served.ts';

/** Whether installing from these files builds from source, which runs the package's own code: no wheel among them. */
const buildsFromSource = (files: readonly string[]): boolean =>
  files.length > 0 && !files.some((name) => /\.whl(?:$|[#?])/.test(name));

const fileNames = (value: unknown): string[] =>
  treesOf(value).flatMap((file) => [
    asText(file['file']) ?? asText(file['url']) ?? asText(file['path']) ?? asText(file['name']) ?? '',
  ]);

/** `poetry.lock` and `pdm.lock`, which have the same form. */
export const poetryLock: LockFormat = {
  name: 'poetry',
  matches: (path) => /(?:^|\/)(?:poetry|pdm)\.lock$/.test(path),
  read: (text) => {
    const root = parseToml(text);
    const shared = asTree(asTree(root['metadata'])?.['files']) ?? {};
    return {
      unread: [],
      packages: treesOf(root['package']).flatMap((entry): readonly LockedPackage[] => {
        const name = asText(entry['name']);
        if (name === null) return [];
        const kind =
          asText(asTree(entry['source'])?.['type']) ??
          (entry['git'] ? 'git' : entry['path'] ? 'file' : 'legacy');
        const source =
          kind === 'git' ? 'git' : kind === 'url' ? 'address' : kind === 'legacy' ? 'registry' : 'folder';
        const files = fileNames(entry['files'] ?? shared[name]);
        const own: LockedPackage = {
          ecosystem: 'PyPI',
          name,
          version: asText(entry['version']),
          source,
          hasDigest: files.length > 0,
          runsAtInstall: source !== 'registry' || buildsFromSource(files),
          development: entry['category'] === 'dev',
          needle: `name = "${name}"`,
        };
        return withServed(own, [...files, asText(asTree(entry['source'])?.['url'])]);
      }),
    };
  },
};

/** `uv.lock`, that of a script, and `pylock.toml` (PEP 751). */
export const uvLock: LockFormat = {
  name: 'uv',
  matches: (path) => /(?:^|\/)(?:uv\.lock|[^/]+\.py\.lock|pylock(?:\.[\w-]+)?\.toml)$/.test(path),
  read: (text) => {
    const root = parseToml(text);
    return {
      unread: [],
      packages: [...treesOf(root['package'] ?? []), ...treesOf(root['packages'] ?? [])].flatMap(
        (entry): readonly LockedPackage[] => {
          const name = asText(entry['name']);
          const source = asTree(entry['source']) ?? {};
          if (name === null || ('virtual' in source && Object.keys(source).length === 1)) return [];
          const from =
            'git' in source || 'vcs' in entry
              ? 'git'
              : 'url' in source || 'archive' in entry
                ? 'address'
                : !('registry' in source) &&
                    (['editable', 'directory', 'path'].some((key) => key in source) || 'directory' in entry)
                  ? 'folder'
                  : 'registry';
          if (from === 'folder') return [];
          const files = [...fileNames(entry['wheels']), ...fileNames([entry['sdist']])];
          return withServed(
            {
              ecosystem: 'PyPI',
              name,
              version: asText(entry['version']),
              source: from,
              hasDigest: files.length > 0,
              runsAtInstall: from === 'git' || buildsFromSource(files),
              needle: `name = "${name}"`,
            },
            [...files, asText(source['registry']), asText(source['url']), asText(entry['index'])],
          );
        },
      ),
    };
  },
};

/** `Pipfile.lock`. */
export const pipfileLock: LockFormat = {
  name: 'pipenv',
  matches: (path) => /(?:^|\/)pipfile\.lock$/.test(path),
  read: (text) => {
    const root = asTree(JSON.parse(text));
    if (!asTree(root?.['_meta'])) throw new Error('it has no `_meta`');
    const packages: LockedPackage[] = [];
    const indexes = new Map(
      treesOf(asTree(root!['_meta'])!['sources']).map((one) => [one['name'], asText(one['url'])] as const),
    );
    for (const [section, value] of Object.entries(root!)) {
      if (section === '_meta') continue;
      for (const [name, one] of Object.entries(asTree(value) ?? {})) {
        const entry = asTree(one) ?? {};
        const source =
          'git' in entry ? 'git' : 'path' in entry ? 'folder' : 'file' in entry ? 'address' : 'registry';
        const own: LockedPackage = {
          ecosystem: 'PyPI',
          name,
          version: /^===?\s*(\S.*)/.exec(asText(entry['version']) ?? '')?.[1] ?? null,
          source,
          hasDigest: Array.isArray(entry['hashes']),
          development: section === 'develop',
          needle: JSON.stringify(name),
        };
        // Without an index of its own it may come from each.
        const index = indexes.get(entry['index']);
        packages.push(
          ...withServed(own, [asText(entry['file']), ...(index === undefined ? indexes.values() : [index])]),
        );
      }
    }
    return { packages, unread: [] };
  },
};
