import { parse as parseToml } from 'smol-toml';
import { asText, asTree, type LockedPackage, type LockFormat, treesOf } from '../locked-package.ts';

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
      packages: treesOf(root['package']).flatMap((entry): LockedPackage[] => {
        const name = asText(entry['name']);
        if (name === null) return [];
        const kind =
          asText(asTree(entry['source'])?.['type']) ??
          (entry['git'] ? 'git' : entry['path'] ? 'file' : 'legacy');
        const source =
          kind === 'git' ? 'git' : kind === 'url' ? 'address' : kind === 'legacy' ? 'registry' : 'folder';
        const files = fileNames(entry['files'] ?? shared[name]);
        return [
          {
            ecosystem: 'PyPI',
            name,
            version: asText(entry['version']),
            source,
            hasDigest: files.length > 0,
            runsAtInstall: source !== 'registry' || buildsFromSource(files),
            development: entry['category'] === 'dev',
            needle: `name = "${name}"`,
          },
        ];
      }),
    };
  },
};

/** `uv.lock`, and `pylock.toml` (PEP 751). */
export const uvLock: LockFormat = {
  name: 'uv',
  matches: (path) => /(?:^|\/)(?:uv\.lock|pylock(?:\.[\w-]+)?\.toml)$/.test(path),
  read: (text) => {
    const root = parseToml(text);
    return {
      unread: [],
      packages: treesOf(root['package'] ?? root['packages']).flatMap((entry): LockedPackage[] => {
        const name = asText(entry['name']);
        const source = asTree(entry['source']) ?? {};
        if (name === null || 'virtual' in source) return [];
        const from =
          'git' in source || 'vcs' in entry
            ? 'git'
            : 'url' in source || 'archive' in entry
              ? 'address'
              : ['editable', 'directory', 'path'].some((key) => key in source) || 'directory' in entry
                ? 'folder'
                : 'registry';
        if (from === 'folder') return [];
        const files = [...fileNames(entry['wheels']), ...fileNames([entry['sdist']])];
        return [
          {
            ecosystem: 'PyPI',
            name,
            version: asText(entry['version']),
            source: from,
            hasDigest: files.length > 0,
            runsAtInstall: from === 'git' || buildsFromSource(files),
            needle: `name = "${name}"`,
          },
        ];
      }),
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
    for (const [section, value] of Object.entries(root!)) {
      if (section === '_meta') continue;
      for (const [name, one] of Object.entries(asTree(value) ?? {})) {
        const entry = asTree(one) ?? {};
        const source =
          'git' in entry ? 'git' : 'path' in entry ? 'folder' : 'file' in entry ? 'address' : 'registry';
        packages.push({
          ecosystem: 'PyPI',
          name,
          version: /^===?\s*(\S.*)/.exec(asText(entry['version']) ?? '')?.[1] ?? null,
          source,
          hasDigest: Array.isArray(entry['hashes']),
          development: section === 'develop',
          needle: JSON.stringify(name),
        });
      }
    }
    return { packages, unread: [] };
  },
};

const REQUIREMENT = /^([A-Za-z0-9][A-Za-z0-9._-]{0,213})\s{0,8}(?:\[[^\]]{0,256}\])?\s{0,8}([^;]{0,512})/;

/**
 * One requirement (PEP 508) as what it fixes.
 * @returns null for a line that asks for no package
 */
export function readRequirement(line: string): LockedPackage | null {
  const text = line.replace(/(?:^|\s)#.*$/, '').trim();
  const editable = /^(?:-e\s|--editable[= ])(.*)/s.exec(text)?.[1]?.trim();
  const address = editable ?? (/^(?:(?:git|hg|svn|bzr)\+|https?:|file:)/.test(text) ? text : undefined);
  if (address !== undefined) {
    const source = /^(?:git|hg|svn|bzr)\+/.test(address)
      ? 'git'
      : /^https?:/.test(address)
        ? 'address'
        : 'folder';
    const name =
      /[#&]egg=([\w.-]+)/.exec(address)?.[1] ?? address.replace(/^.*\//, '').replace(/[@#?].*/s, '');
    return { ecosystem: 'PyPI', name, version: null, source, runsAtInstall: true, needle: line.trim() };
  }
  if (text === '' || text.startsWith('-')) return null;
  const match = REQUIREMENT.exec(text);
  if (!match) return null;
  const [, name, rest] = match;
  const hasDigest = /--hash[= ]/.test(text);
  const direct = /^@\s*(\S+)/.exec(rest!.trim());
  if (direct)
    return {
      ecosystem: 'PyPI',
      name: name!,
      version: null,
      source: /^git\+/.test(direct[1]!) ? 'git' : 'address',
      hasDigest: /#sha(?:256|384|512)=/.test(direct[1]!),
      needle: line.trim(),
    };
  const exact = /^\(?\s*===?\s*([^\s,;*()]+)\s*(?:\)\s*)?(?:--|$)/.exec(rest!.trim());
  return {
    ecosystem: 'PyPI',
    name: name!,
    version: exact?.[1] ?? null,
    source: 'registry',
    hasDigest,
    needle: line.trim().slice(0, 120),
  };
}

const REQUIREMENT_NAME = /^[\w.-]+\.(?:txt|in|lock)$/;

/** Whether a path is of a file that names what pip is to install. */
function isRequirements(path: string): boolean {
  if (/(?:^|\/)requirements\/[\w.-]+\.txt$/.test(path)) return true;
  const name = path.slice(path.lastIndexOf('/') + 1);
  return REQUIREMENT_NAME.test(name) && (name.includes('requirements') || name.startsWith('constraints'));
}

/** Where pip ends a line: what Python's `str.splitlines` takes for one. */
const LINE_END = /\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/;

/** Lines as pip has them. One that ends in a backslash goes on in the next, unless it is a comment; a comment ends what went on. */
export function requirementLines(text: string): string[] {
  const lines: string[] = [];
  let begun: string | null = null;
  for (const line of text.split(LINE_END)) {
    const isComment = /^\s*#/.test(line);
    if (line.endsWith('\\') && !isComment) {
      begun = `${begun ?? ''}${line.slice(0, -1)}`;
      continue;
    }
    lines.push(begun === null ? line : `${begun}${isComment ? ' ' : ''}${line}`);
    begun = null;
  }
  return begun === null ? lines : [...lines, begun];
}

/** An encoding that a comment at the top names: pip reads the file in that. Only what is read here is none. */
const otherEncoding = (text: string): string | null => {
  for (const line of text.split('\n', 2)) {
    const name = line.startsWith('#') ? /coding[:=]\s*([-\w.]+)/.exec(line)?.[1] : undefined;
    if (name !== undefined && !/^(?:utf[-_]?8(?:[-_]sig)?|ascii)$/i.test(name)) return name;
  }
  return null;
};

/** `requirements.txt` and its kin. */
export const requirementsLock: LockFormat = {
  name: 'pip',
  matches: isRequirements,
  read: (text) => {
    const encoding = otherEncoding(text);
    // A digest stands on a line of its own, continued from the line before.
    const lines = requirementLines(text);
    const packages = lines
      .map(readRequirement)
      .filter((one) => one !== null)
      .map((one) => ({ ...one, needle: one.needle.split(/\s/)[0]! }));
    const also = lines.filter((line) => /^\s*(?:-r|--requirement)[=\s]\s*\S/.test(line)).length;
    const unread = [
      ...(also > 20 ? ['names of over twenty other files'] : []),
      ...(encoding === null ? [] : [`text in ${encoding.slice(0, 40)}, which is not read`]),
    ];
    return { packages, unread };
  },
};
