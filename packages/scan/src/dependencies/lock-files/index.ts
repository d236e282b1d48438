import { posix } from 'node:path';
import type { LockFormat } from '../locked-package.ts';
import { bunLock, denoLock } from './bun-and-deno.ts';
import { cargoLock, goMod, gradleLock, mavenPom } from './compiled.ts';
import { condaLock } from './conda.ts';
import { cargoManifest, npmManifest } from './manifests.ts';
import { npmLock } from './npm.ts';
import { pnpmLock, yarnLock } from './pnpm-and-yarn.ts';
import { pipfileLock, poetryLock, uvLock } from './python.ts';
import { pipfile, pyproject, setupConfig } from './python-manifests.ts';
import { requirementsLock } from './requirements.ts';
import { setupScript } from './setup-script.ts';
import { unreadLock } from './unread.ts';

/** Every kind of lock file that is read, and those that are only named. A new one is a row here. */
export const LOCK_FORMATS: readonly LockFormat[] = [
  npmLock,
  pnpmLock,
  yarnLock,
  bunLock,
  denoLock,
  poetryLock,
  uvLock,
  pipfileLock,
  requirementsLock,
  condaLock,
  cargoLock,
  goMod,
  gradleLock,
  mavenPom,
  pyproject,
  setupConfig,
  setupScript,
  pipfile,
  cargoManifest,
  npmManifest,
  unreadLock,
];

const plainPath = (path: string): string => path.replaceAll('\\', '/').toLowerCase();

/** How a file of this name is read, null where it is no lock file and no manifest. */
export const lockFormatOf = (path: string): LockFormat | null => {
  const lower = plainPath(path);
  return LOCK_FORMATS.find((format) => format.matches(lower)) ?? null;
};

/** Whether a file of this name says what a project gets, and not only what it asks for. */
export const isLockFile = (path: string): boolean => {
  const format = lockFormatOf(path);
  return format !== null && (format.lockedBy?.(plainPath(path)) ?? null) === null;
};

/** Tells of a manifest whether one of these files locks it. @param names of all files that are lock files or manifests */
export function lockedAmong(names: readonly string[]): (path: string, format: LockFormat) => boolean {
  const known = new Set(names.map(plainPath));
  return (name, format) => {
    const path = plainPath(name);
    const { files = [], mayLieAbove = false } = format.lockedBy?.(path) ?? {};
    for (let folder = posix.dirname(path); ; folder = posix.dirname(folder)) {
      if (files.some((file) => known.has(posix.join(folder, file)))) return true;
      if (!mayLieAbove || folder === posix.dirname(folder)) return false;
    }
  };
}
