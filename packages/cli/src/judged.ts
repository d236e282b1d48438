import { existsSync, realpathSync } from 'node:fs';
import { dirname, resolve, sep } from 'node:path';
import { CodedError } from '@sallyport/core';
import { advisoriesFolder } from './commands/dependencies.ts';
import type { Options } from './options.ts';

/** Where something lies, links resolved as far as it exists. */
function placeOf(path: string): string {
  const full = resolve(path);
  if (existsSync(full)) return realpathSync(full);
  const above = dirname(full);
  return above === full ? full : resolve(placeOf(above), full.slice(above.length).replace(/^[\\/]/, ''));
}

const isWithin = (path: string, folder: string): boolean =>
  path === folder || path.startsWith(folder.endsWith(sep) ? folder : `${folder}${sep}`);

/**
 * What decides about a change does not come with it: a folder or file that a run relies on lies outside of what it checks.
 * @param option names it
 * @throws CodedError `usage`
 */
export function requireOutside(path: string, option: string, judged: readonly string[]): void {
  const place = placeOf(path);
  const around = judged.find((one) => isWithin(place, placeOf(one)));
  if (around === undefined) return;
  throw new CodedError(
    'usage',
    `--${option} \`${path}\` lies within \`${around}\`, which is checked: whoever wrote the change could have put it there; keep it outside of what is checked`,
  );
}

/** What a run that checks a change relies on besides the change. Only what was named counts: nothing that the working folder holds. */
export interface ReliedOn {
  /** Folder of the advisories; null where none was named. */
  readonly advisories: string | null;
  /** Whether an installation was named whose controls are looked at. */
  readonly hasInstallation: boolean;
}

/** @param judged what is checked @throws CodedError `usage` where any of it lies within that */
export function reliedOn(options: Options, judged: readonly string[]): ReliedOn {
  for (const option of ['data', 'config', 'root-key', 'advisories', 'cache']) {
    const path = options.text(option);
    if (path !== undefined) requireOutside(path, option, judged);
  }
  const data = options.text('data');
  const hasInstallation = data !== undefined && existsSync(resolve(options.data, 'installation.json'));
  return {
    advisories: data === undefined ? (options.text('advisories') ?? null) : advisoriesFolder(options),
    hasInstallation,
  };
}
