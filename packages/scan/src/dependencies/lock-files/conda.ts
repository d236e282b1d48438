import { asText, asTree, type LockedPackage, type LockFormat, treesOf } from '../locked-package.ts';
import { readYaml } from './pnpm-and-yarn.ts';
import { readRequirementLines } from './requirements.ts';

/** `https://…/linux-64/numpy-1.26.4-py311h64a7726_0.conda#md5`: name, version, build. */
function fromUrl(line: string): LockedPackage | null {
  const file = /\/([^/#\s]+)\.(?:conda|tar\.bz2)(#[0-9a-f]+)?$/.exec(line.trim());
  const parts = /^(.+)-([^-]+)-[^-]+$/.exec(file?.[1] ?? '');
  if (!parts) return null;
  return {
    ecosystem: 'conda',
    name: parts[1]!,
    version: parts[2]!,
    source: 'registry',
    hasDigest: file?.[2] !== undefined,
    needle: parts[0]!,
  };
}

function fromLock(entries: readonly Readonly<Record<string, unknown>>[]): LockedPackage[] {
  return entries.flatMap((entry): LockedPackage[] => {
    const own = asText(entry['conda']);
    const name = asText(entry['name']);
    if (name === null) {
      const read = own === null ? null : fromUrl(own);
      return read ? [{ ...read, hasDigest: entry['sha256'] !== undefined }] : [];
    }
    return [
      {
        ecosystem: entry['manager'] === 'pip' || entry['pypi'] !== undefined ? 'PyPI' : 'conda',
        name,
        version: asText(entry['version']),
        source: 'registry',
        hasDigest: asTree(entry['hash']) !== null || entry['sha256'] !== undefined,
        development: entry['category'] === 'dev',
        needle: `name: ${name}`,
      },
    ];
  });
}

const NAMES: readonly RegExp[] = [
  /(?:^|\/)(?:conda(?:[\w.-]*lock[\w.-]*)?|[\w.-]*conda-lock|environment[\w.-]*)\.ya?ml$/,
  /(?:^|\/)(?:pixi\.lock|conda-(?:linux|osx|win)-[\w-]+\.lock|explicit[\w.-]*\.txt)$/,
];

/** `conda-lock.yml`, `pixi.lock`, explicit lists of addresses, and `environment.yml`. */
export const condaLock: LockFormat = {
  name: 'conda',
  matches: (path) => NAMES.some((name) => name.test(path)),
  read: (text, companions) => {
    if (/^@EXPLICIT\s*$/m.test(text))
      return {
        packages: text
          .split('\n')
          .map(fromUrl)
          .filter((one) => one !== null),
        unread: [],
      };
    const root = asTree(readYaml(text)) ?? {};
    if (Array.isArray(root['package']) || Array.isArray(root['packages']))
      return { packages: fromLock(treesOf(root['package'] ?? root['packages'])), unread: [] };
    const packages: LockedPackage[] = [];
    const unread: string[] = [];
    let elsewhere = 0;
    for (const one of Array.isArray(root['dependencies']) ? root['dependencies'] : []) {
      const pip = asTree(one)?.['pip'];
      if (Array.isArray(pip)) {
        const lines = pip.filter((some) => typeof some === 'string');
        const reading = readRequirementLines(lines, companions);
        packages.push(...reading.packages);
        unread.push(...reading.unread);
        elsewhere += reading.elsewhere ?? 0;
      }
      if (typeof one !== 'string') continue;
      const match = /^(?:[\w.-]+::)?([\w.-]+)\s*(?:==?\s*([\w.!+]+))?(?:=[\w.*]+)?$/.exec(one.trim());
      if (match)
        packages.push({
          ecosystem: 'conda',
          name: match[1]!,
          version: match[2] ?? null,
          source: 'registry',
          needle: one,
        });
    }
    return { packages, unread, elsewhere };
  },
};
