import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Random } from '@sallyport/attacks';
import { BytesSource } from '../src/bytes/byte-source.ts';
import { runCut } from '../src/pickle/inspect-pickle.ts';
import { PickleMachine } from '../src/pickle/machine.ts';
import type { PickleHost } from '../src/pickle/machine-contract.ts';
import { nameOnPython3 } from '../src/pickle/python2-names.ts';
import { OPAQUE } from '../src/pickle/value.ts';
import { little } from './corpus/assembler.ts';
import { randomPickle } from './random-pickles.ts';

/** A Python that can be asked, or `null`. */
export function python(): string | null {
  const asked = spawnSync('python3', ['-c', 'import sys; print(sys.version_info >= (3, 8))'], {
    encoding: 'utf8',
  });
  return asked.status === 0 && asked.stdout.trim() === 'True' ? 'python3' : null;
}

/** Names that the machine looks up in one stream; an unknown name stands for all. */
function namesOf(content: Uint8Array): { names: Set<string>; anything: boolean } {
  const names = new Set<string>();
  let anything = false;
  const host: PickleHost = {
    global: ({ module, name }) => {
      names.add(`${module} ${name}`);
    },
    computedGlobal: () => {
      anything = true;
    },
    call: () => OPAQUE,
    build: () => 0,
    added: () => {},
    items: () => {},
    fetched: () => {},
    persistent: () => OPAQUE,
    doubled: () => {},
    allocates: () => {},
    goOn: () => true,
  };
  new PickleMachine(new BytesSource(content), host).run(0);
  runCut(new BytesSource(content), (left, reading) => new PickleMachine(left, host, reading).run(0));
  return { names, anything };
}

/** What came of a comparison. */
export interface Comparison {
  readonly pickles: number;
  /** That one of CPython's readers took to the end. */
  readonly ended: number;
  /** Names that CPython looked up. */
  readonly lookedUp: number;
  /** Streams in which the machine missed one, in hexadecimal, with the name. */
  readonly missed: readonly string[];
}

/** Asks CPython and the machine which names the same random streams look up. */
export async function compareWithPython(program: string, count: number, seed: number): Promise<Comparison> {
  const random = new Random(seed);
  const pickles = Array.from({ length: count }, () => randomPickle(random));
  const child = spawn(program, [join(import.meta.dirname, 'oracle.py')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const feed = (async () => {
    for (const content of pickles)
      if (!child.stdin.write(Buffer.concat([little(content.length, 4), content])))
        await new Promise((go) => child.stdin.once('drain', go));
    child.stdin.end();
  })();
  let index = 0;
  let ended = 0;
  let lookedUp = 0;
  const missed: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    const content = pickles[index++]!;
    const readings = JSON.parse(line) as [[string, string][], boolean][];
    if (readings.some(([, end]) => end)) ended++;
    const { names, anything } = namesOf(content);
    for (const [seen] of readings)
      for (const [module, name] of seen) {
        lookedUp++;
        const resolved = nameOnPython3(module, name);
        if (!names.has(`${resolved.module} ${resolved.name}`) && !anything)
          missed.push(`${content.toString('hex')}: ${module} ${name}`);
      }
  }
  await feed;
  return { pickles: index, ended, lookedUp, missed };
}
