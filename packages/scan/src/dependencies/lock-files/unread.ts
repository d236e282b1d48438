import type { LockFormat } from '../locked-package.ts';

/** Lock files that are known and not read, in lower case: of Bun, Deno, Ruby, PHP, .NET, Swift, Dart, Elixir, Haskell, R, C++, Crystal. */
const UNREAD_LOCKS: ReadonlySet<string> = new Set(
  (
    'bun.lock bun.lockb deno.lock gemfile.lock gems.locked composer.lock packages.lock.json paket.lock package.resolved ' +
    'podfile.lock cartfile.resolved pubspec.lock mix.lock rebar.lock stack.yaml.lock cabal.project.freeze renv.lock conan.lock shard.lock'
  ).split(' '),
);

/** A list of packages that is named, and whose packages are not known: such a file is incomplete. */
export const unreadLock: LockFormat = {
  name: 'unread-lock',
  matches: (path) => UNREAD_LOCKS.has(path.slice(path.lastIndexOf('/') + 1)),
  read: () => ({ packages: [], unread: ['packages of a package manager whose lock files are not read'] }),
};
