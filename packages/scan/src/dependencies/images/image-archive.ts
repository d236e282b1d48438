import { hash } from 'node:crypto';
import { lstatSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { isTarHeader, readTar } from '../../archives/tar.ts';
import type { Budget } from '../../budget.ts';
import { type ByteSource, FileSource } from '../../bytes/byte-source.ts';
import { type Codec, expand } from '../../bytes/expand.ts';
import { joinPath, type PathBytes } from '../../tree/path-bytes.ts';

const JSON_BYTES_MAX = 8 * 1024 * 1024;
const IMAGES_MAX = 32;
const LAYERS_MAX = 256;
const NESTED_MAX = 4;
const HEAD_BYTES = 512;

/** One image of an archive: its settings and its layers, the lowest first. */
export interface ContainerImage {
  /** A tag or a platform, by which it is told from others beside it. */
  readonly name: string;
  /** Of its manifest, hexadecimal; null where the archive has none. */
  readonly sha256: string | null;
  /** Of its settings and its layers, by which it is the same image in another description. */
  readonly parts: string;
  readonly bytes: number;
  readonly config: ImageConfig;
  readonly layers: readonly ImageLayer[];
  /** In words: what of it is not there, or not what it says. */
  readonly unread: readonly string[];
  readonly wrong: readonly string[];
}

/** One layer, as it lies in the archive. */
export interface ImageLayer {
  readonly name: string;
  readonly source: ByteSource;
}

const configSchema = z.object({
  architecture: z.string().optional(),
  config: z
    .object({
      User: z.string().nullish(),
      Env: z.array(z.string()).nullish(),
      Labels: z.record(z.string(), z.string()).nullish(),
    })
    .nullish(),
  history: z.array(z.object({ created_by: z.string().optional() })).nullish(),
  rootfs: z.object({ diff_ids: z.array(z.string()).default([]) }).optional(),
});
/** What is read of an image's settings (OCI image specification 1.1, "Image Configuration"). */
export type ImageConfig = z.infer<typeof configSchema>;

const DIGEST = /^sha256:([0-9a-f]{64})$/;
const descriptorSchema = z.object({
  mediaType: z.string().default(''),
  digest: z.string(),
  platform: z.object({ os: z.string(), architecture: z.string() }).partial().optional(),
  annotations: z.record(z.string(), z.string()).nullish(),
});
type Descriptor = z.infer<typeof descriptorSchema>;
const indexSchema = z.object({ manifests: z.array(descriptorSchema).max(1000) });
const manifestSchema = z.object({
  config: descriptorSchema,
  layers: z.array(descriptorSchema).max(LAYERS_MAX),
});
const dockerSchema = z.array(
  z.object({
    Config: z.string(),
    RepoTags: z.array(z.string()).nullish(),
    Layers: z.array(z.string()).max(LAYERS_MAX),
  }),
);

/** The names that an OCI layout has: nothing else of a folder is read, whatever its descriptions ask for. */
const LAYOUT_NAME = /^(?:index\.json|oci-layout|blobs\/sha256\/[0-9a-f]{64})$/;

/** Names that say which images there are, in lower case. */
const DESCRIPTIONS: ReadonlySet<string> = new Set(['manifest.json', 'index.json', 'oci-layout']);
/** Parts of an image, as layouts and `docker save` name them. */
const PART_NAME = /^(?:blobs\/sha256\/[0-9a-f]{64}|[0-9a-f]{64}\/layer\.tar)$/i;
const hexIn = (name: string): string => /[0-9a-f]{64}/.exec(name)?.[0] ?? name;
const partsOf = (config: string, layers: readonly string[]): string =>
  [config, ...layers].map(hexIn).join(' ');

/** Files of an archive, by name. */
interface ImageFiles {
  /** In words: what it holds of images that nothing in it names. */
  readonly strays: string | null;
  get(name: string): ByteSource | null;
  close(): void;
}

class FolderFiles implements ImageFiles {
  readonly #folder: PathBytes;
  readonly #bounds: readonly string[] | null;
  readonly #open: FileSource[] = [];
  readonly strays = null;

  constructor(folder: PathBytes, bounds: readonly string[] | null) {
    this.#folder = folder;
    this.#bounds = bounds;
  }

  get(name: string): ByteSource | null {
    const path = joinPath(this.#folder, Buffer.from(name));
    if (!LAYOUT_NAME.test(name) || !lstatSync(path, { throwIfNoEntry: false })) return null;
    // A layout has no links: one would have another file read as if it were a part of the image.
    const source = FileSource.open(path, this.#bounds);
    this.#open.push(source);
    return source;
  }

  close(): void {
    for (const source of this.#open) source.close();
  }
}

class TarFiles implements ImageFiles {
  readonly #file: FileSource;
  readonly #members = new Map<string, ByteSource>();

  get strays(): string | null {
    const names = [...this.#members.keys()];
    const other = names.find((name) => DESCRIPTIONS.has(name.toLowerCase()) && !DESCRIPTIONS.has(name));
    if (!names.some((name) => PART_NAME.test(name))) return null;
    if (other !== undefined) return `\`${other}\`, which is a description only where case does not count`;
    return names.includes('manifest.json') || names.includes('index.json')
      ? null
      : 'layers of an image and no description: it may be cut short';
  }

  constructor(file: FileSource, archive: ByteSource) {
    this.#file = file;
    for (const { name, type, source } of readTar(archive))
      if (type === '0' || type === '7') this.#members.set(name.replace(/^\.\//, ''), source);
  }

  get(name: string): ByteSource | null {
    return this.#members.get(name) ?? null;
  }

  close(): void {
    this.#file.close();
  }
}

const startsWith = (head: Uint8Array, ...bytes: readonly number[]): boolean =>
  bytes.every((byte, i) => head[i] === byte);

/** How a layer is made smaller, null where it is not. */
function codecOf(head: Uint8Array): Codec | null {
  if (startsWith(head, 0x1f, 0x8b)) return 'gzip';
  if (startsWith(head, 0x28, 0xb5, 0x2f, 0xfd)) return 'zstd';
  if (startsWith(head, 0xfd, 0x37, 0x7a, 0x58, 0x5a, 0)) return 'xz';
  return startsWith(head, 0x42, 0x5a, 0x68) ? 'bzip2' : null;
}

/** A tape archive as it is without its compression. @returns null where it does not come out whole */
export async function expandTape(source: ByteSource, budget: Budget): Promise<ByteSource | null> {
  const codec = codecOf(source.read(0, HEAD_BYTES));
  if (codec === null) return source;
  const { source: plain, end } = await expand(codec, source, budget);
  return end === 'whole' ? plain : null;
}

/** Whether a file may be an archive of images, by name. @param name with `/` */
export const mayBeImages = (name: string): boolean =>
  /(?:^|\/)oci-layout$/.test(name) || /\.(?:tar|tar\.gz|tgz|tar\.zst)$/i.test(name);

/** Whether a file is an archive of images or may be, by name and first bytes. One that cannot be read may be. */
export function looksLikeImages(name: string, path: PathBytes, bounds: readonly string[] | null): boolean {
  if (!mayBeImages(name)) return false;
  if (/(?:^|\/)oci-layout$/.test(name)) return true;
  let source: FileSource;
  try {
    source = FileSource.open(path, bounds);
  } catch {
    return true;
  }
  try {
    const head = source.read(0, HEAD_BYTES);
    if (codecOf(head) !== null) return true;
    if (!isTarHeader(head)) return false;
    // A `docker save` names its parts by digests, an OCI layout has its own file; anything else is some archive.
    for (const { name } of readTar(source)) {
      const own = name.replace(/^\.\//, '');
      if (DESCRIPTIONS.has(own.toLowerCase()) || PART_NAME.test(own)) return true;
    }
    return false;
  } catch {
    return false;
  } finally {
    source.close();
  }
}

const readJson = (source: ByteSource): unknown => {
  if (source.size > JSON_BYTES_MAX) throw new Error(`a description of ${source.size} bytes`);
  return JSON.parse(Buffer.from(source.read(0, source.size)).toString('utf8'));
};

/** A blob and whether it is what its digest says. Layers are held against it when they are read. */
function blob(files: ImageFiles, digest: string): ByteSource | null {
  const hex = DIGEST.exec(digest)?.[1];
  return hex === undefined ? null : files.get(`blobs/sha256/${hex}`);
}

const digestIsRight = (source: ByteSource, digest: string): boolean =>
  `sha256:${hash('sha256', source.read(0, source.size), 'hex')}` === digest;

function fromManifest(files: ImageFiles, descriptor: Descriptor, name: string): ContainerImage {
  const unread: string[] = [];
  const wrong: string[] = [];
  const source = blob(files, descriptor.digest);
  if (!source || source.size > JSON_BYTES_MAX)
    throw new Error(`no manifest ${descriptor.digest.slice(0, 19)}`);
  if (!digestIsRight(source, descriptor.digest)) wrong.push('its manifest');
  const manifest = manifestSchema.parse(readJson(source));
  const configSource = blob(files, manifest.config.digest);
  if (!configSource) unread.push('no settings');
  else if (configSource.size > JSON_BYTES_MAX || !digestIsRight(configSource, manifest.config.digest))
    wrong.push('its settings');
  const layers: ImageLayer[] = [];
  for (const { digest } of manifest.layers) {
    const layer = blob(files, digest);
    if (layer) layers.push({ name: digest, source: layer });
    else unread.push(`no layer ${digest.slice(0, 19)}`);
  }
  return {
    name,
    sha256: DIGEST.exec(descriptor.digest)![1]!,
    parts: partsOf(
      manifest.config.digest,
      manifest.layers.map(({ digest }) => digest),
    ),
    bytes: layers.reduce((sum, { source: { size } }) => sum + size, 0),
    config: configSource ? configSchema.parse(readJson(configSource)) : {},
    layers,
    unread,
    wrong,
  };
}

/** Whether an index lists it beside an image and not as one: statements of BuildKit. */
const isStatement = ({ annotations, platform }: Descriptor): boolean =>
  annotations?.['vnd.docker.reference.type'] !== undefined || platform?.os === 'unknown';

function* fromIndex(files: ImageFiles, json: unknown, depth = 0): Generator<ContainerImage> {
  for (const descriptor of indexSchema.parse(json).manifests) {
    if (isStatement(descriptor)) continue;
    const { digest, platform, annotations, mediaType } = descriptor;
    if (/index|manifest\.list/.test(mediaType)) {
      const nested = blob(files, digest);
      if (!nested || depth >= NESTED_MAX) throw new Error(`no index ${digest.slice(0, 19)}`);
      if (nested.size > JSON_BYTES_MAX || !digestIsRight(nested, digest))
        throw new Error(`the index ${digest.slice(0, 19)} is not what its digest says`);
      yield* fromIndex(files, readJson(nested), depth + 1);
      continue;
    }
    const tag =
      annotations?.['org.opencontainers.image.ref.name'] ?? annotations?.['io.containerd.image.name'];
    const machine = platform ? `${platform.os ?? '?'}/${platform.architecture ?? '?'}` : undefined;
    yield fromManifest(files, descriptor, tag ?? machine ?? digest.slice(0, 19));
  }
}

function* fromDocker(files: ImageFiles, saved: z.infer<typeof dockerSchema>): Generator<ContainerImage> {
  for (const { Config, RepoTags, Layers } of saved) {
    const settings = files.get(Config);
    const sources = Layers.map((name) => ({ name, source: files.get(name) }));
    const layers = sources.flatMap(({ name, source }) => (source ? [{ name, source }] : []));
    const id = /([0-9a-f]{64})(?:\.json)?$/.exec(Config)?.[1];
    yield {
      name: RepoTags?.[0] ?? Config.slice(0, 24),
      sha256: null,
      parts: partsOf(Config, Layers),
      bytes: layers.reduce((sum, { source: { size } }) => sum + size, 0),
      config: settings ? configSchema.parse(readJson(settings)) : {},
      layers,
      unread: [
        ...(settings ? [] : ['no settings']),
        ...sources.flatMap(({ name, source }) => (source ? [] : [`no layer \`${name.slice(0, 80)}\``])),
      ],
      wrong:
        settings &&
        id !== undefined &&
        settings.size <= JSON_BYTES_MAX &&
        !digestIsRight(settings, `sha256:${id}`)
          ? ['its settings']
          : [],
    };
  }
}

/** Images of one archive, open until it is closed. */
export class ImageArchive {
  readonly images: readonly ContainerImage[];
  readonly #files: ImageFiles;

  private constructor(files: ImageFiles, images: readonly ContainerImage[]) {
    this.#files = files;
    this.images = images;
  }

  /**
   * Opens an OCI layout (its folder, or a tape archive of it) or what `docker save` writes.
   * @param path the folder's `oci-layout`, or the archive
   * @returns null where it is no archive of images
   * @throws Error with words about what is wrong with it
   */
  static async open(
    path: PathBytes,
    budget: Budget,
    bounds: readonly string[] | null = null,
  ): Promise<ImageArchive | null> {
    const files = await openFiles(path, budget, bounds);
    if (!files) return null;
    try {
      if (files.strays !== null) throw new Error(`it holds ${files.strays}`);
      const index = files.get('index.json');
      const docker = files.get('manifest.json');
      if ((!index || !files.get('oci-layout')) && !docker) {
        files.close();
        return null;
      }
      const isLayout = index !== null && files.get('oci-layout') !== null;
      const saved = docker ? dockerSchema.safeParse(readJson(docker)).data : undefined;
      if (!isLayout && saved === undefined) {
        files.close();
        return null;
      }
      const images: ContainerImage[] = [];
      const take = (image: ContainerImage): void => {
        if (images.length === IMAGES_MAX) throw new Error(`over ${IMAGES_MAX} images; take them one by one`);
        images.push(image);
      };
      for (const image of isLayout ? fromIndex(files, readJson(index)) : []) take(image);
      const listed = new Set(images.map(({ parts }) => parts));
      // Docker loads what the manifest names, and others what the index does: each image is looked at.
      for (const image of saved ? fromDocker(files, saved) : [])
        if (!isLayout) take(image);
        else if (!listed.has(image.parts))
          take({
            ...image,
            unread: [...image.unread, 'an image that its manifest names and its index does not'],
          });
      return new ImageArchive(files, images);
    } catch (fault) {
      files.close();
      if (fault instanceof z.ZodError) throw new Error('a description that is none of an image');
      throw fault;
    }
  }

  close(): void {
    this.#files.close();
  }
}

async function openFiles(
  path: PathBytes,
  budget: Budget,
  bounds: readonly string[] | null,
): Promise<ImageFiles | null> {
  const text = path.toString('latin1');
  if (/(?:^|[/\\])oci-layout$/.test(text))
    return new FolderFiles(
      typeof path === 'string' ? dirname(path) : path.subarray(0, -'/oci-layout'.length),
      bounds,
    );
  const file = FileSource.open(path, bounds);
  try {
    const tape = await expandTape(file, budget);
    if (!tape) throw new Error('it does not come out of its compression whole');
    return isTarHeader(tape.read(0, HEAD_BYTES)) ? new TarFiles(file, tape) : null;
  } catch (fault) {
    file.close();
    throw fault;
  }
}

/** Whether an image's manifest is right about a layer. @param plain the layer without its compression */
export function layerIsRight(
  image: ContainerImage,
  at: number,
  plainDigest: string,
  digest: string,
): boolean {
  const { name } = image.layers[at]!;
  if (DIGEST.test(name) && name !== `sha256:${digest}`) return false;
  const said = image.unread.length === 0 ? image.config.rootfs?.diff_ids[at] : undefined;
  return said === undefined || said === `sha256:${plainDigest}`;
}
