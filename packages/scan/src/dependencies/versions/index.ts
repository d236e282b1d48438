import { compare as comparePython, valid as validPython } from '@renovatebot/pep440';
import { compare as compareSemantic, parse as parseSemantic } from 'semver';
import type { Ecosystem } from '../locked-package.ts';
import { compareAlpine, isAlpineVersion } from './alpine.ts';
import { compareDebian, isDebianVersion } from './debian.ts';
import { compareMaven } from './maven.ts';
import { compareRpm, isRpmVersion } from './rpm.ts';

/** How versions of one ecosystem are ordered. */
interface VersionOrder {
  /** Whether it can be ordered at all. */
  isVersion(version: string): boolean;
  /** @returns below, at or above 0 */
  compare(a: string, b: string): number;
}

/** Versions of three numbers, with those that a `v`, leading zeros or missing numbers make almost that. */
const semantic: VersionOrder = {
  isVersion: (version) => parseSemantic(whole(version), { loose: true }) !== null,
  compare: (a, b) => compareSemantic(whole(a), whole(b), { loose: true }),
};

function whole(version: string): string {
  const [, numbers, rest] = /^v?(\d+(?:\.\d+)*)(.*)/s.exec(version.trim()) ?? [];
  if (numbers === undefined) return version;
  const parts = numbers.split('.').map((part) => part.replace(/^0+(?=\d)/, ''));
  return `${[...parts, '0', '0', '0'].slice(0, 3).join('.')}${rest}`;
}

const python: VersionOrder = {
  isVersion: (version) => validPython(version) !== null,
  compare: comparePython,
};

const debian: VersionOrder = { isVersion: isDebianVersion, compare: compareDebian };

const rpm: VersionOrder = { isVersion: isRpmVersion, compare: compareRpm };

const maven: VersionOrder = { isVersion: (version) => version !== '', compare: compareMaven };

/** How versions are ordered in each ecosystem (OSV schema, "affected[].ranges[].type"). */
export const VERSION_ORDERS: Readonly<Record<Ecosystem, VersionOrder>> = {
  npm: semantic,
  PyPI: python,
  'crates.io': semantic,
  Go: semantic,
  Maven: maven,
  conda: python,
  Debian: debian,
  Ubuntu: debian,
  Alpine: { isVersion: isAlpineVersion, compare: compareAlpine },
  RPM: rpm,
  'Red Hat': rpm,
  'Rocky Linux': rpm,
  AlmaLinux: rpm,
  SUSE: rpm,
  openSUSE: rpm,
};
