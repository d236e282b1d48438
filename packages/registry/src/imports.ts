import { hash } from 'node:crypto';
import { existsSync, lstatSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { CodedError } from '@sallyport/core';
import { parse } from 'yaml';
import { z } from 'zod';
import { type ForeignFile, readWithin, realWithin, requireTree, type SaidDigest } from './foreign-files.ts';

/** A model as some other tool keeps it, found in a folder. */
export interface Found {
  readonly layout: 'folder' | 'hugging-face' | 'mlflow' | 'oci';
  /** As the inventory would call it. */
  readonly name: string;
  readonly label: string;
  readonly source: string;
  readonly files: readonly ForeignFile[];
  /** Folder that nothing is read outside of, without links. */
  readonly root: string;
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

/** What a cache of Hugging Face says of a blob by its name: SHA-256 of large files, the digest of git of small ones. */
function saidByCache(path: string): SaidDigest | null {
  if (basename(dirname(path)) !== 'blobs') return null;
  const value = basename(path);
  if (/^[0-9a-f]{64}$/.test(value)) return { kind: 'sha256', value };
  return /^[0-9a-f]{40}$/.test(value) ? { kind: 'git-sha1', value } : null;
}

/** Files below a folder. Links are followed, as a cache of Hugging Face is made of them, but never out of `within`. */
function filesBelow(root: string, within: string, cached = false): ForeignFile[] {
  const found: ForeignFile[] = [];
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
      const real = entry.isSymbolicLink() ? realWithin(path, within, name) : path;
      if (!lstatSync(real, { throwIfNoEntry: false })?.isFile())
        throw new CodedError('usage', `\`${name}\` is neither a file nor a folder`);
      found.push({ name, path: real, said: cached && real !== path ? saidByCache(real) : null });
      if (found.length > FILES_MAX) throw new CodedError('usage', `\`${root}\` has over ${FILES_MAX} files`);
    }
  };
  walk(root, '', 0);
  return found;
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

/** A description of a layout. What is wrong with it is told without its text, which may be of another file. */
function readJson(path: string, root: string, said: string | null = null): unknown {
  const text = readWithin(path, root, basename(path));
  if (said !== null && `sha256:${hash('sha256', text, 'hex')}` !== said)
    throw new CodedError('usage', 'the manifest of the layout is not what its digest says');
  try {
    return JSON.parse(text);
  } catch {
    throw new CodedError('usage', `\`${root}\` is no sound OCI layout: \`${basename(path)}\` is no JSON`);
  }
}

function fromOci(root: string): Found {
  const blob = (digest: string): string => join(root, 'blobs', 'sha256', digest.slice(7));
  try {
    const { manifests } = indexSchema.parse(readJson(join(root, 'index.json'), root));
    if (manifests.length > 1)
      throw new CodedError(
        'usage',
        `\`${root}\` holds ${manifests.length} images; keep one model in a layout`,
      );
    const [chosen] = manifests;
    const image = imageSchema.parse(readJson(blob(chosen!.digest), root, chosen!.digest));
    const tag = chosen!.annotations?.['org.opencontainers.image.ref.name'] ?? chosen!.digest.slice(7, 19);
    const files = image.layers.map(({ digest, annotations }, i) => ({
      name: annotations?.['org.opencontainers.image.title'] ?? `layer-${i + 1}`,
      path: blob(digest),
      said: { kind: 'sha256' as const, value: digest.slice(7) },
    }));
    for (const { name } of files)
      if (name.includes('\\'))
        throw new CodedError('usage', `the layout names a file outside the model: \`${name.slice(0, 80)}\``);
    const name = image.annotations?.['org.opencontainers.image.title'] ?? basename(resolve(root));
    return {
      layout: 'oci',
      name: inventoryName(name),
      label: label(tag.replace(/^.*:/, '')),
      source: `oci ${tag}`,
      files,
      root,
    };
  } catch (fault) {
    if (fault instanceof CodedError) throw fault;
    throw new CodedError('usage', `\`${root}\` is no sound OCI layout: a description lacks what it needs`);
  }
}

/** A label of a version, from whatever a tool calls it. */
const label = (text: string): string => text.replaceAll(/[^A-Za-z0-9._+-]+/g, '-').slice(0, 64) || '1';

/** `models--ORG--NAME` with `refs` and `snapshots`, as the hub's client keeps them. @param revision a branch, tag or commit */
function fromHub(root: string, revision: string): Found {
  const own = basename(resolve(root));
  const name = own.replace(/^(?:models|datasets)--/, '').replaceAll('--', '/');
  const unknown = (): CodedError => new CodedError('usage', `\`${own}\` has no revision \`${revision}\``);
  if (!/^[\w][\w./+-]{0,127}$/.test(revision) || revision.split('/').includes('..')) throw unknown();
  const ref = join(root, 'refs', revision);
  const commit = existsSync(ref) ? readWithin(ref, root, `refs/${revision}`).trim() : revision;
  if (!/^[0-9a-f]{40}$/.test(commit)) throw unknown();
  const snapshot = join(root, 'snapshots', commit);
  if (!lstatSync(snapshot, { throwIfNoEntry: false })) throw unknown();
  const files = filesBelow(realWithin(snapshot, root, `snapshots/${commit}`), root, true);
  if (files.length === 0) throw new CodedError('usage', `\`${own}\` holds no files`);
  return {
    layout: 'hugging-face',
    name: inventoryName(name),
    label: commit.slice(0, 12),
    source: `https://huggingface.co/${name}/tree/${commit}`,
    files,
    root,
  };
}

/** Characters of one setting. */
const SETTING_CHARACTERS_MAX = 256;

/**
 * What tells where a model came from, out of settings in YAML. The rest is not read: signatures are long, and a document takes a thousand times
 * the memory of its text. @throws CodedError `usage` without their text
 */
function parseSettings(text: string): Record<string, unknown> {
  const lines = text.split('\n').filter((line) => /^(?:run_id|model_uuid)\s{0,8}:/.test(line));
  try {
    const own = lines.slice(0, 2).map((line) => line.slice(0, SETTING_CHARACTERS_MAX));
    return (parse(own.join('\n'), { maxAliasCount: 0 }) ?? {}) as Record<string, unknown>;
  } catch {
    throw new CodedError('usage', '`MLmodel` is no YAML');
  }
}

function fromMlflow(root: string): Found {
  const settings = parseSettings(readWithin(join(root, 'MLmodel'), root, 'MLmodel'));
  const run = typeof settings?.['run_id'] === 'string' ? settings['run_id'] : '';
  const id = typeof settings?.['model_uuid'] === 'string' ? settings['model_uuid'] : run;
  return {
    layout: 'mlflow',
    name: inventoryName(basename(resolve(root))),
    label: label(id === '' ? '1' : id.slice(0, 12)),
    source: run === '' ? 'mlflow' : `mlflow run ${run}`,
    files: filesBelow(root, root),
    root,
  };
}

/**
 * Finds out how a model is kept in a folder or file, and what its files are.
 * @param revision of a cache of Hugging Face
 * @throws CodedError `usage` for what is not there or leads elsewhere
 */
export function findModel(root: string, revision = 'main'): Found {
  if (!existsSync(root)) throw new CodedError('usage', `there is no \`${root}\``);
  let found: Found;
  try {
    found = layoutOf(realpathSync(root), basename(resolve(root)), revision);
  } catch (fault) {
    if (fault instanceof CodedError) throw fault;
    const { code } = fault as NodeJS.ErrnoException;
    throw new CodedError(
      'usage',
      `\`${basename(resolve(root))}\` cannot be read whole: ${code ?? 'a fault'}`,
    );
  }
  requireTree(found.files.map(({ name }) => name));
  return found;
}

/** @param root without links @param named what it was called */
function layoutOf(root: string, named: string, revision: string): Found {
  const stat = statSync(root);
  if (stat.isFile())
    return {
      layout: 'folder',
      name: inventoryName(named.replace(/\.[^.]{1,16}$/, '')),
      label: '1',
      source: '',
      files: [{ name: named, path: root, said: null }],
      root,
    };
  if (!stat.isDirectory()) throw new CodedError('usage', `\`${named}\` is neither a file nor a folder`);
  if (existsSync(join(root, 'oci-layout'))) return fromOci(root);
  if (existsSync(join(root, 'snapshots')) && existsSync(join(root, 'refs'))) return fromHub(root, revision);
  if (existsSync(join(root, 'MLmodel'))) return fromMlflow(root);
  const files = filesBelow(root, root);
  if (files.length === 0) throw new CodedError('usage', `\`${root}\` holds no files`);
  return { layout: 'folder', name: inventoryName(named), label: '1', source: '', files, root };
}
