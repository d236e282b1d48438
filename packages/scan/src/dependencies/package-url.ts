import type { Ecosystem } from './locked-package.ts';
import { normalPythonName } from './locked-package.ts';

const TYPES: Readonly<Record<Ecosystem, string>> = {
  npm: 'npm',
  PyPI: 'pypi',
  'crates.io': 'cargo',
  Go: 'golang',
  Maven: 'maven',
  conda: 'conda',
  Debian: 'deb/debian',
  Ubuntu: 'deb/ubuntu',
  Alpine: 'apk/alpine',
  RPM: 'rpm',
  'Red Hat': 'rpm/redhat',
  'Rocky Linux': 'rpm/rocky-linux',
  AlmaLinux: 'rpm/almalinux',
  SUSE: 'rpm/suse',
  openSUSE: 'rpm/opensuse',
};

/** A package as a package URL (ECMA-427): `pkg:npm/%40scope/name@1.0.0`. */
export function packageUrl(ecosystem: Ecosystem, name: string, version: string | null): string {
  const path =
    ecosystem === 'Maven' ? name.replace(':', '/') : ecosystem === 'PyPI' ? normalPythonName(name) : name;
  const whole = path.split('/').map(encodeURIComponent).join('/');
  return `pkg:${TYPES[ecosystem]}/${whole}${version === null ? '' : `@${encodeURIComponent(version)}`}`;
}
