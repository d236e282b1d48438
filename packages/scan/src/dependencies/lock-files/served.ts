import { printable } from '../../text/printable.ts';
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

/** Numbers of a network of one's own, where a registry may well have no name. */
const OWN_NETWORK = /^(?:10|127|0|169\.254|192\.168|172\.(?:1[6-9]|2\d|3[01]))\.|^\[(?:::1\]|f[cde])/;

/** Whether an address is one of plain HTTP, of a machine by its number. */
function isByNumber(address: string): boolean {
  const plainAddress = address.replace(/^(?:git|registry|sparse)\+/, '');
  if (!/^http:/i.test(plainAddress)) return false;
  try {
    const { hostname } = new URL(plainAddress);
    return /^(?:\d{1,3}(?:\.\d{1,3}){3}|\[.*\])$/.test(hostname) && !OWN_NETWORK.test(hostname);
  } catch {
    return false;
  }
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
  const isOpen = addresses.some((address) => address !== null && isByNumber(address));
  const one: LockedPackage = {
    ...named,
    registries: foreignRegistries(named.ecosystem, addresses),
    ...(isOpen ? { misled: 'is fetched over plain HTTP from a machine by its number' } : {}),
  };
  const isPython = one.ecosystem === 'PyPI';
  const plainName = (name: string): string => (isPython ? normalPythonName(name) : name);
  const others = new Map<string, LockedPackage>();
  let misled = one.misled;
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
    if (!isSame) misled ??= `is fetched from an address of another package (\`${printable(name)}\`)`;
    others.set(`${name} ${version}`, { ...one, name, version: version === '' ? null : version });
  }
  if (others.size === 0) return [one];
  return [{ ...one, source: 'address', ...(misled === undefined ? {} : { misled }) }, ...others.values()];
}
