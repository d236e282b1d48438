/** Distributions, whose advisories are about packages of one release of theirs. */
export const DISTRIBUTIONS = [
  'Debian',
  'Ubuntu',
  'Alpine',
  'Red Hat',
  'Rocky Linux',
  'AlmaLinux',
  'SUSE',
  'openSUSE',
] as const;
/**
 * Where packages of one kind come from, as OSV names it; `conda` and `RPM` are ours, OSV has no advisories of its own for them:
 * `RPM` is every distribution with packages of RPM that is not among {@link DISTRIBUTIONS}.
 */
export const ECOSYSTEMS = [
  'npm',
  'PyPI',
  'crates.io',
  'Go',
  'Maven',
  'conda',
  'RPM',
  ...DISTRIBUTIONS,
] as const;
export type Ecosystem = (typeof ECOSYSTEMS)[number];

/** Where the content of a package is fetched from. */
export type PackageSource = 'registry' | 'git' | 'address' | 'folder';

/** One package as a lock file fixes it. */
export interface LockedPackage {
  readonly ecosystem: Ecosystem;
  /** As the ecosystem writes it; for Maven `group:artifact`. */
  readonly name: string;
  /** Of the distribution, as OSV writes it (`12`, `22.04`, `v3.19`); undefined for packages that have none. */
  readonly release?: string;
  /** Where in an image it is installed. */
  readonly place?: string;
  /** Exactly one version; null where the file leaves it open. */
  readonly version: string | null;
  readonly source: PackageSource;
  /** Registries that it is fetched from and that are not public, as they are shown: hosts. */
  readonly registries?: readonly string[];
  /** What is wrong with the address that it is fetched from, in words; undefined where nothing is. */
  readonly misled?: string;
  /** Whether the file fixes its content by a digest; undefined for formats that have none. */
  readonly hasDigest?: boolean;
  /** Whether installing it runs code of its own, where the file says so. */
  readonly runsAtInstall?: boolean;
  /** Only for building or testing. */
  readonly development?: boolean;
  /** A text by which its place in the file is found. */
  readonly needle: string;
}

/** What a lock file says, and what in it could not be read. */
export interface LockReading {
  readonly packages: readonly LockedPackage[];
  /** In words; a file with any is incomplete. */
  readonly unread: readonly string[];
  /** Files that it names and that are read by themselves. */
  readonly elsewhere?: number;
}

/** Files that a lock file names, and that its tool reads with it. */
export interface Companions {
  /**
   * @param path as it is named
   * @param from place of the file that names it, null for the lock file itself
   * @returns its text, null where it is read by itself; or why it is not read, in words
   */
  find(
    path: string,
    from: string | null,
  ): { readonly place: string; readonly text: string | null } | { readonly fault: string };
}

/** What says which packages come of a manifest, where it lies beside it. */
export interface LockedBy {
  /** Lock files in lower case, as seen from the folder of the manifest. */
  readonly files: readonly string[];
  /** Whether that of a folder above counts as well: the root of a workspace. */
  readonly mayLieAbove?: boolean;
}

/** How one kind of lock file is read. */
export interface LockFormat {
  readonly name: string;
  /** Whether a file of this name is one. @param path with `/`, in lower case */
  matches(path: string): boolean;
  /** Of a manifest, what locks it; null or left out for a lock file. @param path as above */
  lockedBy?(path: string): LockedBy | null;
  /** @throws Error with words about what is wrong with it */
  read(text: string, companions?: Companions): LockReading;
}

/** A package name as PyPI compares them (PEP 503). */
export const normalPythonName = (name: string): string => name.toLowerCase().replace(/[-_.]+/g, '-');

type Tree = Readonly<Record<string, unknown>>;

/** An object, or nothing where it is something else. */
export const asTree = (value: unknown): Tree | null =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Tree) : null;

/** The objects of a list. */
export const treesOf = (value: unknown): readonly Tree[] =>
  Array.isArray(value) ? value.map(asTree).filter((tree) => tree !== null) : [];

/** A text, or nothing where it is something else. */
export const asText = (value: unknown): string | null => (typeof value === 'string' ? value : null);
