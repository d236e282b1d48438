import { hash } from 'node:crypto';
import { dirname } from 'node:path';
import { Budget, type BudgetLimits, DEFAULT_BUDGET } from '../budget.ts';
import { FileSource } from '../bytes/byte-source.ts';
import { type ItemWatch, notReadAgain } from '../item-watch.ts';
import { RunCeiling } from '../run-ceiling.ts';
import type { FileReport } from '../scan-file.ts';
import { overLimit, reportNotRead, type ScanReport, smallFirst, summarise } from '../scan-files.ts';
import { printable } from '../text/printable.ts';
import type { PathBytes } from '../tree/path-bytes.ts';
import {
  isFolderTechnique,
  type NotRead,
  type Tree,
  type TreeFile,
  type WalkOptions,
  walkTree,
} from '../tree/walk-tree.ts';
import type { AdvisoryDatabase, DatabaseDescription } from './advisories/database.ts';
import { FolderCompanions } from './companions.ts';
import { decodeLock, isEmptyLock } from './empty-lock.ts';
import { ImageArchive, looksLikeImages, mayBeImages } from './images/image-archive.ts';
import { inspectImage } from './images/inspect-image.ts';
import {
  inspectKnowledge,
  inspectPackages,
  inspectRegistries,
  judge,
  type Vulnerability,
} from './judge-packages.ts';
import { lockedAmong, lockFormatOf } from './lock-files/index.ts';
import { unreadLock } from './lock-files/unread.ts';
import type { Ecosystem, LockedPackage, LockFormat } from './locked-package.ts';
import { PackageInspection } from './package-inspection.ts';
import { packageUrl } from './package-url.ts';
import { configuredRegistries } from './registries.ts';

/** What lock files and container images hold. */
export interface DependencyReport extends ScanReport {
  readonly files: readonly (FileReport & { readonly packages: number })[];
  readonly vulnerabilities: readonly Vulnerability[];
  /** What was known when it was made; null where no advisories were at hand. */
  readonly advisories: DatabaseDescription | null;
  readonly packages: number;
  /** Every package, once for each lock file or image that names it. */
  readonly components: readonly DependencyComponent[];
}

/** One package of one lock file or image, as a bill of materials lists it. */
export interface DependencyComponent {
  readonly path: string;
  readonly ecosystem: Ecosystem;
  readonly name: string;
  readonly version: string | null;
  /** Package URL. */
  readonly purl: string;
}

const LOCK_BYTES_MAX = 32 * 1024 * 1024;
/** Images are larger than models' files: what all layers of one archive may become. */
const IMAGE_BUDGET: BudgetLimits = { ...DEFAULT_BUDGET, expandedBytesMax: 32 * 1024 * 1024 * 1024 };

/** What one lock file or image comes to. */
interface Inspected {
  readonly report: FileReport & { readonly packages: number };
  readonly vulnerabilities: readonly Vulnerability[];
  readonly components: readonly DependencyComponent[];
}

/** Judges packages, whatever listed them. */
function finish(
  inspection: PackageInspection,
  file: Pick<FileReport, 'path' | 'format' | 'bytes' | 'sha256'>,
  packages: readonly LockedPackage[],
  database: AdvisoryDatabase | null,
): Inspected {
  const vulnerabilities = packages.flatMap((one) =>
    database ? judge(inspection, file.path, one, database) : [],
  );
  inspectPackages(inspection, packages);
  inspectKnowledge(inspection, packages, database);
  const detections = inspection.detections();
  return {
    vulnerabilities,
    components: packages.map(({ ecosystem, name, version }) => ({
      path: file.path,
      ecosystem,
      name,
      version,
      purl: packageUrl(ecosystem, name, version),
    })),
    report: {
      ...file,
      verdict: inspection.verdict,
      detections,
      packages: packages.length,
    },
  };
}

const notRead = (one: NotRead): Inspected => ({
  report: { ...reportNotRead(one), packages: 0 },
  vulnerabilities: [],
  components: [],
});

const unreadable = (path: string, format: string, fault: unknown): Inspected => {
  const inspection = new PackageInspection(path, '');
  inspection.report('unreadable-lock', `cannot be read: ${printable((fault as Error).message)}`);
  return finish(inspection, { path, format, bytes: 0, sha256: null }, [], null);
};

function inspectLock(
  { file: { name: path, path: real }, format, bounds, listed, isLocked }: Lock,
  database: AdvisoryDatabase | null,
): Inspected {
  const text = readLock(real, bounds);
  const inspection = new PackageInspection(path, text);
  let packages: readonly LockedPackage[] = [];
  try {
    const companions = new FolderCompanions(real, bounds, listed, readLock);
    const reading = format.read(text, companions);
    // What a manifest leaves open, the lock file beside it says.
    packages = isLocked
      ? reading.packages.filter(({ source, version }) => source !== 'registry' || version !== null)
      : reading.packages;
    const configured = new Map<Ecosystem, ReadonlyMap<string, string>>();
    inspectRegistries(inspection, packages, (ecosystem) => {
      const known = configured.get(ecosystem) ?? configuredRegistries(ecosystem, companions);
      configured.set(ecosystem, known);
      return known;
    });
    for (const what of isLocked ? [] : reading.unread) inspection.report('unreadable-lock', `holds ${what}`);
    const isElsewhere = (reading.elsewhere ?? 0) > 0;
    const saysNothing = reading.packages.length === 0 && reading.unread.length === 0 && !isElsewhere;
    if (saysNothing && !isEmptyLock(format.name, text))
      inspection.report('unreadable-lock', 'names no package that was understood');
  } catch (fault) {
    inspection.report(
      'unreadable-lock',
      `is not read as ${format.name}: ${printable((fault as Error).message)}`,
    );
  }
  const file = {
    path,
    format: format.name,
    bytes: Buffer.byteLength(text),
    sha256: hash('sha256', text, 'hex'),
  };
  return finish(inspection, file, packages, database);
}

const IMAGE = 'container-image';

/** Every image of an archive: an `oci-layout`, or a tape archive. */
async function inspectImages(
  { name: path, path: real }: TreeFile,
  bounds: Tree['bounds'],
  database: AdvisoryDatabase | null,
  leftMs: number,
): Promise<Inspected[]> {
  const shown = /(?:^|[/\\])oci-layout$/.test(path) ? dirname(path) : path;
  const budget = new Budget({ ...IMAGE_BUDGET, timeMs: Math.min(IMAGE_BUDGET.timeMs, leftMs) });
  let archive: ImageArchive | null;
  try {
    archive = await ImageArchive.open(real, budget, bounds);
  } catch (fault) {
    return [unreadable(shown, IMAGE, fault)];
  }
  if (!archive) return [];
  try {
    const found: Inspected[] = [];
    for (const image of archive.images) {
      const own = archive.images.length === 1 ? shown : `${shown}!${printable(image.name)}`;
      const inspection = new PackageInspection(own, '');
      const packages = await inspectImage(inspection, image, budget);
      const { bytes, sha256 } = image;
      found.push(finish(inspection, { path: own, format: IMAGE, bytes, sha256 }, packages, database));
    }
    return found;
  } finally {
    archive.close();
  }
}

function readLock(path: PathBytes, bounds: Tree['bounds']): string {
  const source = FileSource.open(path, bounds);
  try {
    if (source.size > LOCK_BYTES_MAX) throw new Error(`it is larger than ${LOCK_BYTES_MAX} bytes`);
    return decodeLock(Buffer.from(source.read(0, source.size)));
  } finally {
    source.close();
  }
}

/** A lock file that is to be read. */
interface Lock {
  readonly file: TreeFile;
  readonly format: LockFormat;
  readonly bounds: Tree['bounds'];
  /** Files of requirements that are read by themselves, without links. */
  readonly listed: ReadonlySet<string>;
  /** Whether it is a manifest, and a lock file that is read says what comes of it. */
  readonly isLocked: boolean;
}

const isWanted = (name: string): boolean => lockFormatOf(name) !== null || mayBeImages(name);

/**
 * Reads every lock file and every archive of container images at and below paths, and says what is known about the
 * packages in it.
 * @param database null where no advisories are at hand: such a report is incomplete
 * @throws Error of the file system for a path that is not there
 */
export async function inspectDependencies(
  paths: readonly string[],
  database: AdvisoryDatabase | null,
  onProgress: (done: number, of: number) => void = () => {},
  options: Omit<WalkOptions, 'passInstalled'> & ItemWatch = {},
): Promise<DependencyReport> {
  const ceiling = new RunCeiling(options.limits);
  const tree = walkTree(paths, { ...options, passInstalled: true }, ceiling);
  const { bounds, skipped } = tree;
  const isLocked = lockedAmong(tree.files.flatMap(({ name }) => (lockFormatOf(name) === null ? [] : [name])));
  const listed = tree.files.flatMap((file) => {
    const name = file.name.replaceAll('\\', '/');
    const format = lockFormatOf(name);
    // A manifest that is not read anyway says nothing more than its lock file.
    if (format === unreadLock && isLocked(name, format)) return [];
    return format || looksLikeImages(name, file.path, bounds) ? [{ file, format }] : [];
  });
  const requirements = new Set(
    listed.flatMap(({ file: { path }, format }) =>
      format?.name === 'pip' && typeof path === 'string' ? [path] : [],
    ),
  );
  const found = new Array<readonly Inspected[]>(listed.length);
  for (const [done, at] of smallFirst(listed.map(({ file }) => file)).entries()) {
    const { file, format } = listed[at]!;
    const why = ceiling.refusal(file.bytes);
    try {
      const missed = why === null ? notReadAgain(options, file.name) : overLimit(file.name, why);
      if (missed !== null) found[at] = [notRead(missed)];
      else if (format) {
        const lock = { file, format, bounds, listed: requirements, isLocked: isLocked(file.name, format) };
        found[at] = [inspectLock(lock, database)];
      } else found[at] = await inspectImages(file, bounds, database, ceiling.leftMs);
    } catch (fault) {
      found[at] = [unreadable(file.name, format?.name ?? IMAGE, fault)];
    }
    onProgress(done + 1, listed.length);
  }
  const files: (FileReport & { packages: number })[] = [];
  const vulnerabilities: Vulnerability[] = [];
  const components: DependencyComponent[] = [];
  for (const one of found.flat()) {
    files.push(one.report);
    for (const vulnerability of one.vulnerabilities) vulnerabilities.push(vulnerability);
    for (const component of one.components) components.push(component);
  }
  for (const one of tree.notRead)
    if (isFolderTechnique(one.technique) || isWanted(one.name.replaceAll('\\', '/')))
      files.push(notRead(one).report);
  return {
    files,
    skipped,
    summary: summarise(files),
    vulnerabilities,
    advisories: database?.description ?? null,
    packages: files.reduce((sum, { packages }) => sum + packages, 0),
    components,
  };
}
