import {
  asText,
  asTree,
  type LockedPackage,
  type LockFormat,
  type PackageSource,
} from '../locked-package.ts';
import { withServed } from './served.ts';

const PACKAGES_MAX = 200_000;
const DEPTH_MAX = 64;

/** Where npm, pnpm and yarn fetch a package, told by its address. */
export function sourceOf(resolved: string | null): PackageSource {
  if (resolved === null) return 'registry';
  if (/^(?:git(?:\+|:)|github:|gitlab:|bitbucket:|git@)|\.git(?:#|$)|codeload\.github\.com/.test(resolved))
    return 'git';
  if (/^(?:file|link|portal|workspace|\.{0,2}\/)/.test(resolved)) return 'folder';
  // A registry serves `NAME/-/NAME-VERSION.tgz`; other addresses are somebody's own.
  if (/^https?:/i.test(resolved) && !/\/-\/(?:@[^/]+\/)?[^/]+\.tgz/.test(resolved)) return 'address';
  return 'registry';
}

function fromEntries(packages: Readonly<Record<string, unknown>>): LockedPackage[] {
  const found: LockedPackage[] = [];
  for (const [path, value] of Object.entries(packages)) {
    const entry = asTree(value);
    const at = path.lastIndexOf('node_modules/');
    if (!entry || at < 0 || entry['link'] === true) continue;
    const resolved = asText(entry['resolved']);
    const own: LockedPackage = {
      ecosystem: 'npm',
      // An alias says whose package it is.
      name: asText(entry['name']) ?? path.slice(at + 13),
      version: asText(entry['version']),
      source: sourceOf(resolved),
      hasDigest: entry['inBundle'] === true || typeof entry['integrity'] === 'string',
      runsAtInstall: entry['hasInstallScript'] === true,
      development: entry['dev'] === true,
      needle: JSON.stringify(path),
    };
    found.push(...withServed(own, [resolved]));
    if (found.length > PACKAGES_MAX) throw new Error(`it has over ${PACKAGES_MAX} packages`);
  }
  return found;
}

/** The nested form of npm 6 and before. */
function fromTree(tree: unknown, depth = 0): LockedPackage[] {
  if (depth > DEPTH_MAX) throw new Error(`its packages are nested over ${DEPTH_MAX} deep`);
  const found: LockedPackage[] = [];
  for (const [key, value] of Object.entries(asTree(tree) ?? {})) {
    const entry = asTree(value);
    const stated = asText(entry?.['version']);
    if (!entry || stated === null) continue;
    const alias = /^npm:(.+)@([^@]+)$/.exec(stated);
    const source = sourceOf(/^[0-9]|^npm:/.test(stated) ? asText(entry['resolved']) : stated);
    const own: LockedPackage = {
      ecosystem: 'npm',
      name: alias?.[1] ?? key,
      version: alias?.[2] ?? (source === 'registry' ? stated : null),
      source,
      hasDigest: entry['bundled'] === true || typeof entry['integrity'] === 'string',
      development: entry['dev'] === true,
      needle: JSON.stringify(key),
    };
    found.push(...withServed(own, [asText(entry['resolved'])]));
    found.push(...fromTree(entry['dependencies'], depth + 1));
    if (found.length > PACKAGES_MAX) throw new Error(`it has over ${PACKAGES_MAX} packages`);
  }
  return found;
}

/** `package-lock.json` and `npm-shrinkwrap.json`, lock versions 1 to 3. */
export const npmLock: LockFormat = {
  name: 'npm',
  matches: (path) => /(?:^|\/)(?:package-lock|npm-shrinkwrap|\.package-lock)\.json$/.test(path),
  read: (text) => {
    const root = asTree(JSON.parse(text));
    if (!root) throw new Error('it is not an object');
    const packages = asTree(root['packages']);
    if (!packages && !asTree(root['dependencies']) && root['lockfileVersion'] === undefined)
      throw new Error('it has no packages');
    const old = fromTree(root['dependencies']);
    if (!packages) return { packages: old, unread: [] };
    const now = fromEntries(packages);
    // Version 2 says everything twice: npm 6 reads one of them, and later ones the other.
    const known = new Set(now.flatMap(({ name, version }) => [name, `${name} ${version}`]));
    const more = old.filter(
      ({ name, version }) => !known.has(version === null ? name : `${name} ${version}`),
    );
    return { packages: [...now, ...more], unread: [] };
  },
};
