import { type LockedPackage, normalPythonName } from '../locked-package.ts';
import { foreignRegistries } from '../registries.ts';

/** A package as the address of its file names it. */
interface Served {
  readonly name: string;
  readonly version: string;
}

const plain = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

/** What a registry of npm serves under an address: `NAME/-/NAME-VERSION.tgz`. */
function servedByNpm(address: string): Served | null {
  const match =
    /\/((?:@[^/?#]{1,214}(?:\/|%2[fF]))?[^/@?#]{1,214})\/-\/(?:@[^/?#]{1,214}\/)?([^/?#]{1,500})\.tgz/.exec(
      address,
    );
  if (!match) return null;
  const name = plain(match[1]!);
  const own = name.slice(name.lastIndexOf('/') + 1);
  const file = plain(match[2]!);
  if (file.startsWith(`${own}-`)) return { name, version: file.slice(own.length + 1) };
  // A file of another name than its folder: the file is what is unpacked.
  const other = /^(.+?)-(\d.*)$/.exec(file);
  return { name: other?.[1] ?? name, version: other?.[2] ?? '' };
}

/** What a wheel at an address is of (PEP 427). */
function servedByPyPi(address: string): Served | null {
  const [, name, version] =
    /(?:^|\/)([\w.]{1,214})-([\w.!+]{1,128})-[^/?#]{1,256}\.whl(?:[?#]|$)/.exec(plain(address)) ?? [];
  return name === undefined ? null : { name, version: version! };
}

const bare = (version: string | null): string => (version ?? '').replace(/\+.*/s, '');

/**
 * A package as a lock file calls it and, where the address that it is fetched from says otherwise, as that does: what is fetched is what
 * is installed. Each says which registries it is fetched from.
 * @param addresses of its files, and of the registry that has them
 */
export function withServed(
  named: LockedPackage,
  addresses: readonly (string | null)[],
): readonly LockedPackage[] {
  const one = { ...named, registries: foreignRegistries(named.ecosystem, addresses) };
  const isPython = one.ecosystem === 'PyPI';
  const plainName = (name: string): string => (isPython ? normalPythonName(name) : name);
  const others = new Map<string, LockedPackage>();
  for (const address of addresses) {
    const served =
      address === null
        ? null
        : isPython
          ? servedByPyPi(address)
          : one.ecosystem === 'npm'
            ? servedByNpm(address)
            : null;
    if (!served) continue;
    const isSame = plainName(served.name) === plainName(one.name);
    if (isSame && (isPython || one.version === null || bare(served.version) === bare(one.version))) continue;
    const { name, version } = served;
    others.set(`${name} ${version}`, { ...one, name, version: version === '' ? null : version });
  }
  return others.size === 0 ? [one] : [{ ...one, source: 'address' }, ...others.values()];
}
