import { findSecrets } from '@sallyport/guard';
import type { Budget } from '../../budget.ts';
import { printable } from '../../text/printable.ts';
import type { LockedPackage } from '../locked-package.ts';
import type { PackageInspection } from '../package-inspection.ts';
import type { ContainerImage } from './image-archive.ts';
import { readImageTree } from './image-tree.ts';

const HISTORY_MAX = 1000;
const isRoot = (user: string): boolean => /^(?:|root|0)(?::.*)?$/.test(user);

/** Secrets in the settings: every process in it, and everyone who has the image, reads them. */
function inspectSettings(inspection: PackageInspection, { config, layers }: ContainerImage): void {
  for (const line of config.config?.Env ?? []) {
    const [name = ''] = line.split('=', 1);
    for (const { id } of findSecrets(line).slice(0, 1))
      inspection.report('image-secret', `sets \`${printable(name)}\` to a secret (${id})`, {
        pointer: `/config/Env/${name}`,
      });
  }
  for (const [at, { created_by: by }] of (config.history ?? []).slice(0, HISTORY_MAX).entries())
    for (const { id } of findSecrets(by ?? '').slice(0, 1))
      inspection.report('image-secret', `holds a secret (${id}) in how step ${at + 1} was built`, {
        pointer: `/history/${at}`,
      });
  if (layers.length > 0 && isRoot(config.config?.User ?? ''))
    inspection.report('image-root', 'runs as root: its settings name no user', { pointer: '/config/User' });
}

/** Reads one image. What is wrong with it is reported. @returns what is installed in it */
export async function inspectImage(
  inspection: PackageInspection,
  image: ContainerImage,
  budget: Budget,
): Promise<readonly LockedPackage[]> {
  const { packages, secrets, unread, wrong } = await readImageTree(image, budget);
  for (const what of wrong)
    inspection.report('image-altered', `${what} is not what its digest says`, { pointer: `/layers/${what}` });
  for (const what of unread) inspection.report('unreadable-lock', `holds ${what}`);
  for (const { id, path, layer, removed } of secrets)
    inspection.report(
      'image-secret',
      `holds a secret (${id}) in \`${printable(path)}\`, layer ${layer}${removed ? '; a later layer takes the file away, but not out of the image' : ''}`,
      { pointer: `/files/${path.replaceAll('~', '~0').replaceAll('/', '~1')}` },
    );
  inspectSettings(inspection, image);
  return packages;
}
