import { asText, asTree, type LockedPackage, type LockFormat, treesOf } from '../locked-package.ts';
import { foreignRegistries } from '../registries.ts';
import { readYaml } from './pnpm-and-yarn.ts';
import { readRequirementLines } from './requirements.ts';
import { withServed } from './served.ts';

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
    registries: foreignRegistries('conda', [line.trim()]),
    hasDigest: file?.[2] !== undefined,
    needle: parts[0]!,
  };
}

function fromLock(entries: readonly Readonly<Record<string, unknown>>[], unread: string[]): LockedPackage[] {
  return entries.flatMap((entry): readonly LockedPackage[] => {
    const own = asText(entry['conda']);
    const name = asText(entry['name']);
    if (name === null) {
      const read = own === null ? null : fromUrl(own);
      if (!read) unread.push('a package without a name');
      return read ? [{ ...read, hasDigest: entry['sha256'] !== undefined }] : [];
    }
    return withServed(
      {
        ecosystem: entry['manager'] === 'pip' || entry['pypi'] !== undefined ? 'PyPI' : 'conda',
        name,
        version: asText(entry['version']),
        source: 'registry',
        hasDigest: asTree(entry['hash']) !== null || entry['sha256'] !== undefined,
        development: entry['category'] === 'dev',
        needle: `name: ${name}`,
      },
      [asText(entry['pypi']), asText(entry['url']), own],
    );
  });
}

/** What a line asks conda for: `channel::name=1.0=build`, `name 1.0 build`, `name[version='1.0']`. A version that is open is null. */
function readSpecification(text: string): { readonly name: string; readonly version: string | null } | null {
  const [, name, rest = ''] = /^(?:[\w./:-]{1,128}::)?([\w.-]{1,128})\s{0,8}(.{0,512})$/s.exec(text) ?? [];
  if (name === undefined) return null;
  const exact =
    /^={1,2}\s{0,8}([\w.!+]+)(?:=[\w.*]*)?$/.exec(rest) ??
    /^([\w.!+]+)(?:[ =]+[\w.*]*)?$/.exec(rest) ??
    /^\[\s{0,8}version\s{0,8}={1,2}\s{0,8}["']?={0,2}([\w.!+]+)["']?\s{0,8}[\],]/.exec(rest);
  return { name, version: exact?.[1] ?? null };
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
    const packages: LockedPackage[] = [];
    const unread: string[] = [];
    if (/^@EXPLICIT\s*$/m.test(text)) {
      for (const line of text.split(/\r\n?|\n/)) {
        if (/^\s{0,256}(?:#|@EXPLICIT|$)/.test(line)) continue;
        const one = fromUrl(line);
        if (one) packages.push(one);
        else unread.push(`a line that is no address of a package (\`${line.trim().slice(0, 60)}\`)`);
      }
      return { packages, unread };
    }
    const root = asTree(readYaml(text)) ?? {};
    if (Array.isArray(root['package']) || Array.isArray(root['packages'])) {
      const entries = [...treesOf(root['package'] ?? []), ...treesOf(root['packages'] ?? [])];
      return { packages: fromLock(entries, unread), unread };
    }
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
      const wanted = readSpecification(one.trim());
      if (wanted) packages.push({ ecosystem: 'conda', ...wanted, source: 'registry', needle: one });
      else unread.push(`a package that is not understood (\`${one.trim().slice(0, 60)}\`)`);
    }
    return { packages, unread, elsewhere };
  },
};
