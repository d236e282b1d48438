import { inflateRawSync } from 'node:zlib';
import { trustedMembers } from '../../archives/zip.ts';
import { type ByteSource, BytesSource } from '../../bytes/byte-source.ts';
import { asText, asTree, type LockedPackage } from '../locked-package.ts';
import { rpmHeaders } from './rpm-databases.ts';
import { readRpmHeader } from './rpm-header.ts';

/** What one file of an image says is installed; the release of a distribution is put in later. */
export type Installed = Omit<LockedPackage, 'needle' | 'source'> & {
  readonly distribution?: true;
  /** The package of sources it is built of, where advisories of some distributions are about that. */
  readonly origin?: { readonly name: string; readonly version: string } | null;
};

/** What one file says, and in words what of it could not be read. */
export interface InstalledReading {
  readonly installed: readonly Installed[];
  readonly fault: string | null;
}

/** How one kind of file tells what is installed. A new one is a row of {@link INSTALLED_READERS}. */
interface InstalledReader {
  readonly name: string;
  /** @param path without a slash before it */
  matches(path: string, mode: number): boolean;
  /** Larger files are reported as not read. */
  readonly bytesMax: number;
  /** @throws Error with words about what is wrong with it */
  read(source: ByteSource, path: string): readonly Installed[] | InstalledReading;
}

const MIB = 1024 * 1024;
const ENTRIES_MAX = 100_000;
const text = (source: ByteSource): string => Buffer.from(source.read(0, source.size)).toString('utf8');

/** Paragraphs of `Name: value` lines; lines that go on are left out. */
function* paragraphs(content: string, separator: RegExp): Generator<ReadonlyMap<string, string>> {
  for (const paragraph of content.split(/\n\n+/)) {
    const fields = new Map<string, string>();
    for (const line of paragraph.split('\n')) {
      const parts = separator.exec(line);
      if (parts && !fields.has(parts[1]!)) fields.set(parts[1]!, parts[2]!.trim());
    }
    if (fields.size > 0) yield fields;
  }
}

/** dpkg: advisories are about the package of sources that a package is made of. */
const dpkg: InstalledReader = {
  name: 'dpkg',
  matches: (path) => path === 'var/lib/dpkg/status' || /^var\/lib\/dpkg\/status\.d\/[^/]+$/.test(path),
  bytesMax: 64 * MIB,
  read: (source, path) =>
    [...paragraphs(text(source), /^([A-Za-z-]{1,40}):(.*)$/)].flatMap((fields): Installed[] => {
      const [name, version] = [fields.get('Package'), fields.get('Version')];
      if (name === undefined || version === undefined) return [];
      const status = fields.get('Status');
      if (status !== undefined && !/ installed$/.test(status)) return [];
      const [, origin = name, originVersion = version] =
        /^(\S+)(?:\s+\(([^)]+)\))?$/.exec(fields.get('Source') ?? '') ?? [];
      return [{ ecosystem: 'Debian', name: origin, version: originVersion, place: path, distribution: true }];
    }),
};

const apk: InstalledReader = {
  name: 'apk',
  matches: (path) => /^(?:usr\/)?lib\/apk\/db\/installed$/.test(path),
  bytesMax: 64 * MIB,
  read: (source, path) =>
    [...paragraphs(text(source), /^([A-Za-z]):(.*)$/)].flatMap((fields): Installed[] => {
      const [name, version] = [fields.get('o') ?? fields.get('P'), fields.get('V')];
      return name === undefined || version === undefined
        ? []
        : [{ ecosystem: 'Alpine', name, version, place: path, distribution: true }];
    }),
};

const python: InstalledReader = {
  name: 'python',
  matches: (path) => /\.dist-info\/METADATA$|\.egg-info(?:\/PKG-INFO)?$/.test(path),
  bytesMax: 4 * MIB,
  read: (source, path) => {
    const [head = new Map<string, string>()] = paragraphs(text(source), /^([A-Za-z-]{1,40}):(.*)$/);
    const [name, version] = [head.get('Name'), head.get('Version')];
    return name === undefined || version === undefined
      ? []
      : [{ ecosystem: 'PyPI', name, version, place: path }];
  },
};

const node: InstalledReader = {
  name: 'node',
  matches: (path) => /(?:^|\/)node_modules\/(?:@[^/]+\/)?[^/]+\/package\.json$/.test(path),
  bytesMax: 4 * MIB,
  read: (source, path) => {
    const json = asTree(JSON.parse(text(source)));
    const [name, version] = [asText(json?.['name']), asText(json?.['version'])];
    const scripts = asTree(json?.['scripts']) ?? {};
    const runsAtInstall = ['preinstall', 'install', 'postinstall'].some((one) => scripts[one] !== undefined);
    return name === null || version === null
      ? []
      : [{ ecosystem: 'npm', name, version, place: path, runsAtInstall }];
  },
};

const JAR_NESTED_BYTES_MAX = 64 * MIB;

/** Group, artefact and version in a note of Maven. */
const NOTED: readonly RegExp[] = ['groupId', 'artifactId', 'version'].map(
  (key) => new RegExp(`^${key}[ \\t]*=[ \\t]*(\\S+)`, 'm'),
);

/** Maven's own note of a library in a jar, and in the jars that it carries. */
function* inJar(source: ByteSource, path: string, depth: number): Generator<Installed> {
  let entries = 0;
  for (const { name, method, offset, compressedBytes, bytes } of trustedMembers(source)) {
    if (++entries > ENTRIES_MAX) throw new Error(`over ${ENTRIES_MAX} members`);
    const isNote = /^META-INF\/maven\/[^/]+\/[^/]+\/pom\.properties$/.test(name);
    const isJar = depth === 0 && /\.(?:jar|war)$/.test(name);
    if (!isNote && !isJar) continue;
    if (bytes > (isNote ? MIB : JAR_NESTED_BYTES_MAX))
      throw new Error(`\`${name.slice(0, 80)}\` is too large`);
    const body = Buffer.from(source.read(offset, compressedBytes));
    const plain = method === 0 ? body : inflateRawSync(body, { maxOutputLength: Math.max(1, bytes) });
    if (isJar) {
      yield* inJar(new BytesSource(plain), `${path}!${name}`, depth + 1);
      continue;
    }
    const note = plain.toString('utf8');
    const [group, artifact, version] = NOTED.map((pattern) => pattern.exec(note)?.[1]);
    if (group && artifact && version)
      yield { ecosystem: 'Maven', name: `${group}:${artifact}`, version, place: path };
  }
}

const java: InstalledReader = {
  name: 'java',
  matches: (path) => /\.(?:jar|war|ear)$/.test(path),
  bytesMax: 512 * MIB,
  read: (source, path) => [...inJar(source, path, 0)],
};

const GO_MAGIC = Buffer.from('\xff Go buildinf:', 'latin1');
const GO_PIECE_BYTES = 4 * MIB;
const GO_TEXT_BYTES_MAX = 2 * MIB;
const isExecutable = (mode: number): boolean => (mode & 0o111) !== 0;

/** Where a program notes what it was built from (package debug/buildinfo, inline form since Go 1.18), or -1. */
function findGoNote(source: ByteSource): number {
  for (let at = 0; at < source.size; at += GO_PIECE_BYTES) {
    const piece = Buffer.from(source.read(at, GO_PIECE_BYTES + GO_MAGIC.length));
    const found = piece.indexOf(GO_MAGIC);
    if (found >= 0) return at + found;
  }
  return -1;
}

/** A text behind its length in seven bits a byte. */
function goText(bytes: Buffer, start: number): { text: string; end: number } | null {
  let length = 0;
  let at = start;
  for (let shift = 0; shift < 35; shift += 7) {
    const byte = bytes[at++];
    if (byte === undefined) return null;
    length += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) break;
  }
  return length > bytes.length - at
    ? null
    : { text: bytes.toString('utf8', at, at + length), end: at + length };
}

const go: InstalledReader = {
  name: 'go',
  matches: (path, mode) => isExecutable(mode) && !/\.(?:sh|py|pl|rb|js|so[\d.]*)$/.test(path),
  bytesMax: 1024 * MIB,
  read: (source, path) => {
    if (Buffer.from(source.read(0, 4)).toString('latin1') !== '\x7fELF') return [];
    const at = findGoNote(source);
    if (at < 0) return [];
    const bytes = Buffer.from(source.read(at, GO_TEXT_BYTES_MAX));
    if ((bytes[15]! & 2) === 0) throw new Error('is built by a Go before 1.18, whose note is not read');
    const compiler = goText(bytes, 32);
    const modules = compiler && goText(bytes, compiler.end);
    if (!modules) throw new Error('has a note of how it was built that ends early');
    const found: Installed[] = [
      { ecosystem: 'Go', name: 'stdlib', version: compiler.text.replace(/^go/, ''), place: path },
    ];
    const lines = modules.text.split('\n').map((line) => line.split('\t'));
    for (const [index, [kind, name, version]] of lines.entries()) {
      if (kind !== 'dep' || name === undefined || version === undefined) continue;
      const replaced = lines[index + 1]?.[0] === '=>' ? lines[index + 1]! : null;
      found.push({
        ecosystem: 'Go',
        name: replaced?.[1] ?? name,
        version: (replaced?.[2] ?? version).replace(/^v/, ''),
        place: path,
      });
    }
    return found;
  },
};

/** Files of these names in every folder where RPM keeps its database. */
const rpmPlaces = (...names: readonly string[]): readonly string[] =>
  ['var', 'usr'].flatMap((top) =>
    ['lib/rpm', 'lib/sysimage/rpm'].flatMap((folder) => names.map((name) => `${top}/${folder}/${name}`)),
  );
const RPM_DATABASES = rpmPlaces('rpmdb.sqlite', 'Packages', 'Packages.db');
const RPM_CHANGES = rpmPlaces('rpmdb.sqlite-wal');

/** rpm: packages by their names, with what they are built of. What is read before a fault counts. */
const rpm: InstalledReader = {
  name: 'rpm',
  matches: (path) => RPM_DATABASES.includes(path),
  bytesMax: 512 * MIB,
  read: (source, path) => {
    const installed: Installed[] = [];
    let fault: string | null = null;
    try {
      for (const header of rpmHeaders(source, path)) {
        if (installed.length >= ENTRIES_MAX) throw new Error(`over ${ENTRIES_MAX} packages`);
        try {
          const found = readRpmHeader(header);
          if (found) {
            const { name, version, origin } = found;
            installed.push({ ecosystem: 'RPM', name, version, origin, place: path, distribution: true });
          }
        } catch (wrong) {
          fault ??= (wrong as Error).message;
        }
      }
    } catch (wrong) {
      fault = (wrong as Error).message;
    }
    return { installed, fault };
  },
};

/** Every kind of file that tells what is installed. */
export const INSTALLED_READERS: readonly InstalledReader[] = [dpkg, apk, rpm, python, node, java, go];

/** Where distributions keep lists of packages, and who they are: looked for at these very paths, whatever links lead there. */
export const KNOWN_PLACES: readonly string[] = [
  'etc/os-release',
  'usr/lib/os-release',
  'var/lib/dpkg/status',
  'var/lib/dpkg/status.d/*',
  'usr/lib/apk/db/installed',
  'lib/apk/db/installed',
  ...RPM_DATABASES,
  ...RPM_CHANGES,
  'var/lib/pacman/local/*/desc',
];

/** Where package managers keep what is not read: an image with any that is not empty is incomplete. */
export const UNREAD_DATABASES: readonly Pick<InstalledReader, 'name' | 'matches'>[] = [
  {
    name: 'changes of packages of RPM beside their database',
    matches: (path) => RPM_CHANGES.includes(path),
  },
  {
    name: 'packages of pacman',
    matches: (path) => /^var\/lib\/pacman\/local\/[^/]+\/desc$/.test(path),
  },
];

/** The distribution of an image. */
export interface Distribution {
  readonly ecosystem: LockedPackage['ecosystem'];
  readonly release: string;
  readonly isRpm: boolean;
  /** Whether its advisories are about packages of sources, and not about what is built of them. */
  readonly bySource?: true;
}

/** Distributions by the `ID` of their file; `release` turns their `VERSION_ID` into what advisories call it. */
const DISTRIBUTION_IDS: readonly (readonly [
  id: RegExp,
  distribution: Omit<Distribution, 'release'>,
  release: (version: string) => string,
])[] = [
  [/^debian$/, { ecosystem: 'Debian', isRpm: false }, (version) => version],
  [/^ubuntu$/, { ecosystem: 'Ubuntu', isRpm: false }, (version) => version],
  [/^alpine$/, { ecosystem: 'Alpine', isRpm: false }, alpineRelease],
  [/^rhel$/, { ecosystem: 'Red Hat', isRpm: true }, majorOf],
  [/^almalinux$/, { ecosystem: 'AlmaLinux', isRpm: true }, majorOf],
  [/^rocky$/, { ecosystem: 'Rocky Linux', isRpm: true, bySource: true }, majorOf],
  [/^sle[sd](?:_sap)?$/, { ecosystem: 'SUSE', isRpm: true, bySource: true }, (version) => version],
  [/^opensuse-leap$/, { ecosystem: 'openSUSE', isRpm: true, bySource: true }, (version) => version],
  [/^opensuse-tumbleweed$/, { ecosystem: 'openSUSE', isRpm: true, bySource: true }, () => 'Tumbleweed'],
];

function majorOf(version: string): string {
  return version.split('.', 1)[0] ?? '';
}

function alpineRelease(version: string): string {
  const short = /^(\d+\.\d+)/.exec(version)?.[1];
  return short === undefined ? version : `v${short}`;
}

/** The distribution of an image, by its own file. @returns null where it is none whose advisories are read */
export function readDistribution(content: string): Distribution | null {
  const field = (pattern: RegExp): string => pattern.exec(content)?.[1]?.trim() ?? '';
  const [id, version] = [field(/^ID=["']?([^"'\n]*)/m), field(/^VERSION_ID=["']?([^"'\n]*)/m)];
  const row = DISTRIBUTION_IDS.find(([pattern]) => pattern.test(id));
  return row ? { ...row[1], release: row[2](version) } : null;
}
