import { hash } from 'node:crypto';
import { atLeast, clock, type FileDetection, SEVERITIES, type Severity } from '@sallyport/core';
import { FileSource } from '../bytes/byte-source.ts';
import type { FileReport } from '../scan-file.ts';
import { filesBelow, type ScanReport, summarise } from '../scan-files.ts';
import { type FileVerdict, TECHNIQUES, type TechniqueName, worstVerdict } from '../techniques.ts';
import { lineFinder } from '../text/lines.ts';
import { printable } from '../text/printable.ts';
import type { Advisory } from './advisories/advisory.ts';
import { affects } from './advisories/affects.ts';
import type { AdvisoryDatabase, DatabaseDescription } from './advisories/database.ts';
import { resemblance } from './familiar-names.ts';
import { lockFormatOf } from './lock-files/index.ts';
import type { Ecosystem, LockedPackage, LockFormat } from './locked-package.ts';
import { packageUrl } from './package-url.ts';

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

/** What lock files hold. */
export interface DependencyReport extends ScanReport {
  readonly files: readonly (FileReport & { readonly packages: number })[];
  readonly vulnerabilities: readonly Vulnerability[];
  /** What was known when it was made; null where no advisories were at hand. */
  readonly advisories: DatabaseDescription | null;
  readonly packages: number;
  /** Every package, once for each lock file that names it. */
  readonly components: readonly DependencyComponent[];
}

/** One package of one lock file, as a bill of materials lists it. */
export interface DependencyComponent {
  readonly path: string;
  readonly ecosystem: Ecosystem;
  readonly name: string;
  readonly version: string | null;
  /** Package URL. */
  readonly purl: string;
}

const LOCK_BYTES_MAX = 32 * 1024 * 1024;
const DETECTIONS_MAX = 2000;
const NAMES_SHOWN_MAX = 5;
const DAY_MS = 86_400_000;
/** Age of the newest advisory beyond which it cannot be said that nothing is wrong. */
const ADVISORY_AGE_DAYS_MAX = 7;

/** A detection whose line is not looked up yet: a file may have more of them than are kept. */
type Unplaced = FileDetection & { readonly needle: string | undefined };

/** What one lock file comes to, while it is made. */
class LockInspection {
  verdict: FileVerdict = 'clean';
  readonly #found: Unplaced[] = [];
  readonly #path: string;
  readonly #text: string;

  constructor(path: string, text: string) {
    this.#path = path;
    this.#text = text;
  }

  report(
    technique: TechniqueName,
    message: string,
    more: {
      needle?: string;
      pointer?: string;
      severity?: Severity;
      references?: readonly string[];
      remedy?: string;
    } = {},
  ): void {
    const known = TECHNIQUES[technique];
    this.verdict = worstVerdict(this.verdict, known.verdict);
    this.#found.push({
      detector: known.detector,
      technique,
      severity: more.severity ?? known.severity,
      message,
      location: { path: this.#path, ...(more.pointer === undefined ? {} : { pointer: more.pointer }) },
      references: [...(more.references ?? []), ...known.references],
      remedy: more.remedy ?? known.remedy,
      needle: more.needle,
    });
  }

  /** The worst of what was found, each with its line. */
  detections(): FileDetection[] {
    const lineAt = lineFinder(this.#text);
    const worst = SEVERITIES.flatMap((severity) => this.#found.filter((one) => one.severity === severity));
    return worst.slice(0, DETECTIONS_MAX).map(({ needle, ...one }) => {
      const at = needle === undefined ? -1 : this.#text.indexOf(needle);
      return at < 0 ? one : { ...one, location: { ...one.location, line: lineAt(at) } };
    });
  }
}

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
  inspection: LockInspection,
  technique: TechniqueName,
  some: readonly LockedPackage[],
  what: (names: string) => string,
): void {
  if (some.length > 0) inspection.report(technique, what(named(some)), { needle: some[0]!.needle });
}

function reportVulnerability(
  inspection: LockInspection,
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
    `\`${printable(one.name)}\` ${printable(one.version!)} has ${id}${cve !== undefined && cve !== id ? ` (${cve})` : ''}${disclosed}${exploited ? ', known to be exploited' : ''}: ${printable(summary) || 'no summary'}`,
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

/** Advisories on one package, those that are the same under two ids once. Conda has none of its own: its packages are those of PyPI. */
function judge(
  inspection: LockInspection,
  path: string,
  one: LockedPackage,
  database: AdvisoryDatabase,
): Vulnerability[] {
  if (one.version === null) return [];
  const found: Vulnerability[] = [];
  const told = new Set<string>();
  const known = database.about(one.ecosystem === 'conda' ? 'PyPI' : one.ecosystem, one.name);
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

/** What a file says about its packages, whatever is known about them. */
function inspectPackages(inspection: LockInspection, packages: readonly LockedPackage[]): void {
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
    if (one.source === 'git' || one.source === 'address')
      inspection.report(
        'foreign-source',
        `\`${printable(one.name)}\` comes from ${one.source === 'git' ? 'a repository' : 'an address'} instead of a registry`,
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

/** Says what is not known: a check without advisories has not checked. */
function inspectKnowledge(
  inspection: LockInspection,
  packages: readonly LockedPackage[],
  database: AdvisoryDatabase | null,
): void {
  const asked = new Set(packages.map(({ ecosystem }) => (ecosystem === 'conda' ? 'PyPI' : ecosystem)));
  for (const ecosystem of asked)
    if (!database?.covers(ecosystem))
      inspection.report('no-advisories', `no advisories of ${ecosystem} are at hand`);
  if (!database || asked.size === 0) return;
  const ageDays = (clock.nowMs() - Date.parse(database.description.newest)) / DAY_MS;
  if (!(ageDays <= ADVISORY_AGE_DAYS_MAX))
    inspection.report(
      'old-advisories',
      `the newest advisory is of ${database.description.newest.slice(0, 10) || 'no day that it says'}`,
    );
}

function inspectLock(
  path: string,
  format: LockFormat,
  text: string,
  database: AdvisoryDatabase | null,
): {
  report: FileReport & { packages: number };
  vulnerabilities: Vulnerability[];
  components: DependencyComponent[];
} {
  const inspection = new LockInspection(path, text);
  let packages: readonly LockedPackage[] = [];
  const vulnerabilities: Vulnerability[] = [];
  try {
    const reading = format.read(text);
    packages = reading.packages;
    for (const what of reading.unread) inspection.report('unreadable-lock', `holds ${what}`);
    for (const one of packages) if (database) vulnerabilities.push(...judge(inspection, path, one, database));
    inspectPackages(inspection, packages);
    inspectKnowledge(inspection, packages, database);
  } catch (fault) {
    inspection.report(
      'unreadable-lock',
      `is not read as ${format.name}: ${printable((fault as Error).message)}`,
    );
  }
  return {
    vulnerabilities,
    components: packages.map(({ ecosystem, name, version }) => ({
      path,
      ecosystem,
      name,
      version,
      purl: packageUrl(ecosystem, name, version),
    })),
    report: {
      path,
      verdict: inspection.verdict,
      format: format.name,
      bytes: Buffer.byteLength(text),
      sha256: hash('sha256', text, 'hex'),
      detections: inspection.detections(),
      packages: packages.length,
    },
  };
}

function readLock(path: string): string {
  const source = FileSource.open(path);
  try {
    if (source.size > LOCK_BYTES_MAX) throw new Error(`it is larger than ${LOCK_BYTES_MAX} bytes`);
    return Buffer.from(source.read(0, source.size)).toString('utf8');
  } finally {
    source.close();
  }
}

/** Folders that hold what is installed, and not what somebody asks for. */
const INSTALLED = /(?:^|\/)(?:node_modules|\.git|\.venv|venv|site-packages|vendor|target|\.sallyport)\//;

/**
 * Reads every lock file at and below paths, and says what is known about the packages in it.
 * @param database null where no advisories are at hand: such a report is incomplete
 * @throws Error of the file system for a path that is not there
 */
export function inspectDependencies(
  paths: readonly string[],
  database: AdvisoryDatabase | null,
  onProgress: (done: number, of: number) => void = () => {},
): DependencyReport {
  const given = new Set(paths);
  const locks = filesBelow(paths, (folder) => !INSTALLED.test(`${folder.replaceAll('\\', '/')}/`)).flatMap(
    (path) => {
      const format = lockFormatOf(path);
      return format && (given.has(path) || !INSTALLED.test(path.replaceAll('\\', '/')))
        ? [{ path, format }]
        : [];
    },
  );
  const files: (FileReport & { packages: number })[] = [];
  const vulnerabilities: Vulnerability[] = [];
  const components: DependencyComponent[] = [];
  for (const { path, format } of locks) {
    try {
      const one = inspectLock(path, format, readLock(path), database);
      files.push(one.report);
      vulnerabilities.push(...one.vulnerabilities);
      for (const component of one.components) components.push(component);
    } catch (fault) {
      const inspection = new LockInspection(path, '');
      inspection.report('unreadable-lock', `cannot be read: ${(fault as Error).message}`);
      const { verdict } = inspection;
      const detections = inspection.detections();
      files.push({ path, verdict, format: format.name, bytes: 0, sha256: null, detections, packages: 0 });
    }
    onProgress(files.length, locks.length);
  }
  return {
    files,
    summary: summarise(files),
    vulnerabilities,
    advisories: database?.description ?? null,
    packages: files.reduce((sum, { packages }) => sum + packages, 0),
    components,
  };
}
