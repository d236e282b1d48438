import { type DiskState, type DiskStep, overwritten } from './simulated-disk.ts';

/** A disk as a power cut may leave it, and all that had been promised when it came. */
export interface CrashState<Promised> {
  readonly state: DiskState;
  readonly promised: readonly Promised[];
  /** Steps done before the power went. */
  readonly step: number;
  /** Of what was not yet synced: how much there was, and how much of it was lost. */
  readonly pending: number;
  readonly lost: number;
}

type Change = Extract<DiskStep<unknown>, { kind: 'write' | 'cut' | 'name' }>;

const apply = (state: DiskState, changes: readonly Change[]): DiskState => {
  const files = new Map(state.files);
  const folders = new Map(state.folders);
  for (const change of changes) {
    if (change.kind === 'cut') files.set(change.node, Buffer.alloc(0));
    else if (change.kind === 'write')
      files.set(change.node, overwritten(files.get(change.node) ?? Buffer.alloc(0), change.at, change.bytes));
    else {
      const names = new Map(folders.get(change.node));
      for (const [name, node] of change.names) {
        if (node === null) names.delete(name);
        else names.set(name, node);
      }
      folders.set(change.node, names);
    }
  }
  return { files, folders };
};

/** What is named but of which nothing was written is there, and empty. */
function completed({ files, folders }: DiskState): DiskState {
  const all = { files: new Map(files), folders: new Map(folders) };
  for (const names of folders.values()) {
    for (const node of names.values()) {
      if (node > 0 && !all.files.has(node)) all.files.set(node, Buffer.alloc(0));
      if (node < 0 && !all.folders.has(node)) all.folders.set(node, new Map());
    }
  }
  return all;
}

/** A generator of numbers in [0, 1) that gives the same ones for the same seed (xorshift32). */
export function chanceOf(seed: number): () => number {
  let x = seed | 1;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) / 2 ** 32;
  };
}

/**
 * Which of `count` pending changes reach the disk, as bits; the last is always among them where `last` is set (without
 * it, the state belongs to an earlier step). All of them while they are no more than `max`, else every prefix, every
 * single loss and a sample.
 */
function* choices(count: number, last: boolean, max: number, chance: () => number): Generator<boolean[]> {
  const free = last ? count - 1 : count;
  const choice = (reaches: (i: number) => boolean): boolean[] =>
    Array.from({ length: count }, (_, i) => (i >= free ? true : reaches(i)));
  if (2 ** free <= max) {
    for (let bits = 0; bits < 2 ** free; bits++) yield choice((i) => (bits & (1 << i)) !== 0);
    return;
  }
  const seen = new Set<string>();
  const fresh = (one: boolean[]): boolean => {
    const text = one.map(Number).join('');
    return !seen.has(text) && seen.add(text) !== undefined;
  };
  const stride = Math.max(1, Math.ceil((2 * free) / max));
  const offset = Math.floor(chance() * stride);
  for (let at = offset; at <= free; at += stride) {
    for (const one of [choice((i) => i < at), choice((i) => i !== at)]) if (fresh(one)) yield one;
  }
  while (seen.size < max) {
    const share = chance();
    const one = choice(() => chance() < share);
    if (fresh(one)) yield one;
  }
}

/**
 * Every state that a power cut may leave, at every step: of what is not synced, any part may have reached the disk, in
 * any order; of what is, all. States that come up twice are counted once. POSIX promises no more than this.
 * @param perStepMax states at one step; where there are more, a sample is taken
 */
export function* crashStates<Promised>(
  start: DiskState,
  steps: readonly DiskStep<Promised>[],
  perStepMax: number,
  chance: () => number,
): Generator<CrashState<Promised>> {
  let base = start;
  let pending: Change[] = [];
  const promised: Promised[] = [];
  for (const [at, step] of steps.entries()) {
    if (step.kind === 'sync') {
      base = apply(
        base,
        pending.filter((change) => change.node === step.node),
      );
      pending = pending.filter((change) => change.node !== step.node);
      continue;
    }
    if (step.kind === 'promise') promised.push(step.promised);
    else pending.push(step);
    for (const choice of choices(pending.length, step.kind !== 'promise', perStepMax, chance)) {
      const reached = pending.filter((_, i) => choice[i]);
      yield {
        state: completed(apply(base, reached)),
        promised: [...promised],
        step: at + 1,
        pending: pending.length,
        lost: pending.length - reached.length,
      };
    }
  }
}
