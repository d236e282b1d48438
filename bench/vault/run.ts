// What processor time it takes to seal and open files of any size beside bare AES-256-GCM in chunks of 64 KiB, written and
// read the same way, in the same run, and what memory: `npm run bench vault [-- GIGABYTES]`.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSealedFile, sealFile } from '../../packages/vault/src/index.ts';

const GIGABYTES = Number(process.argv[2] ?? 1);
const ROUNDS = 5;
const CHUNK = 64 * 1024;
const PIECE = 1024 * 1024;
const PIECES = Math.round((GIGABYTES * 1024 ** 3) / PIECE);
// In memory where there is such a folder: it is the cipher that is measured, not the disk.
const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'sallyport-bench-vault-'));
const piece = randomBytes(PIECE);
const key = { id: 'dek_bench', purpose: 'artefact:bench', day: '2026-01-01', key: randomBytes(32) };
const path = (name: string): string => join(folder, name);

/** Of the processor: others may use the machine too. */
async function seconds(work: () => unknown): Promise<number> {
  const begun = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(begun);
  return (user + system) / 1e6;
}

async function* pieces(): AsyncGenerator<Uint8Array> {
  for (let n = 0; n < PIECES; n++) yield piece;
}

function bareSeal(): void {
  const out = openSync(path('bare'), 'w');
  for (let n = 0; n < PIECES; n++)
    for (let at = 0; at < PIECE; at += CHUNK) {
      const cipher = createCipheriv('aes-256-gcm', key.key, Buffer.alloc(12));
      writeSync(out, cipher.update(piece.subarray(at, at + CHUNK)));
      cipher.final();
      writeSync(out, cipher.getAuthTag());
    }
  fsyncSync(out);
  closeSync(out);
}

function bareOpen(): void {
  const input = openSync(path('bare'), 'r');
  const room = Buffer.alloc(CHUNK + 16);
  while (readSync(input, room) === room.length) {
    const decipher = createDecipheriv('aes-256-gcm', key.key, Buffer.alloc(12));
    decipher.setAuthTag(room.subarray(CHUNK));
    decipher.update(room.subarray(0, CHUNK));
    decipher.final();
  }
  closeSync(input);
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
const ratios: { seal: number[]; open: number[] } = { seal: [], open: [] };
const before = process.memoryUsage.rss();
let most = before;
for (let round = 1; round <= ROUNDS; round++) {
  const bare = { seal: await seconds(bareSeal), open: await seconds(bareOpen) };
  const own = {
    seal: await seconds(() => sealFile(key, 'bench', pieces(), path('own'))),
    open: await seconds(() => {
      let bytes = 0;
      for (const chunk of openSealedFile(path('own'), 'bench', () => key)) bytes += chunk.length;
      if (bytes !== PIECES * PIECE) throw new Error('it is not whole');
    }),
  };
  most = Math.max(most, process.memoryUsage.rss());
  ratios.seal.push(bare.seal / own.seal);
  ratios.open.push(bare.open / own.open);
  const rate = (time: number): string => `${((PIECES * PIECE) / time / 1e6).toFixed(0)} MB a second`;
  process.stdout.write(
    `round ${round}: sealed ${rate(own.seal)} (bare ${rate(bare.seal)}), opened ${rate(own.open)} (bare ${rate(bare.open)})\n`,
  );
  rmSync(path('own'));
}
process.stdout.write(
  `of the bare cipher: sealing ${median(ratios.seal).toFixed(2)}, opening ${median(ratios.open).toFixed(2)} (medians of ${ROUNDS}); ${((most - before) / 1e6).toFixed(0)} MB of memory more than before\n`,
);
rmSync(folder, { recursive: true });
