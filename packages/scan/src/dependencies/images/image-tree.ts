import { type FileNode, type Member, NameTree } from '../../archives/name-tree.ts';
import { readTar, type TarMember } from '../../archives/tar.ts';
import type { Budget } from '../../budget.ts';
import { type ByteSource, SliceSource } from '../../bytes/byte-source.ts';
import { digestOf } from '../../bytes/digest.ts';
import { printable } from '../../text/printable.ts';
import type { LockedPackage } from '../locked-package.ts';
import { type ContainerImage, expandTape, layerIsRight } from './image-archive.ts';
import { type Judge, judgesOf, type Told } from './image-judges.ts';
import { KNOWN_PLACES, readDistribution } from './installed-packages.ts';

const UNREAD_MAX = 50;
const SECRETS_MAX = 100;
/** Names in all layers together. */
const ENTRIES_MAX = 2_000_000;
const LOOKED_AT_ONCE = 1000;

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

/** A file of a layer, and what it said under names that ask for it. */
interface LayerFile {
  readonly layer: number;
  readonly offset: number;
  readonly bytes: number;
  readonly mode: number;
  readonly told: Map<string, Told & { readonly path: string }>;
}
type Tree = NameTree<LayerFile>;

/** A file, and a way in which one of its names has it read. */
interface Asked {
  readonly file: LayerFile;
  readonly judge: Judge;
  readonly path: string;
}

/** What could not be read, in words, as much as is told. */
class Unread {
  readonly #words: string[] = [];
  #more = 0;

  add(word: string): void {
    if (this.#words.length < UNREAD_MAX) this.#words.push(word);
    else this.#more++;
  }

  get words(): readonly string[] {
    return this.#more > 0 ? [...this.#words, `${this.#more} more`] : this.#words;
  }
}

/** Whether a name leads out of where it is unpacked. */
function leadsOut(name: string): boolean {
  let depth = 0;
  for (const part of name.split('/')) {
    if (part === '..') depth--;
    else if (part !== '' && part !== '.') depth++;
    if (depth < 0) return true;
  }
  return false;
}

const FOLDER = '5';
const WHITEOUT = '.wh.';

function memberOf({ type, link, mode, source, bodyOffset }: TarMember, layer: number): Member<LayerFile> {
  if (type === '1') return { kind: 'hard', of: link };
  if (type === '2') return { kind: 'link', to: link };
  if (type === FOLDER) return { kind: 'folder' };
  if (type !== '0' && type !== '7') return { kind: 'other' };
  const content = { layer, offset: bodyOffset, bytes: source.size, mode, told: new Map() };
  return { kind: 'file', content };
}

/** One image while its layers are read. */
class Reading {
  readonly tree: Tree = new NameTree(ENTRIES_MAX);
  readonly unread: Unread;
  readonly #budget: Budget;
  /** Files that hold secrets, and whether a container finds them. */
  readonly #secret = new Map<LayerFile, boolean>();

  constructor(unread: Unread, budget: Budget) {
    this.unread = unread;
    this.#budget = budget;
  }

  #requireTime(): void {
    if (this.#budget.outOfTime) throw new Error('it takes longer than it may');
  }

  #tell(file: LayerFile, judge: Judge, source: ByteSource, path: string): void {
    const told = judge.tell(source, path);
    file.told.set(judge.name, { ...told, path });
    if (told.secrets.length > 0) this.#secret.set(file, false);
  }

  /** Puts a layer upon those below it. */
  put(tape: ByteSource, layer: number): void {
    // As Go reads it: containerd, Docker and Podman are written in it.
    const differ = (what: string): void => this.unread.add(`a layer (${layer + 1}) that ${what}`);
    for (const member of readTar(tape, { globals: false, differ })) {
      this.#requireTime();
      if (member.isBehindEnd) return this.unread.add(`more behind the end of layer ${layer + 1}`);
      this.#member(member, layer);
    }
  }

  #member(member: TarMember, layer: number): void {
    const { name, type, source, isSparse } = member;
    if (leadsOut(name)) return this.unread.add(`a file that leads out of it, \`${printable(name)}\``);
    const path = name.replace(/(?<!\/)\/+$/, '');
    const slash = path.lastIndexOf('/');
    const [folder, own] = [path.slice(0, Math.max(0, slash)), path.slice(slash + 1)];
    if (own === '.wh..wh..opq') return this.tree.takeBelow(folder, layer);
    // Notes that a driver of Docker keeps for itself.
    if (own.startsWith('.wh..wh.')) return;
    if (own.startsWith(WHITEOUT)) return this.tree.take(`${folder}/${own.slice(WHITEOUT.length)}`, layer);
    if (isSparse) this.unread.add(`a file with holes, \`${printable(name)}\``);
    const made = memberOf(member, layer);
    const placed = this.tree.put(path, made, layer);
    if ('fault' in placed) return this.unread.add(`\`${printable(name)}\`, ${placed.fault}`);
    if (made.kind === 'other' && !['3', '4', '6'].includes(type) && !isSparse)
      this.unread.add(`a member of an unknown kind, \`${printable(name)}\``);
    if (made.kind !== 'file') return;
    for (const judge of judgesOf(placed.path, made.content.mode))
      this.#tell(made.content, judge, source, placed.path);
  }

  /** Everything that a container finds under a name that asks to be read, each file and way of reading once. */
  *#asked(): Generator<Asked> {
    const met = new Map<LayerFile, Set<string>>();
    const isNew = (file: LayerFile, judge: string): boolean => {
      const before = met.get(file) ?? new Set();
      met.set(file, before);
      return !before.has(judge) && before.add(judge) !== undefined;
    };
    let looked = 0;
    for (const { path, file } of this.#names()) {
      if (++looked % LOOKED_AT_ONCE === 0) this.#requireTime();
      if (this.#secret.has(file.content)) this.#secret.set(file.content, true);
      for (const judge of judgesOf(path, file.content.mode))
        if (isNew(file.content, judge.name)) yield { file: file.content, judge, path };
    }
  }

  *#names(): Generator<{ path: string; file: FileNode<LayerFile> }> {
    for (const pattern of KNOWN_PLACES)
      for (const path of expanded(this.tree, pattern.split('/'))) {
        const file = this.tree.find(path);
        if (file !== null && 'kind' in file) yield { path, file };
      }
    yield* this.tree.names();
  }

  /** What a container finds. Where a link gives a file a name that it was not read under, it is read again. */
  async found(image: ContainerImage, digests: readonly (string | null)[]): Promise<Told[]> {
    const asked: Asked[] = [];
    try {
      for (const one of this.#asked()) asked.push(one);
    } catch (fault) {
      this.unread.add(printable((fault as Error).message));
    }
    const unread = asked.filter(({ file, judge }) => !file.told.has(judge.name));
    for (const [layer, some] of Map.groupBy(unread, ({ file }) => file.layer)) {
      const tape = await expandTape(image.layers[layer]!.source, this.#budget);
      if (!tape || digestOf(tape) !== digests[layer]) {
        this.unread.add(`layer ${layer + 1}, which is another the second time`);
        continue;
      }
      for (const { file, judge, path } of some) {
        this.#tell(file, judge, new SliceSource(tape, file.offset, file.offset + file.bytes), path);
        if (this.#secret.has(file)) this.#secret.set(file, true);
      }
    }
    return asked.flatMap(({ file, judge }) => file.told.get(judge.name) ?? []);
  }

  /** Secrets in any layer, those that are not found any more among them. */
  secrets(): ImageSecret[] {
    return [...this.#secret].flatMap(([file, isThere]) => {
      const { secrets = [], path = '' } = file.told.get('secret') ?? {};
      return secrets.map((id) => ({ id, path, layer: file.layer + 1, removed: !isThere }));
    });
  }
}

/** Paths that a pattern stands for: `*` is any name in a folder. */
function expanded(tree: Tree, pattern: readonly string[]): string[] {
  let paths = [''];
  for (const part of pattern)
    paths = paths.flatMap((path) => {
      if (part !== '*') return [path === '' ? part : `${path}/${part}`];
      const names = tree.find(path);
      return names === null || 'kind' in names ? [] : names.map((name) => `${path}/${name}`);
    });
  return paths;
}

/** Packages that files tell of, each once, those of a distribution with its release. */
function packagesOf(told: readonly Told[], release: string | null, unread: Unread): LockedPackage[] {
  const distribution = release === null ? null : readDistribution(release);
  const packages = new Map<string, LockedPackage>();
  let undistributed = 0;
  let distributed = 0;
  for (const { installed, fault } of told) {
    if (fault !== null) unread.add(fault);
    for (const { distribution: isOfDistribution, origin, ...one } of installed) {
      const isRpm = one.ecosystem === 'RPM';
      const own = isOfDistribution && distribution?.isRpm === isRpm ? distribution : null;
      if (isOfDistribution && !own && !isRpm) undistributed++;
      if (own) distributed++;
      const of = own?.bySource && origin ? origin : {};
      const release = own ? { ecosystem: own.ecosystem, release: own.release } : {};
      const whole: LockedPackage = { ...one, ...of, ...release, source: 'registry', needle: '' };
      const key = `${whole.ecosystem} ${whole.name} ${whole.version}`;
      if (!packages.has(key)) packages.set(key, whole);
    }
  }
  if (undistributed > 0)
    unread.add(`${undistributed} packages of a distribution whose advisories are not read`);
  if (distribution && distributed === 0)
    unread.add(`no list of packages that is understood, though it is ${distribution.ecosystem}`);
  return [...packages.values()];
}

/** Reads the layers of an image, the lowest first, as a container would see them. */
export async function readImageTree(image: ContainerImage, budget: Budget): Promise<ImageTree> {
  const unread = new Unread();
  for (const word of image.unread) unread.add(word);
  const wrong = [...image.wrong];
  const reading = new Reading(unread, budget);
  const digests: (string | null)[] = [];
  for (const [at, { source }] of image.layers.entries()) {
    const tape = await expandTape(source, budget);
    digests.push(tape && digestOf(tape));
    if (!tape) {
      unread.add(`layer ${at + 1}, which does not come out of its compression whole`);
      continue;
    }
    const plain = digests[at]!;
    if (!layerIsRight(image, at, plain, tape === source ? plain : digestOf(source)))
      wrong.push(`layer ${at + 1}`);
    try {
      reading.put(tape, at);
    } catch (fault) {
      unread.add(`layer ${at + 1} (${printable((fault as Error).message)})`);
    }
  }
  const found = await reading.found(image, digests);
  const releaseAt = (path: string): string | null => {
    const file = reading.tree.find(path);
    return file !== null && 'kind' in file ? (file.content.told.get('release')?.release ?? null) : null;
  };
  const release = releaseAt('etc/os-release') ?? releaseAt('usr/lib/os-release');
  return {
    packages: packagesOf(found, release, unread),
    secrets: reading.secrets().slice(0, SECRETS_MAX),
    unread: unread.words,
    wrong,
  };
}
