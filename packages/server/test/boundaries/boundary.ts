import assert from 'node:assert/strict';
import { Random } from '@sallyport/attacks';

/** One place where something foreign comes in, as a fuzzer reaches it. */
export interface Boundary {
  readonly name: string;
  /** Milliseconds that one input may take, with room for a slow machine. */
  readonly deadlineMs: number;
  /** Sends one input of its own making; throws when what it sees breaks a promise of the boundary. */
  send(random: Random): Promise<void>;
  /** Throws unless honest use still works. */
  honest(): Promise<void>;
  close(): Promise<void>;
}

/** Inputs between two looks at whether honest use still works. */
const HONEST_EVERY = 50;

/**
 * Sends inputs through a boundary. Each has a seed of its own, which the message of a failure names.
 * @param rounds number of inputs
 */
export async function cross(open: () => Promise<Boundary>, rounds: number, seed: number): Promise<void> {
  const boundary = await open();
  const faults: unknown[] = [];
  const note = (fault: unknown): void => void faults.push(fault);
  process.on('unhandledRejection', note);
  try {
    await boundary.honest();
    for (let round = 0; round < rounds; round++) {
      const place = `${boundary.name}, seed ${seed + round}`;
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<never>((_, fail) => {
        timer = setTimeout(
          () => fail(new Error(`no end after ${boundary.deadlineMs} ms`)),
          boundary.deadlineMs,
        );
      });
      try {
        await Promise.race([boundary.send(new Random(seed + round)), late]);
      } catch (fault) {
        throw new Error(`${place}: ${(fault as Error).message}`, { cause: fault });
      } finally {
        clearTimeout(timer);
      }
      assert.deepEqual(faults, [], `${place}: a promise failed that no one waited for`);
      if (round % HONEST_EVERY === HONEST_EVERY - 1) await boundary.honest();
    }
    await boundary.honest();
  } finally {
    process.off('unhandledRejection', note);
    await boundary.close();
  }
}
