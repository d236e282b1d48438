import type { LockFormat } from '../locked-package.ts';
import { cargoLock, goMod, gradleLock, mavenPom } from './compiled.ts';
import { condaLock } from './conda.ts';
import { npmLock } from './npm.ts';
import { pnpmLock, yarnLock } from './pnpm-and-yarn.ts';
import { pipfileLock, poetryLock, uvLock } from './python.ts';
import { requirementsLock } from './requirements.ts';
import { unreadLock } from './unread.ts';

/** Every kind of lock file that is read, and those that are only named. A new one is a row here. */
export const LOCK_FORMATS: readonly LockFormat[] = [
  npmLock,
  pnpmLock,
  yarnLock,
  poetryLock,
  uvLock,
  pipfileLock,
  requirementsLock,
  condaLock,
  cargoLock,
  goMod,
  gradleLock,
  mavenPom,
  unreadLock,
];

/** How a file of this name is read, null where it is no lock file. */
export const lockFormatOf = (path: string): LockFormat | null => {
  const lower = path.replaceAll('\\', '/').toLowerCase();
  return LOCK_FORMATS.find((format) => format.matches(lower)) ?? null;
};
