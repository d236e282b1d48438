// How fast model files are scanned, beside the speed at which this machine reads and hashes them, and beside picklescan where
// it is installed: `npm run bench scan [-- MEGABYTES]`.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { scanFile, scanFiles } from '../../packages/scan/src/index.ts';
import { OP } from '../../packages/scan/src/pickle/opcodes.ts';
import {
  dict,
  framed,
  instance,
  list,
  little,
  pickle,
  stream,
  text,
  tuple,
  whole,
} from '../../packages/scan/test/corpus/assembler.ts';
import { gguf, ggufString, safetensors } from '../../packages/scan/test/corpus/graphs.ts';

const MEGABYTES = Number(process.argv[2] ?? 25);
const SMALL_FILES = 4000;
const folder = mkdtempSync(join(tmpdir(), 'sallyport-bench-scan-'));

/** A list of records as CPython's pickler writes it: keys from the memo, a memo place for each name, list and record. */
function dense(bytes: number): Buffer {
  const keys = ['id', 'name', 'score', 'tags', 'ok'];
  const parts: Uint8Array[] = [stream(OP.EMPTY_LIST, OP.MEMOIZE)];
  const batch: Uint8Array[] = [];
  let size = 0;
  for (let row = 0; size < bytes; row++) {
    const score = Buffer.alloc(8);
    score.writeDoubleBE(row * 0.37);
    const key = (i: number): Uint8Array =>
      row === 0 ? stream(text(keys[i]!), OP.MEMOIZE) : stream(OP.BINGET, i === 0 ? 2 : [0, 3, 5, 6, 7][i]!);
    const part = stream(
      OP.EMPTY_DICT,
      OP.MEMOIZE,
      OP.MARK,
      key(0),
      whole(row),
      key(1),
      text(`user${row}`),
      OP.MEMOIZE,
      key(2),
      OP.BINFLOAT,
      score,
      key(3),
      tuple(whole(row % 7), whole(row % 250)),
      OP.MEMOIZE,
      key(4),
      row % 2 === 0 ? OP.NEWTRUE : OP.NEWFALSE,
      OP.SETITEMS,
    );
    batch.push(part);
    size += part.length;
    if (batch.length === 1000) {
      parts.push(stream(OP.MARK, ...batch, OP.APPENDS));
      batch.length = 0;
    }
  }
  return framed(4, stream(...parts, OP.MARK, ...batch, OP.APPENDS, OP.STOP));
}

const mb = (bytes: number): number => bytes / 1_000_000;

/** In a process of its own, so that its memory is its own. */
if (process.argv[3] === 'child') {
  const path = process.argv[4]!;
  await scanFile(join(path, '..', 'warm.pkl'));
  const before = process.memoryUsage().rss;
  let peak = before;
  const times: number[] = [];
  for (let i = 0; i < 6; i++) {
    const started = performance.now();
    await scanFile(path, { digest: process.argv[5] === 'digest' });
    times.push(performance.now() - started);
    peak = Math.max(peak, process.memoryUsage().rss);
  }
  process.stdout.write(
    JSON.stringify({
      ms: Math.min(...times),
      extraMb: mb(process.resourceUsage().maxRSS * 1024 - before),
      before: mb(before),
    }),
  );
  rmSync(folder, { recursive: true });
  process.exit(0);
}

const print = (name: string, value: string): void =>
  void process.stdout.write(`${name.padEnd(44)} ${value}\n`);

writeFileSync(join(folder, 'warm.pkl'), dense(2_000_000));
const path = join(folder, 'dense.pkl');
const content = dense(MEGABYTES * 1_000_000);
writeFileSync(path, content);
for (const digest of ['without', 'digest']) {
  const child = spawnSync(
    process.execPath,
    [...process.execArgv, import.meta.filename, '0', 'child', path, digest],
    { encoding: 'utf8' },
  );
  const { ms, extraMb } = JSON.parse(child.stdout) as { ms: number; extraMb: number };
  const about = digest === 'digest' ? 'opcode-dense pickle, with its digest' : 'opcode-dense pickle';
  print(about, `${(mb(content.length) / (ms / 1000)).toFixed(0)} MB/s, ${extraMb.toFixed(0)} MB more memory`);
}
const hashing = performance.now();
createHash('sha256').update(readFileSync(path)).digest();
const hashMs = performance.now() - hashing;
print('  reading and hashing alone', `${(mb(content.length) / (hashMs / 1000)).toFixed(0)} MB/s`);

const small = join(folder, 'small');
mkdirSync(small);
const one = pickle(
  4,
  instance(
    'sklearn.linear_model._base',
    'LinearRegression',
    dict({ a: list(...Array.from({ length: 40 }, (_, i) => whole(i))) }),
  ),
);
for (let i = 0; i < SMALL_FILES; i++) writeFileSync(join(small, `${i}.pkl`), one);
for (const workers of [1, 2]) {
  const started = performance.now();
  const { summary } = await scanFiles([small], { workers });
  print(
    `small files, ${workers} thread${workers > 1 ? 's' : ''}`,
    `${Math.round(summary.files / ((performance.now() - started) / 1000))} files/s`,
  );
}

/** Ten gigabytes that take no room: what is not written reads as zeros. */
function large(
  name: string,
  head: Uint8Array,
  tail: Uint8Array = new Uint8Array(0),
  bytes = 10_000_000_000,
): string {
  const file = join(folder, name);
  const descriptor = openSync(file, 'w');
  writeSync(descriptor, head, 0, head.length, 0);
  ftruncateSync(descriptor, bytes);
  if (tail.length > 0) writeSync(descriptor, tail, 0, tail.length, bytes);
  return file;
}
const tensorBytes = 9_999_999_744;
const header = JSON.stringify({ a: { dtype: 'U8', shape: [tensorBytes], data_offsets: [0, tensorBytes] } });
const headGguf = gguf(
  [['general.architecture', ggufString('llama')]],
  [{ name: 'a', dimensions: [2_499_000_000] }],
  { dataBytes: 0 },
);
/** A model of torch with three storages of a third each; what lies beyond 4 GiB is found by ZIP64. */
function largeTorch(): string {
  const file = join(folder, 'model.pt');
  const descriptor = openSync(file, 'w');
  const state = pickle(2, dict({ a: whole(1) }));
  const central: Buffer[] = [];
  let at = 0;
  for (const [name, bytes, content] of [
    ['m/data.pkl', state.length, state],
    ['m/data/0', 3_300_000_000, null],
    ['m/data/1', 3_300_000_000, null],
    ['m/data/2', 3_300_000_000, null],
  ] as const) {
    const sizes = Buffer.concat([
      little(0, 4),
      little(0, 4),
      little(bytes, 4),
      little(bytes, 4),
      little(name.length, 2),
    ]);
    const local = Buffer.concat([
      little(0x04034b50, 4),
      little(45, 2),
      little(0, 4),
      sizes,
      little(0, 2),
      Buffer.from(name),
    ]);
    writeSync(descriptor, local, 0, local.length, at);
    if (content) writeSync(descriptor, content, 0, content.length, at + local.length);
    const extra = Buffer.concat([little(1, 2), little(8, 2), little(at, 8)]);
    central.push(
      Buffer.concat([
        little(0x02014b50, 4),
        little(45, 2),
        little(45, 2),
        little(0, 4),
        sizes,
        little(extra.length, 2),
        Buffer.alloc(10),
        little(0xffffffff, 4),
        Buffer.from(name),
        extra,
      ]),
    );
    at += local.length + bytes;
  }
  const directory = Buffer.concat(central);
  const end64 = Buffer.concat([
    little(0x06064b50, 4),
    little(44, 8),
    little(45, 2),
    little(45, 2),
    little(0, 8),
    little(4, 8),
    little(4, 8),
    little(directory.length, 8),
    little(at, 8),
  ]);
  const locator = Buffer.concat([
    little(0x07064b50, 4),
    little(0, 4),
    little(at + directory.length, 8),
    little(1, 4),
  ]);
  const end = Buffer.concat([
    little(0x06054b50, 4),
    little(0, 4),
    Buffer.alloc(4, 255),
    Buffer.alloc(8, 255),
    little(0, 2),
  ]);
  const tail = Buffer.concat([directory, end64, locator, end]);
  writeSync(descriptor, tail, 0, tail.length, at);
  return file;
}

for (const file of [
  largeTorch(),
  large('model.safetensors', safetensors(header), new Uint8Array(0), 8 + header.length + tensorBytes),
  large('model.gguf', headGguf),
]) {
  const started = performance.now();
  const { verdict, sha256 } = await scanFile(file);
  print(
    `10 GB, ${file.split('.').at(-1)}`,
    `${(performance.now() - started).toFixed(0)} ms (${verdict}, sha256 ${sha256})`,
  );
}

const peer = spawnSync('picklescan', ['--path', path], { encoding: 'utf8' });
if (peer.error) print('picklescan', 'is not installed');
else {
  const started = performance.now();
  spawnSync('picklescan', ['--path', path]);
  print(
    'picklescan, the same file, with its start',
    `${(mb(content.length) / ((performance.now() - started) / 1000)).toFixed(1)} MB/s`,
  );
}
rmSync(folder, { recursive: true });
