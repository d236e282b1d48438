import { atLeast, clock, type Severity } from '@sallyport/core';
import type { TechniqueName } from '../techniques.ts';
import { printable } from '../text/printable.ts';
import type { Advisory } from './advisories/advisory.ts';
import { affects } from './advisories/affects.ts';
import type { AdvisoryDatabase } from './advisories/database.ts';
import { resemblance } from './familiar-names.ts';
import type { Ecosystem, LockedPackage } from './locked-package.ts';
import type { PackageInspection } from './package-inspection.ts';

/** One vulnerability of one package in one lock file. */
export interface Vulnerability {
  readonly path: string;
  readonly ecosystem: Ecosystem;
  readonly name: string;
  readonly version: string;
  readonly id: string;
  readonly aliases: readonly string[];
  readonly severity: Severity;
  /** Known to be exploited. */
  readonly exploited: boolean;
  readonly malware: boolean;
  /** When it was disclosed, RFC 3339; empty where nobody says. */
  readonly published: string;
  /** The least version above that is not affected, null where there is none. */
  readonly fixed: string | null;
  readonly development: boolean;
  /** As the detection has it. */
  readonly pointer: string;
}

const NAMES_SHOWN_MAX = 5;
const DAY_MS = 86_400_000;
/** Age of the newest advisory beyond which it cannot be said that nothing is wrong. */
const ADVISORY_AGE_DAYS_MAX = 7;

/** Where advisories on packages are looked for: conda has none of its own. */
const asked = (ecosystem: Ecosystem): Ecosystem => (ecosystem === 'conda' ? 'PyPI' : ecosystem);

const escaped = (part: string): string => part.replaceAll('~', '~0').replaceAll('/', '~1');
const pointerOf = (one: LockedPackage): string =>
  `/${one.ecosystem}/${escaped(one.name)}${one.version === null ? '' : `/${escaped(one.version)}`}`;

const named = (some: readonly LockedPackage[]): string => {
  const names = [...new Set(some.map(({ name }) => `\`${printable(name)}\``))];
  const shown = names.slice(0, NAMES_SHOWN_MAX).join(', ');
  return names.length > NAMES_SHOWN_MAX ? `${shown} and ${names.length - NAMES_SHOWN_MAX} more` : shown;
};

/** Reports what is the same of many packages once, with their number. */
function reportTogether(
  inspection: PackageInspection,
  technique: TechniqueName,
  some: readonly LockedPackage[],
  what: (names: string) => string,
): void {
  if (some.length > 0) inspection.report(technique, what(named(some)), { needle: some[0]!.needle });
}

function reportVulnerability(
  inspection: PackageInspection,
  one: LockedPackage,
  { id, aliases, summary, published, severity, isMalware }: Advisory,
  fixed: string | null,
  exploited: boolean,
): void {
  const technique = isMalware
    ? 'malicious-package'
    : exploited
      ? 'exploited-vulnerability'
      : atLeast(severity, 'high')
        ? 'severe-vulnerability'
        : 'vulnerability';
  const cve = aliases.find((alias) => alias.startsWith('CVE-'));
  const disclosed = published === '' ? '' : `, disclosed ${published.slice(0, 10)}`;
  inspection.report(
    technique,
    `\`${printable(one.name)}\` ${printable(one.version!)} has ${id}${cve !== undefined && cve !== id ? ` (${cve})` : ''}${disclosed}${exploited ? ', known to be exploited' : ''}: ${printable(summary) || 'no summary'}${one.place === undefined ? '' : ` (at \`${printable(one.place)}\`)`}`,
    {
      needle: one.needle,
      pointer: `${pointerOf(one)}/${escaped(id)}`,
      severity: exploited ? 'critical' : severity,
      references: [id, ...aliases],
      ...(isMalware
        ? {}
        : {
            remedy:
              fixed === null
                ? `no version of \`${printable(one.name)}\` without it is known: replace it, or keep what reaches it from others`
                : `update \`${printable(one.name)}\` to ${printable(fixed)} or later`,
          }),
    },
  );
}

/** Advisories on one package, those that are the same under two ids once. */
export function judge(
  inspection: PackageInspection,
  path: string,
  one: LockedPackage,
  database: AdvisoryDatabase,
): Vulnerability[] {
  if (one.version === null) return [];
  const found: Vulnerability[] = [];
  const told = new Set<string>();
  const known = database.about(asked(one.ecosystem), one.name, one.release);
  for (const advisory of known.sort((a, b) => Number(b.isScored) - Number(a.isScored))) {
    const verdict = affects(advisory, one.version);
    if (verdict.affected === 'unknown')
      inspection.report(
        'unjudged-version',
        `\`${printable(one.name)}\` ${printable(one.version)} cannot be compared with ${advisory.id}`,
        { needle: one.needle, pointer: `${pointerOf(one)}/${escaped(advisory.id)}` },
      );
    if (verdict.affected !== true) continue;
    const names = [advisory.id, ...advisory.aliases];
    if (names.some((name) => told.has(name))) continue;
    for (const name of names) told.add(name);
    const exploited = database.isExploited(names);
    reportVulnerability(inspection, one, advisory, verdict.fixed, exploited);
    found.push({
      path,
      ecosystem: one.ecosystem,
      name: one.name,
      version: one.version,
      id: advisory.id,
      aliases: advisory.aliases,
      severity: exploited ? 'critical' : advisory.severity,
      exploited,
      malware: advisory.isMalware,
      published: advisory.published,
      fixed: verdict.fixed,
      development: one.development ?? false,
      pointer: `${pointerOf(one)}/${escaped(advisory.id)}`,
    });
  }
  return found;
}

const atHosts = ({ registries = [] }: LockedPackage): string =>
  registries.length === 0 ? '' : ` (\`${printable(registries[0]!)}\`)`;

/** What is said about packages, whatever is known about them. */
export function inspectPackages(inspection: PackageInspection, packages: readonly LockedPackage[]): void {
  for (const one of packages) {
    const like = resemblance(one.ecosystem, one.name);
    if (like)
      inspection.report(
        like.technique,
        like.technique === 'typosquat'
          ? `\`${printable(one.name)}\` is nearly \`${like.of}\``
          : `\`${printable(one.name)}\` is not \`${like.of}\`, which is what is likely meant`,
        { needle: one.needle, pointer: pointerOf(one) },
      );
    if (one.misled !== undefined)
      inspection.report('misled-package', `\`${printable(one.name)}\` ${one.misled}`, {
        needle: one.needle,
        pointer: pointerOf(one),
      });
    if (one.source === 'git' || one.source === 'address')
      inspection.report(
        'foreign-source',
        `\`${printable(one.name)}\` comes from ${one.source === 'git' ? 'a repository' : `an address${atHosts(one)}`} instead of a registry`,
        { needle: one.needle, pointer: pointerOf(one) },
      );
  }
  const ofRegistry = packages.filter(({ source }) => source === 'registry');
  reportTogether(
    inspection,
    'open-version',
    ofRegistry.filter(({ version }) => version === null),
    (names) => `leaves the version open of ${names}`,
  );
  reportTogether(
    inspection,
    'no-digest',
    ofRegistry.filter(({ hasDigest, version }) => hasDigest === false && version !== null),
    (names) => `does not fix the content of ${names}`,
  );
  reportTogether(
    inspection,
    'install-script',
    packages.filter(({ runsAtInstall }) => runsAtInstall === true),
    (names) => `installs ${names}, which run code of their own then`,
  );
}

/** Says which registries packages come from that are not public. @param configured those that configuration names, and the file that does */
export function inspectRegistries(
  inspection: PackageInspection,
  packages: readonly LockedPackage[],
  configured: (ecosystem: Ecosystem) => ReadonlyMap<string, string>,
): void {
  const from = new Map<string, LockedPackage[]>();
  for (const one of packages)
    for (const registry of one.source === 'registry' ? (one.registries ?? []) : []) {
      const key = JSON.stringify([one.ecosystem, registry]);
      const some = from.get(key);
      if (some) some.push(one);
      else from.set(key, [one]);
    }
  for (const [key, some] of from) {
    const [ecosystem, registry] = JSON.parse(key) as [Ecosystem, string];
    const file = configured(ecosystem).get(registry);
    inspection.report(
      file === undefined ? 'foreign-registry' : 'configured-registry',
      `takes ${named(some)} from \`${printable(registry)}\`${file === undefined ? '' : `, which \`${file}\` names`}`,
      { needle: registry, pointer: `/registries/${escaped(registry)}` },
    );
  }
}

/** Says what is not known: a check without advisories has not checked. */
export function inspectKnowledge(
  inspection: PackageInspection,
  packages: readonly LockedPackage[],
  database: AdvisoryDatabase | null,
): void {
  const sources = new Map(
    packages.map(({ ecosystem, release }) => [
      `${asked(ecosystem)}${release === undefined ? '' : ` ${release}`}`,
      { ecosystem: asked(ecosystem), release },
    ]),
  );
  for (const [name, { ecosystem, release }] of sources)
    if (!database?.covers(ecosystem, release))
      inspection.report('no-advisories', `no advisories of ${printable(name)} are at hand`);
  if (!database || sources.size === 0) return;
  const ageDays = (clock.nowMs() - Date.parse(database.description.newest)) / DAY_MS;
  if (!(ageDays <= ADVISORY_AGE_DAYS_MAX))
    inspection.report(
      'old-advisories',
      `the newest advisory is of ${database.description.newest.slice(0, 10) || 'no day that it says'}`,
    );
}
