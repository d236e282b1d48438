import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { CodedError } from '@sallyport/core';
import { parse } from 'yaml';
import { z } from 'zod';

/** A model as some other tool keeps it, found in a folder. */
export interface Found {
  readonly layout: 'folder' | 'hugging-face' | 'mlflow' | 'oci';
  /** As the inventory would call it. */
  readonly name: string;
  readonly label: string;
  readonly source: string;
  /** Files, by the names they have in the model. */
  readonly files: readonly { readonly name: string; readonly path: string }[];
}

const NAME_MAX = 96;
const DEPTH_MAX = 32;
const FILES_MAX = 100_000;

/** A name as the inventory allows it. */
export const inventoryName = (text: string): string =>
  text
    .toLowerCase()
    .replaceAll(/[^a-z0-9._/-]+/g, '-')
    .replaceAll(/(^|\/)[^a-z0-9]+/g, '$1')
    .split('/')
    .filter((part) => part !== '')
    .slice(-2)
    .join('/')
    .slice(0, NAME_MAX) || 'model';

/** Files below a folder. Links are followed, as a cache of Hugging Face is made of them, but never out of `within`. */
function filesBelow(root: string, within: string): { name: string; path: string }[] {
  const found: { name: string; path: string }[] = [];
  const walk = (folder: string, prefix: string, depth: number): void => {
    if (depth > DEPTH_MAX) throw new CodedError('usage', `\`${root}\` is over ${DEPTH_MAX} folders deep`);
    for (const entry of readdirSync(folder, { withFileTypes: true }).sort((a, b) =>
      a.name < b.name ? -1 : 1,
    )) {
      if (entry.name === '.git') continue;
      const path = join(folder, entry.name);
      const name = prefix === '' ? entry.name : `${prefix}/${entry.name}`;
      if (entry.isDirectory()) {
        walk(path, name, depth + 1);
        continue;
      }
      const real = entry.isSymbolicLink() ? realWithin(path, within) : path;
      if (!statSync(real).isFile())
        throw new CodedError('usage', `\`${name}\` is neither a file nor a folder`);
      found.push({ name, path: real });
      if (found.length > FILES_MAX) throw new CodedError('usage', `\`${root}\` has over ${FILES_MAX} files`);
    }
  };
  walk(root, '', 0);
  return found;
}

function realWithin(path: string, within: string): string {
  const real = realpathSync(path);
  const base = realpathSync(within);
  if (real !== base && !real.startsWith(`${base}/`))
    throw new CodedError('usage', `\`${path}\` is a link that leads out of \`${within}\``);
  return real;
}

/** Digest of a descriptor of an image (OCI Image Specification 1.1). */
const digestSchema = z.string().regex(/^sha256:[0-9a-f]{64}$/);
const indexSchema = z.object({
  manifests: z
    .array(z.object({ digest: digestSchema, annotations: z.record(z.string(), z.string()).optional() }))
    .min(1),
});
const imageSchema = z.object({
  layers: z.array(
    z.object({ digest: digestSchema, annotations: z.record(z.string(), z.string()).optional() }),
  ),
  annotations: z.record(z.string(), z.string()).optional(),
});

const readJson = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));

function fromOci(root: string): Found {
  const blob = (digest: string): string => join(root, 'blobs', 'sha256', digest.slice(7));
  try {
    const { manifests } = indexSchema.parse(readJson(join(root, 'index.json')));
    if (manifests.length > 1)
      throw new CodedError(
        'usage',
        `\`${root}\` holds ${manifests.length} images; keep one model in a layout`,
      );
    const [chosen] = manifests;
    const image = imageSchema.parse(readJson(blob(chosen!.digest)));
    const tag = chosen!.annotations?.['org.opencontainers.image.ref.name'] ?? chosen!.digest.slice(7, 19);
    const files = image.layers.map(({ digest, annotations }, i) => ({
      name: annotations?.['org.opencontainers.image.title'] ?? `layer-${i + 1}`,
      path: blob(digest),
    }));
    const names = new Set<string>();
    for (const { name } of files) {
      if (names.has(name)) throw new CodedError('usage', `the layout has \`${name.slice(0, 80)}\` twice`);
      names.add(name);
      if (name === '' || name.startsWith('/') || name.split(/[/\\]/).includes('..'))
        throw new CodedError('usage', `the layout names a file outside the model: \`${name.slice(0, 80)}\``);
    }
    const name = image.annotations?.['org.opencontainers.image.title'] ?? basename(resolve(root));
    return {
      layout: 'oci',
      name: inventoryName(name),
      label: label(tag.replace(/^.*:/, '')),
      source: `oci ${tag}`,
      files,
    };
  } catch (fault) {
    if (fault instanceof CodedError) throw fault;
    throw new CodedError(
      'usage',
      `\`${root}\` is no sound OCI layout: ${(fault as Error).message.slice(0, 200)}`,
    );
  }
}

/** A label of a version, from whatever a tool calls it. */
const label = (text: string): string => text.replaceAll(/[^A-Za-z0-9._+-]+/g, '-').slice(0, 64) || '1';

/** `models--ORG--NAME` with `refs` and `snapshots`, as the hub's client keeps them. @param revision a branch, tag or commit */
function fromHub(root: string, revision: string): Found {
  const own = basename(resolve(root));
  const name = own.replace(/^(?:models|datasets)--/, '').replaceAll('--', '/');
  const ref = join(root, 'refs', revision);
  const commit = existsSync(ref) ? readFileSync(ref, 'utf8').trim() : revision;
  const snapshot = join(root, 'snapshots', commit);
  if (!/^[0-9a-f]{40}$/.test(commit) || !existsSync(snapshot))
    throw new CodedError('usage', `\`${own}\` has no revision \`${revision}\``);
  return {
    layout: 'hugging-face',
    name: inventoryName(name),
    label: commit.slice(0, 12),
    source: `https://huggingface.co/${name}/tree/${commit}`,
    files: filesBelow(snapshot, root),
  };
}

function fromMlflow(root: string): Found {
  const settings = parse(readFileSync(join(root, 'MLmodel'), 'utf8'), { maxAliasCount: 100 }) as Record<
    string,
    unknown
  >;
  const run = typeof settings?.['run_id'] === 'string' ? settings['run_id'] : '';
  const id = typeof settings?.['model_uuid'] === 'string' ? settings['model_uuid'] : run;
  return {
    layout: 'mlflow',
    name: inventoryName(basename(resolve(root))),
    label: label(id === '' ? '1' : id.slice(0, 12)),
    source: run === '' ? 'mlflow' : `mlflow run ${run}`,
    files: filesBelow(root, root),
  };
}

/**
 * Finds out how a model is kept in a folder or file, and what its files are.
 * @param revision of a cache of Hugging Face
 * @throws CodedError `usage` for what is not there or leads elsewhere
 */
export function findModel(root: string, revision = 'main'): Found {
  if (!existsSync(root)) throw new CodedError('usage', `there is no \`${root}\``);
  if (statSync(root).isFile())
    return {
      layout: 'folder',
      name: inventoryName(basename(root).replace(/\.[^.]{1,16}$/, '')),
      label: '1',
      source: '',
      files: [{ name: basename(root), path: root }],
    };
  if (existsSync(join(root, 'oci-layout'))) return fromOci(root);
  if (existsSync(join(root, 'snapshots')) && existsSync(join(root, 'refs'))) return fromHub(root, revision);
  if (existsSync(join(root, 'MLmodel'))) return fromMlflow(root);
  const files = filesBelow(root, root);
  if (files.length === 0) throw new CodedError('usage', `\`${root}\` holds no files`);
  return { layout: 'folder', name: inventoryName(basename(resolve(root))), label: '1', source: '', files };
}
