import { createHash, randomUUID } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { inflateRawSync } from 'node:zlib';
import { CodedError, clock } from '@sallyport/core';
import { trustedMembers } from '../../archives/zip.ts';
import { FileSource } from '../../bytes/byte-source.ts';
import { ECOSYSTEMS, type Ecosystem } from '../locked-package.ts';
import { type Advisory, advisoriesOf, isDistribution, packageKey } from './advisory.ts';

/** Bytes of one record that are read. */
const RECORD_BYTES_MAX = 32 * 1024 * 1024;
const DESCRIPTION = 'advisories.json';

/** What a database was made from. */
export interface DatabaseDescription {
  /** The folder that holds it, beside its description: what is imported anew is another one until it is whole. */
  readonly folder: string;
  readonly importedAt: string;
  /** The newest record, RFC 3339: how old the knowledge is, whenever it was imported. */
  readonly newest: string;
  readonly ecosystems: Readonly<
    Partial<
      Record<
        Ecosystem,
        {
          readonly records: number;
          readonly unread: number;
          readonly sha256: string;
          /** Of a distribution: releases of which there are advisories. */
          readonly releases?: readonly string[];
        }
      >
    >
  >;
  /** Names (CVE) that are known to be exploited, and how many; null where no list was given. */
  readonly exploited: { readonly names: number; readonly released: string } | null;
}

/** A file in which each line is one advisory, and where the lines of each package lie. */
interface Shelf {
  readonly descriptor: number;
  readonly places: ReadonlyMap<string, readonly number[]>;
}

/** A record as it lies in an archive, null where it does not come out. */
function inflated(body: Buffer, method: number): Buffer | null {
  if (method === 0) return body;
  try {
    return inflateRawSync(body, { maxOutputLength: RECORD_BYTES_MAX });
  } catch {
    return null;
  }
}

/** A record that is a file of its own; null for what is none. */
function readLoose(path: string): Buffer | null {
  try {
    const source = FileSource.open(path);
    try {
      return source.size > RECORD_BYTES_MAX ? null : Buffer.from(source.read(0, source.size));
    } finally {
      source.close();
    }
  } catch {
    return null;
  }
}

/**
 * Records of one ecosystem, from `all.zip` or from files beside each other, as the public export has them; null for one that cannot be
 * read, which does not stop the others.
 */
function* records(folder: string): Generator<Buffer | null> {
  const archive = join(folder, 'all.zip');
  if (!existsSync(archive)) {
    for (const name of readdirSync(folder).sort())
      if (name.endsWith('.json')) yield readLoose(join(folder, name));
    return;
  }
  const source = FileSource.open(realpathSync(archive));
  try {
    for (const { name, method, offset, compressedBytes, bytes } of trustedMembers(source)) {
      if (!name.endsWith('.json')) continue;
      const isLarge = bytes > RECORD_BYTES_MAX || compressedBytes > RECORD_BYTES_MAX;
      yield isLarge ? null : inflated(Buffer.from(source.read(offset, compressedBytes)), method);
    }
  } catch (fault) {
    if (fault instanceof CodedError) throw fault;
    throw new CodedError('usage', `\`${archive}\` cannot be read: ${(fault as Error).message}`);
  } finally {
    source.close();
  }
}

/** The ecosystems of which a folder has advisories. @throws CodedError `usage` where it has none */
function ecosystemsIn(folder: string): Ecosystem[] {
  const found = ECOSYSTEMS.filter(
    (one) => existsSync(join(folder, one)) && statSync(join(folder, one)).isDirectory(),
  );
  if (found.length === 0)
    throw new CodedError(
      'usage',
      `\`${folder}\` has no advisories: it needs folders such as \`PyPI\` and \`npm\` with an \`all.zip\` each, as OSV exports them`,
    );
  return found;
}

/** Names known to be exploited, from the catalogue of CISA in JSON. @throws CodedError `usage` */
function readExploited(path: string): { names: string[]; released: string } {
  try {
    const { vulnerabilities, dateReleased } = JSON.parse(readFileSync(path, 'utf8')) as {
      vulnerabilities: { cveID: string }[];
      dateReleased?: string;
    };
    return { names: vulnerabilities.map(({ cveID }) => String(cveID)), released: String(dateReleased ?? '') };
  } catch (fault) {
    throw new CodedError(
      'usage',
      `\`${path}\` is no catalogue of exploited vulnerabilities: ${(fault as Error).message}`,
    );
  }
}

/** One record, or nothing where it is none. */
function readRecord(
  bytes: Buffer,
  ecosystem: Ecosystem,
): { advisories: Advisory[]; modified: string } | null {
  try {
    const json = JSON.parse(bytes.toString('utf8')) as { modified?: unknown };
    return {
      advisories: advisoriesOf(json, ecosystem),
      modified: typeof json.modified === 'string' ? json.modified : '',
    };
  } catch {
    return null;
  }
}

/** Writes a file, and returns when it lies on the disk. */
function writeFile(path: string, write: (descriptor: number) => void): void {
  const descriptor = openSync(path, 'w', 0o600);
  try {
    write(descriptor);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Takes the offline export of OSV (`{ecosystem}/all.zip`) into a folder from which packages are looked up.
 * @param exploited the catalogue of known exploited vulnerabilities, if there is one
 * @throws CodedError `usage` where the folder is none
 */
export function importAdvisories(
  from: string,
  to: string,
  { exploited, onProgress }: { exploited?: string | undefined; onProgress?: (done: number) => void } = {},
): DatabaseDescription {
  const folder = `database-${randomUUID()}`;
  const inside = join(to, folder);
  mkdirSync(inside, { recursive: true, mode: 0o700 });
  const known = exploited === undefined ? null : readExploited(exploited);
  const ecosystems: DatabaseDescription['ecosystems'] = {};
  let newest = '';
  let done = 0;
  for (const ecosystem of ecosystemsIn(from)) {
    const places: Record<string, number[]> = Object.create(null);
    const sum = createHash('sha256');
    let count = 0;
    let unread = 0;
    const releases = new Set<string>();
    writeFile(join(inside, `${ecosystem}.jsonl`), (descriptor) => {
      let offset = 0;
      for (const bytes of records(join(from, ecosystem))) {
        sum.update(bytes ?? 'unread');
        onProgress?.(++done);
        const record = bytes && readRecord(bytes, ecosystem);
        if (!record) {
          unread++;
          continue;
        }
        for (const advisory of record.advisories) {
          const line = Buffer.from(`${JSON.stringify(advisory)}\n`);
          writeFileSync(descriptor, line);
          const spots = places[advisory.name] ?? [];
          spots.push(offset, line.length);
          places[advisory.name] = spots;
          if (isDistribution(ecosystem)) releases.add(advisory.name.split(' ')[0]!);
          offset += line.length;
        }
        if (record.modified > newest) newest = record.modified;
        count++;
      }
    });
    writeFile(join(inside, `${ecosystem}.places.json`), (descriptor) =>
      writeFileSync(descriptor, Buffer.from(JSON.stringify(places))),
    );
    Object.assign(ecosystems, {
      [ecosystem]: {
        records: count,
        unread,
        sha256: sum.digest('hex'),
        ...(isDistribution(ecosystem) ? { releases: [...releases].sort() } : {}),
      },
    });
  }
  writeFile(join(inside, 'exploited.json'), (descriptor) =>
    writeFileSync(descriptor, Buffer.from(JSON.stringify(known?.names ?? []))),
  );
  const description: DatabaseDescription = {
    folder,
    importedAt: clock.nowIso(),
    newest,
    ecosystems,
    exploited: known && { names: known.names.length, released: known.released },
  };
  const draft = join(inside, DESCRIPTION);
  writeFile(draft, (descriptor) =>
    writeFileSync(
      descriptor,
      Buffer.from(`${JSON.stringify(description, null, 2)}
`),
    ),
  );
  renameSync(draft, join(to, DESCRIPTION));
  for (const name of readdirSync(to))
    if (name.startsWith('database-') && name !== folder)
      rmSync(join(to, name), { recursive: true, force: true });
  return description;
}

/** Advisories that were imported, looked up by package. */
export class AdvisoryDatabase {
  readonly description: DatabaseDescription;
  readonly #folder: string;
  readonly #shelves = new Map<Ecosystem, Shelf>();
  readonly #exploited: ReadonlySet<string>;

  private constructor(folder: string, description: DatabaseDescription) {
    this.#folder = folder;
    this.description = description;
    this.#exploited = new Set(JSON.parse(readFileSync(join(folder, 'exploited.json'), 'utf8')) as string[]);
  }

  /** @returns null where nothing was ever imported */
  static open(folder: string): AdvisoryDatabase | null {
    const path = join(folder, DESCRIPTION);
    if (!existsSync(path)) return null;
    const description = JSON.parse(readFileSync(path, 'utf8')) as DatabaseDescription;
    return new AdvisoryDatabase(join(folder, basename(description.folder)), description);
  }

  /** Whether it has advisories of this ecosystem, and of this release of a distribution, at all. */
  covers(ecosystem: Ecosystem, release?: string): boolean {
    const known = this.description.ecosystems[ecosystem];
    return known !== undefined && (release === undefined || (known.releases?.includes(release) ?? false));
  }

  /** Everything known about a package. @param release of a distribution */
  about(ecosystem: Ecosystem, name: string, release?: string): Advisory[] {
    if (!this.covers(ecosystem)) return [];
    const { descriptor, places } = this.#shelf(ecosystem);
    const spots = places.get(packageKey(ecosystem, name, release)) ?? [];
    const found: Advisory[] = [];
    for (let i = 0; i + 1 < spots.length; i += 2) {
      const bytes = Buffer.alloc(spots[i + 1]!);
      readSync(descriptor, bytes, 0, bytes.length, spots[i]!);
      found.push(JSON.parse(bytes.toString('utf8')) as Advisory);
    }
    return found;
  }

  /** Whether a vulnerability is known to be exploited. @param names its id and what else it is called */
  isExploited(names: readonly string[]): boolean {
    return names.some((name) => this.#exploited.has(name));
  }

  close(): void {
    for (const { descriptor } of this.#shelves.values()) closeSync(descriptor);
    this.#shelves.clear();
  }

  #shelf(ecosystem: Ecosystem): Shelf {
    const open = this.#shelves.get(ecosystem);
    if (open) return open;
    const places = JSON.parse(readFileSync(join(this.#folder, `${ecosystem}.places.json`), 'utf8')) as Record<
      string,
      number[]
    >;
    const shelf = {
      descriptor: openSync(join(this.#folder, `${ecosystem}.jsonl`), 'r'),
      places: new Map(Object.entries(places)),
    };
    this.#shelves.set(ecosystem, shelf);
    return shelf;
  }
}
