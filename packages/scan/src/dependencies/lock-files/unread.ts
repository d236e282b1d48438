import { tableOf } from '@sallyport/core';
import type { LockedBy, LockFormat } from '../locked-package.ts';

const wordsOf = (text: string): readonly string[] => text.split(' ');

/** Lock files that are known and not read, in lower case. */
const LOCKS = wordsOf(
  'gemfile.lock gems.locked composer.lock packages.lock.json packages.config project.assets.json paket.lock package.resolved ' +
    'podfile.lock cartfile.resolved pubspec.lock mix.lock rebar.lock stack.yaml.lock cabal.project.freeze renv.lock packrat.lock ' +
    'conan.lock shard.lock bun.lockb build.sbt.lock maven_install.json module.bazel.lock cpanfile.snapshot opam.locked flake.lock ' +
    '.terraform.lock.hcl chart.lock nimble.lock',
);

/** Manifests that are known and not read, in lower case, and the lock files, by `|`, that say what comes of each. */
const MANIFESTS = tableOf<string>({
  'go.sum': 'go.mod',
  'go.work.sum': 'go.work|go.mod',
  gemfile: 'gemfile.lock',
  'gems.rb': 'gems.locked',
  'composer.json': 'composer.lock',
  'directory.packages.props': '',
  'paket.dependencies': 'paket.lock',
  'package.swift': 'package.resolved',
  podfile: 'podfile.lock',
  cartfile: 'cartfile.resolved',
  'pubspec.yaml': 'pubspec.lock',
  'mix.exs': 'mix.lock',
  'rebar.config': 'rebar.lock',
  'conanfile.txt': 'conan.lock',
  'conanfile.py': 'conan.lock',
  'vcpkg.json': '',
  'shard.yml': 'shard.lock',
  'verification-metadata.xml': '../gradle.lockfile|gradle.lockfile',
  'libs.versions.toml': '../gradle.lockfile|gradle.lockfile',
  'build.sbt': 'build.sbt.lock',
  'module.bazel': 'module.bazel.lock',
  cpanfile: 'cpanfile.snapshot',
  'pixi.toml': 'pixi.lock',
  'project.clj': '',
});

/** The same by the end of their names. */
const ENDINGS: readonly (readonly [RegExp, string])[] = [
  [/^(?!settings\.|init\.).*\.gradle(?:\.kts)?$/s, 'gradle.lockfile|buildscript-gradle.lockfile'],
  [/\.(?:cs|fs|vb)proj$/, 'packages.lock.json|project.assets.json|packages.config'],
  [/\.gemspec$/, 'gemfile.lock|gems.locked'],
  [/\.podspec$/, 'podfile.lock'],
  [/\.cabal$/, 'cabal.project.freeze|stack.yaml.lock'],
  [/\.nimble$/, 'nimble.lock'],
];

const LOCK_NAMES: ReadonlySet<string> = new Set(LOCKS);

/** Every name that is known and not read, in lower case; those of manifests whose endings tell them apart. */
export const UNREAD_NAMES: readonly string[] = [...LOCKS, ...Object.keys(MANIFESTS)];

/** What locks a manifest of this name; null for one that is none. */
function lockedBy(path: string): LockedBy | null {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const locks = MANIFESTS[name] ?? ENDINGS.find(([ending]) => ending.test(name))?.[1];
  return locks === undefined ? null : { files: locks === '' ? [] : locks.split('|') };
}

/** A list of packages that is named, and whose packages are not known: such a file is incomplete. */
export const unreadLock: LockFormat = {
  name: 'unread-lock',
  matches: (path) => LOCK_NAMES.has(path.slice(path.lastIndexOf('/') + 1)) || lockedBy(path) !== null,
  lockedBy,
  read: () => ({ packages: [], unread: ['packages of a package manager whose files are not read'] }),
};
