import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { type NoteSigner, signCheckpoint, verifierKeysOf } from '../../src/checkpoint.ts';
import type { Disk, DiskFile } from '../../src/disk.ts';
import { Ledger } from '../../src/ledger.ts';
import { consistencyProof, leafHash, rootOf, verifyInclusion } from '../../src/merkle.ts';
import { formatAddCheckpoint, Witness } from '../../src/witness.ts';
import { type CrashState, chanceOf, crashStates } from './crash-states.ts';
import { type DiskState, type DiskStep, EMPTY_DISK, SimulatedDisk } from './simulated-disk.ts';

/** What the outside was told: that so many entries are durable, or that a witness has cosigned so many of a log. */
export interface Promised {
  readonly size: number;
}

/** A piece of work on a disk, and what must be true of any disk that it may leave behind. */
export interface CrashScenario {
  readonly name: string;
  readonly start: DiskState;
  readonly owed: number;
  /** Does the work, and keeps account of what it promised. */
  readonly work: (disk: Disk, promise: (promised: Promised) => void, chance: () => number) => Promise<void>;
  /** Opens what is left. @throws when a promise is broken, or it cannot go on */
  readonly check: (state: DiskState, owed: number, thorough: boolean) => Promise<void>;
}

/** What an exploration found. */
export interface CrashReport {
  readonly states: number;
  /** States in which something written had been lost. */
  readonly lossy: number;
  /** The first broken promise, or null. */
  readonly broken: string | null;
}

/** A program with one mistake in it, told by what it asks of its disk. */
export interface Mutant {
  readonly name: string;
  readonly of: (disk: Disk) => Disk;
}

const FOLDER = '/log';
const SEGMENT_BYTES = 3000;
const raw = (key: KeyObject): Buffer => key.export({ format: 'der', type: 'spki' }).subarray(-32);

/** Signs with Ed25519 as ever; its second signature, which opening does not check, is a blank, so that many disks can be tried. */
function quickSigner(name: string): NoteSigner {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  return {
    name,
    publicKey: raw(publicKey),
    sign: (message) => sign(null, message, privateKey),
    quantumSafePublicKey: Buffer.alloc(1312, 1),
    signQuantumSafe: () => Buffer.alloc(2420, 1),
  };
}

const signer = quickSigner('example.com/log');

const entry = (i: number): { leaf: Buffer; payload: Buffer | null } => ({
  leaf: Buffer.from(`entry ${i} ${'.'.repeat((i * 31) % 120)}`),
  payload: i % 3 === 0 ? Buffer.alloc(1 + ((i * 37) % 300), i) : null,
});

const openLog = (disk: Disk): Promise<Ledger> =>
  Ledger.open({ folder: FOLDER, disk, signer, segmentBytes: SEGMENT_BYTES, checkpointMs: 3_600_000 });

function expect(right: boolean, message: () => string): asserts right {
  if (!right) throw new Error(message());
}

async function checkLog(state: DiskState, owed: number, thorough: boolean): Promise<void> {
  const disk = new SimulatedDisk(state);
  const ledger = await openLog(disk);
  const { size } = ledger;
  expect(size >= owed, () => `${owed} entries were acknowledged, ${size} are left`);
  let i = 0;
  for await (const { leaf } of ledger.read(0)) {
    expect(entry(i).leaf.equals(leaf), () => `entry ${i} is another`);
    i++;
  }
  expect(i === size, () => `${i} of ${size} entries can be read`);
  for (let at = Math.max(0, size - 40); at < size; at++) {
    const [found, wanted] = [await ledger.content(at), entry(at).payload];
    expect(
      wanted ? found !== null && wanted.equals(found) : found === null,
      () => `content ${at} is another`,
    );
  }
  if (!thorough) return;
  expect((await ledger.append([entry(size), entry(size + 1)])) === size, () => 'the log does not go on');
  const proven = await ledger.prove([0, size, size + 1]);
  for (const [n, { leaf, proof }] of proven.leaves.entries()) {
    const { checkpoint } = proven;
    const index = n === 0 ? 0 : size + n - 1;
    expect(
      verifyInclusion(leafHash(leaf), index, checkpoint.size, proof, checkpoint.root),
      () => `entry ${index} cannot be proven`,
    );
  }
}

/** Appends and checkpoints side by side, from a log of `size` entries on. */
async function appendSome(
  ledger: Ledger,
  promise: (promised: Promised) => void,
  chance: () => number,
  rounds: number,
): Promise<void> {
  let next = ledger.size;
  const under: Promise<unknown>[] = [];
  for (let round = 0; round < rounds; round++) {
    for (let calls = Math.ceil(chance() * 3); calls > 0; calls--) {
      const count = Math.ceil(chance() * 4);
      const entries = Array.from({ length: count }, (_, i) => entry(next + i));
      next += count;
      under.push(ledger.append(entries).then((first) => promise({ size: first + count })));
    }
    if (chance() < 0.4) under.push(ledger.checkpointNow().then(({ size }) => promise({ size })));
    if (chance() < 0.7) await Promise.all(under.splice(0));
  }
  await Promise.all(under);
}

const stateAfter = async (work: (disk: Disk) => Promise<unknown>): Promise<DiskState> => {
  const disk = new SimulatedDisk();
  await work(disk);
  return disk.state();
};

/** A log that has `size` entries, all in tiles. */
const logOf = (size: number): Promise<DiskState> =>
  stateAfter(async (disk) => {
    const ledger = await openLog(disk);
    if (size > 0) await ledger.append(Array.from({ length: size }, (_, i) => entry(i)));
    await ledger.close();
  });

/** Appending to a log that has `size` entries. */
export const appending = async (size: number, rounds = 8): Promise<CrashScenario> => ({
  name: `appending to a log of ${size}`,
  start: size === 0 ? EMPTY_DISK : await logOf(size),
  owed: size,
  work: async (disk, promise, chance) => {
    const ledger = await openLog(disk);
    await appendSome(ledger, promise, chance, rounds);
  },
  check: checkLog,
});

/** Recovery from what a first power cut left, and going on: the power goes again. */
export async function recovering(first: CrashScenario, seed: number): Promise<CrashScenario> {
  const chance = chanceOf(seed);
  const disk = await record(first, (same) => same, seed);
  const states = [...crashStates(first.start, disk.steps, 4, chance)];
  const { state, promised } = states[Math.floor((0.2 + 0.8 * chance()) * states.length)]!;
  return {
    name: `recovery after ${first.name}`,
    start: state,
    owed: Math.max(first.owed, ...promised.map(({ size }) => size)),
    work: async (again, promise, luck) => {
      const ledger = await openLog(again);
      promise({ size: ledger.checkpoint.size });
      await appendSome(ledger, promise, luck, 3);
    },
    check: checkLog,
  };
}

/** A witness that cosigns a log as it grows. */
export async function witnessing(): Promise<CrashScenario> {
  const log = quickSigner('example.com/watched');
  const witness = quickSigner('example.com/witness');
  const open = (disk: Disk): Witness =>
    new Witness({ folder: FOLDER, disk, signer: witness, keysOf: () => [verifierKeysOf(log)[0]] });
  const hashes = Array.from({ length: 64 }, (_, i) => leafHash(entry(i).leaf));
  const root = (from: number, to: number): Buffer => rootOf(hashes.slice(from, to));
  return {
    name: 'cosigning',
    start: EMPTY_DISK,
    owed: 0,
    work: async (disk, promise, chance) => {
      const opened = open(disk);
      for (let old = 0; old < 40; ) {
        const size = old + Math.ceil(chance() * 6);
        const proof = await consistencyProof(old, size, async (from, to) => root(from, to));
        const note = signCheckpoint({ origin: log.name, size, root: root(0, size) }, log, 1);
        const { status, body } = await opened.addCheckpoint(formatAddCheckpoint(old, proof, note));
        expect(status === 200, () => body);
        promise({ size });
        old = size;
      }
    },
    check: async (state, owed) => {
      const seen = open(new SimulatedDisk(state)).seen(log.name);
      expect(seen.size >= owed, () => `${owed} were cosigned, the witness knows of ${seen.size}`);
      expect(seen.root.equals(root(0, seen.size)), () => 'the witness knows another root');
    },
  };
}

async function record(
  scenario: CrashScenario,
  mutate: (disk: Disk) => Disk,
  seed: number,
): Promise<SimulatedDisk<Promised>> {
  const chance = chanceOf(seed);
  const disk = new SimulatedDisk<Promised>(scenario.start, async () => {
    for (let turns = Math.floor(chance() * 4); turns > 0; turns--)
      await new Promise((turn) => setImmediate(turn));
  });
  await scenario.work(mutate(disk), (promised) => disk.promise(promised), chance);
  return disk;
}

const broken = (
  { step, pending, lost }: CrashState<Promised>,
  steps: readonly DiskStep<Promised>[],
): string => `power lost at step ${step} of ${steps.length}, with ${lost} of ${pending} unsynced changes`;

/** Does a scenario once and tries what any power cut may leave. Stops at the first broken promise. */
export async function explore(
  scenario: CrashScenario,
  { seed, perStepMax, mutant }: { seed: number; perStepMax: number; mutant?: Mutant },
): Promise<CrashReport> {
  const { steps } = await record(scenario, mutant?.of ?? ((disk) => disk), seed);
  let states = 0;
  let lossy = 0;
  for (const crash of crashStates(scenario.start, steps, perStepMax, chanceOf(seed + 1))) {
    states++;
    if (crash.lost > 0) lossy++;
    const owed = Math.max(scenario.owed, ...crash.promised.map(({ size }) => size));
    try {
      await scenario.check(crash.state, owed, states % 16 === 0);
    } catch (fault) {
      const message = `${scenario.name}, seed ${seed}: ${broken(crash, steps)}: ${(fault as Error).message}`;
      return { states, lossy, broken: message };
    }
  }
  return { states, lossy, broken: null };
}

/** A disk of which some calls are done otherwise. */
const changed = (disk: Disk, calls: Partial<Disk>): Disk =>
  new Proxy(disk, {
    get: (target, name: keyof Disk) => calls[name] ?? target[name].bind(target),
  });

const forgets = (
  file: (path: string) => boolean,
  folder: (path: string) => boolean = () => false,
): Mutant['of'] => {
  const handle = (path: string, opened: DiskFile): DiskFile =>
    file(path)
      ? { ...opened, sync: async () => {}, syncContent: async () => {}, syncContentNow: () => {} }
      : opened;
  return (disk) =>
    changed(disk, {
      openNow: (path, flags) => handle(path, disk.openNow(path, flags)),
      open: async (path, flags) => handle(path, await disk.open(path, flags)),
      syncFolderNow: (path) => (folder(path) ? undefined : disk.syncFolderNow(path)),
      syncFolder: async (path) => (folder(path) ? undefined : disk.syncFolder(path)),
    });
};

/** Replaces files where they lie instead of beside and by name. */
const inPlace: Mutant['of'] = (disk) =>
  changed(disk, {
    open: (path, flags) => disk.open(path.replace(/\.new$/, ''), flags),
    rename: async () => {},
  });

/** Forces tiles to disk only once the checkpoint over them lies there. */
const signsFirst: Mutant['of'] = (disk) => {
  let late: (() => Promise<void>)[] = [];
  return changed(disk, {
    open: async (path, flags) => {
      const opened = await disk.open(path, flags);
      if (!path.includes('/tile/')) return opened;
      return { ...opened, sync: async () => void late.push(() => opened.sync()) };
    },
    syncFolder: async (path) => {
      await disk.syncFolder(path);
      if (path !== FOLDER || !disk.exists(`${FOLDER}/checkpoint`)) return;
      for (const sync of late) await sync();
      late = [];
    },
  });
};

const inside = (part: string) => (path: string) => path.startsWith(`${FOLDER}/${part}`);

/** Mistakes in how the log uses its disk, each of which loses what was acknowledged, or keeps the log from opening. */
export const LOG_MUTANTS: readonly Mutant[] = [
  { name: 'acknowledges before the journal is synced', of: forgets(inside('journal')) },
  { name: 'does not sync the folder of a new piece of journal', of: forgets(() => false, inside('journal')) },
  { name: 'does not sync tiles', of: forgets(inside('tile')) },
  { name: 'does not sync the folders of tiles', of: forgets(() => false, inside('tile')) },
  { name: 'does not sync content', of: forgets(inside('content')) },
  { name: 'does not sync the checkpoint before it takes its name', of: forgets(inside('checkpoint')) },
  {
    name: 'lets go of the journal before the name of the checkpoint is durable',
    of: forgets(
      () => false,
      (path) => path === FOLDER,
    ),
  },
  { name: 'replaces files in place', of: inPlace },
  { name: 'signs before what is signed is durable', of: signsFirst },
];

/** Mistakes of a witness. */
export const WITNESS_MUTANTS: readonly Mutant[] = [
  { name: 'cosigns before it has stored what it saw', of: forgets(() => true) },
  {
    name: 'does not sync the folder of what it saw',
    of: forgets(
      () => false,
      () => true,
    ),
  },
  { name: 'replaces what it saw in place', of: inPlace },
];
