import { asText, asTree, type LockedPackage, type LockFormat } from '../locked-package.ts';
import { sourceOf } from './npm.ts';
import { readYaml } from './pnpm-and-yarn.ts';
import { withServed } from './served.ts';

const NAMED = /^((?:@[^/@]+\/)?[^/@]+)@(.+)$/s;

/** `bun.lock`: JSON with commas behind last entries, which YAML takes as well. */
export const bunLock: LockFormat = {
  name: 'bun',
  matches: (path) => /(?:^|\/)bun\.lock$/.test(path),
  read: (text) => {
    const root = asTree(readYaml(text));
    if (typeof root?.['lockfileVersion'] !== 'number') throw new Error('it has no `lockfileVersion`');
    const unread: string[] = [];
    const packages = Object.entries(asTree(root['packages']) ?? {}).flatMap(
      ([key, value]): readonly LockedPackage[] => {
        const [resolution, ...more] = Array.isArray(value) ? (value as unknown[]) : [];
        const [, name, reference] = NAMED.exec(asText(resolution) ?? '') ?? [];
        if (name === undefined) {
          unread.push(`a package that is not understood (\`${key.slice(0, 60)}\`)`);
          return [];
        }
        if (/^(?:workspace|root):/.test(reference!)) return [];
        const source = sourceOf(reference!);
        const own: LockedPackage = {
          ecosystem: 'npm',
          name,
          version: source === 'registry' ? reference! : null,
          source,
          hasDigest: /^sha\d/.test(asText(more.at(-1)) ?? ''),
          needle: JSON.stringify(key),
        };
        return withServed(own, [source === 'address' ? reference! : asText(more[0])]);
      },
    );
    return { packages, unread };
  },
};

/** `deno.lock`, versions 2 to 5: packages of npm, and files by their addresses, one for each host. */
export const denoLock: LockFormat = {
  name: 'deno',
  matches: (path) => /(?:^|\/)deno\.lock$/.test(path),
  read: (text) => {
    const root = asTree(JSON.parse(text));
    if (!/^[2-5]$/.test(asText(root?.['version']) ?? '')) throw new Error('it has no version that is read');
    const inner = asTree(root!['packages']) ?? root!;
    const npm = asTree(inner['npm']) ?? {};
    const unread: string[] = [];
    const packages = Object.entries(asTree(npm['packages']) ?? npm).flatMap(
      ([key, value]): LockedPackage[] => {
        // Peers stand behind the version.
        const [, name, version] = /^((?:@[^/@]+\/)?[^/@]+)@([^_]+)/.exec(key) ?? [];
        const hasDigest = asTree(value)?.['integrity'] !== undefined;
        if (name !== undefined)
          return [{ ecosystem: 'npm', name, version: version!, source: 'registry', hasDigest, needle: key }];
        if (key !== 'specifiers') unread.push(`a package that is not understood (\`${key.slice(0, 60)}\`)`);
        return [];
      },
    );
    const hosts = new Map(
      Object.keys(asTree(root!['remote']) ?? {}).map((at) => [URL.parse(at)?.host ?? at.slice(0, 200), at]),
    );
    for (const [name, needle] of hosts)
      packages.push({ ecosystem: 'npm', name, version: null, source: 'address', hasDigest: true, needle });
    if (Object.keys(asTree(inner['jsr']) ?? {}).length > 0)
      unread.push('packages of JSR, which are not read');
    return { packages, unread };
  },
};
