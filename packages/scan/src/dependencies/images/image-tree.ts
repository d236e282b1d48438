import { findSecrets } from '@sallyport/guard';
import { readTar } from '../../archives/tar.ts';
import type { Budget } from '../../budget.ts';
import type { ByteSource } from '../../bytes/byte-source.ts';
import { digestOf } from '../../bytes/digest.ts';
import { printable } from '../../text/printable.ts';
import type { LockedPackage } from '../locked-package.ts';
import { type ContainerImage, expandTape, layerIsRight } from './image-archive.ts';
import {
  hidesDatabase,
  INSTALLED_READERS,
  type Installed,
  readDistribution,
  UNREAD_DATABASES,
} from './installed-packages.ts';

/** Longer notes of a release are none. */
const RELEASE_BYTES_MAX = 1024 * 1024;
const SECRET_BYTES_MAX = 256 * 1024;
const UNREAD_MAX = 50;
const SECRETS_MAX = 100;
const MEMBERS_MAX = 2_000_000;

/** Files in which people and their tools leave keys. */
const SECRET_NAMES: readonly RegExp[] = [
  /(?:^|\/)\.(?:env[\w.-]*|npmrc|pypirc|netrc|git-credentials|dockercfg|vault-token)$/i,
  /(?:^|\/)\.(?:docker\/config\.json|aws\/credentials|kube\/config|(?:cache\/)?huggingface\/token)$/i,
  /(?:^|\/)id_(?:rsa|dsa|ecdsa|ed25519)$/i,
];
const SECRET_WORD = /secret|credential|service[_-]?account/i;
const SETTINGS = /\.(?:json|ya?ml|toml|ini|env|txt)$/i;

function namesSecret(path: string): boolean {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return (SETTINGS.test(name) && SECRET_WORD.test(name)) || SECRET_NAMES.some((one) => one.test(path));
}

/** A secret that some layer holds. */
export interface ImageSecret {
  readonly id: string;
  readonly path: string;
  readonly layer: number;
  /** A later layer takes the file away; whoever has the image still has it. */
  readonly removed: boolean;
}

/** What the layers of an image come to, one upon the other. */
export interface ImageTree {
  readonly packages: readonly LockedPackage[];
  readonly secrets: readonly ImageSecret[];
  /** In words; an image with any is incomplete. */
  readonly unread: readonly string[];
  /** Layers that are not what the manifest says. */
  readonly wrong: readonly string[];
}

/** A path as it is in the image, null where it leads out of it. */
function pathInImage(name: string): string | null {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  return parts.includes('..') ? null : parts.join('/');
}

/** What is kept of a file, until a later layer replaces it or takes it away. */
interface Kept {
  readonly installed: readonly Installed[];
  readonly secrets: readonly string[];
  readonly release: string | null;
  readonly fault: string | null;
}
const NOTHING: Kept = { installed: [], secrets: [], release: null, fault: null };

function keep(path: string, mode: number, source: ByteSource): Kept | null {
  if (/^(?:etc|usr\/lib)\/os-release$/.test(path) && source.size <= RELEASE_BYTES_MAX)
    return { ...NOTHING, release: Buffer.from(source.read(0, source.size)).toString('utf8') };
  const unread = UNREAD_DATABASES.find((one) => one.path.test(path));
  if (unread) return { ...NOTHING, fault: unread.name };
  if (namesSecret(path) && source.size <= SECRET_BYTES_MAX) {
    const secrets = findSecrets(Buffer.from(source.read(0, source.size)).toString('utf8'));
    if (secrets.length > 0) return { ...NOTHING, secrets: [...new Set(secrets.map(({ id }) => id))] };
  }
  const reader = INSTALLED_READERS.find((one) => one.matches(path, mode));
  if (!reader) return null;
  if (source.size > reader.bytesMax)
    return { ...NOTHING, fault: `\`${printable(path)}\`, which is too large` };
  try {
    return { ...NOTHING, installed: reader.read(source, path) };
  } catch (fault) {
    return {
      ...NOTHING,
      fault: `\`${printable(path)}\` (${printable((fault as Error).message).slice(0, 120)})`,
    };
  }
}

/** The layers of an image, put one upon the other. */
class Overlay {
  readonly kept = new Map<string, Kept & { readonly layer: number }>();
  readonly gone: { readonly path: string; readonly kept: Kept; readonly layer: number }[] = [];

  put(path: string, kept: Kept | null, layer: number): void {
    this.#drop(path, layer);
    if (kept) this.kept.set(path, { ...kept, layer });
  }

  /** Takes a file, or everything below a folder, away that an earlier layer put there. */
  take(path: string, layer: number, itself: boolean): void {
    if (itself) this.#drop(path, layer);
    const below = path === '' ? '' : `${path}/`;
    for (const one of [...this.kept.keys()])
      if (one.startsWith(below) && this.kept.get(one)!.layer < layer) this.#drop(one, layer);
  }

  #drop(path: string, layer: number): void {
    const before = this.kept.get(path);
    if (!before || before.layer > layer) return;
    this.kept.delete(path);
    if (before.secrets.length > 0) this.gone.push({ path, kept: before, layer: before.layer });
  }
}

/** A link is not followed: a database of packages behind one is not read, which is told. */
const behindLink = (path: string, link: string): Kept | null =>
  hidesDatabase(path, link)
    ? { ...NOTHING, fault: `what lies behind the link \`${printable(path)}\`, where packages are listed` }
    : null;

function readLayer(
  overlay: Overlay,
  tape: ByteSource,
  layer: number,
  unread: string[],
  budget: Budget,
): void {
  let members = 0;
  for (const { name, type, link, mode, source } of readTar(tape)) {
    if (++members > MEMBERS_MAX) throw new Error(`over ${MEMBERS_MAX} files`);
    if (budget.outOfTime) throw new Error('it takes longer than it may');
    const path = pathInImage(name);
    if (path === null) {
      unread.push(`a file that leads out of it, \`${printable(name)}\``);
      continue;
    }
    const slash = path.lastIndexOf('/');
    const [folder, file] = [path.slice(0, Math.max(0, slash)), path.slice(slash + 1)];
    if (file === '.wh..wh..opq') overlay.take(folder, layer, false);
    else if (file.startsWith('.wh.'))
      overlay.take(folder === '' ? file.slice(4) : `${folder}/${file.slice(4)}`, layer, true);
    else if (type === '0' || type === '7') overlay.put(path, keep(path, mode, source), layer);
    else if (type === '1') {
      const target = overlay.kept.get(pathInImage(link) ?? '');
      overlay.put(path, target ?? behindLink(path, link), layer);
    } else if (type !== '5') overlay.put(path, type === '2' ? behindLink(path, link) : null, layer);
  }
}

/** Reads the layers of an image, the lowest first, as a container would see them. */
export async function readImageTree(image: ContainerImage, budget: Budget): Promise<ImageTree> {
  const overlay = new Overlay();
  const unread = [...image.unread];
  const wrong = [...image.wrong];
  for (const [at, { source }] of image.layers.entries()) {
    const tape = await expandTape(source, budget);
    if (!tape) {
      unread.push(`layer ${at + 1}, which does not come out of its compression whole`);
      continue;
    }
    const plain = digestOf(tape);
    if (!layerIsRight(image, at, plain, tape === source ? plain : digestOf(source)))
      wrong.push(`layer ${at + 1}`);
    try {
      readLayer(overlay, tape, at, unread, budget);
    } catch (fault) {
      unread.push(`layer ${at + 1} (${printable((fault as Error).message)})`);
    }
  }
  const release = ['etc/os-release', 'usr/lib/os-release']
    .map((path) => overlay.kept.get(path)?.release ?? null)
    .find((text) => text !== null);
  const distribution = release === undefined ? null : readDistribution(release);
  const packages = new Map<string, LockedPackage>();
  let undistributed = 0;
  let distributed = 0;
  for (const { installed, fault } of overlay.kept.values()) {
    if (fault !== null) unread.push(fault);
    for (const { distribution: isOfDistribution, ...one } of installed) {
      if (isOfDistribution && !distribution) undistributed++;
      if (isOfDistribution && distribution) distributed++;
      const whole: LockedPackage = {
        ...one,
        ...(isOfDistribution && distribution ? distribution : {}),
        source: 'registry',
        needle: '',
      };
      const key = `${whole.ecosystem} ${whole.name} ${whole.version}`;
      if (!packages.has(key)) packages.set(key, whole);
    }
  }
  if (undistributed > 0)
    unread.push(`${undistributed} packages of a distribution whose advisories are not read`);
  if (distribution && distributed === 0)
    unread.push(`no list of packages that is understood, though it is ${distribution.ecosystem}`);
  const secretsOf = (path: string, { secrets }: Kept, layer: number, removed: boolean): ImageSecret[] =>
    secrets.map((id) => ({ id, path, layer: layer + 1, removed }));
  return {
    packages: [...packages.values()],
    secrets: [
      ...[...overlay.kept].flatMap(([path, kept]) => secretsOf(path, kept, kept.layer, false)),
      ...overlay.gone.flatMap(({ path, kept, layer }) => secretsOf(path, kept, layer, true)),
    ].slice(0, SECRETS_MAX),
    unread:
      unread.length > UNREAD_MAX
        ? [...unread.slice(0, UNREAD_MAX), `${unread.length - UNREAD_MAX} more`]
        : unread,
    wrong,
  };
}
