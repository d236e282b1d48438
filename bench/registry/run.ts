// How fast models are hashed beside the speed of the disk, sealed beside the bare cipher, and packages looked up:
// `npm run bench registry [-- GIGABYTES]`. As root it reads from the disk itself; else from memory, and says so.
import { spawnSync } from 'node:child_process';
import { createCipheriv, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { FolderArtefacts, signModel } from '../../packages/registry/src/index.ts';
import { hashParts } from '../../packages/registry/src/signing/hash-files.ts';
import { AdvisoryDatabase, importAdvisories, inspectDependencies } from '../../packages/scan/src/index.ts';
import { osv, writeExport } from '../../packages/scan/test/corpus/advisories.ts';
import { DataKeys, KeyRing, openRootKey } from '../../packages/vault/src/index.ts';

const GIGABYTES = Number(process.argv[2] ?? 4);
const FILES = 8;
const CHUNK = 64 * 1024;
const ADVISORIES = 200_000;
const folder = mkdtempSync(join(tmpdir(), 'sallyport-bench-registry-'));
const say = (what: string, measured: string): void =>
  void process.stdout.write(`${what.padEnd(52)} ${measured}\n`);

async function seconds(work: () => unknown): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

/** Empties the cache of files, so that the next read comes from the disk. @returns whether that was allowed */
function forget(): boolean {
  spawnSync('sync');
  try {
    writeFileSync('/proc/sys/vm/drop_caches', '3');
    return true;
  } catch {
    return false;
  }
}

async function hashing(): Promise<void> {
  const model = join(folder, 'model');
  mkdirSync(model);
  const each = Math.floor((GIGABYTES * 1024 ** 3) / FILES);
  const block = randomBytes(16 * 1024 * 1024);
  const paths = Array.from({ length: FILES }, (_, i) => join(model, `shard-${i}.safetensors`));
  for (const path of paths) {
    const descriptor = openSync(path, 'w');
    for (let at = 0; at < each; at += block.length)
      writeSync(descriptor, block, 0, Math.min(block.length, each - at));
  }
  const bytes = each * FILES;
  const read = (): void => void spawnSync('sh', ['-c', `cat ${paths.join(' ')} > /dev/null`]);
  const jobs = paths.map((path) => ({ path, start: 0, end: each }));
  const rounds: { cold: boolean; disk: number; hash: number }[] = [];
  for (const cold of [true, false, true, false]) {
    if (cold && !forget()) continue;
    const disk = await seconds(read);
    if (cold) forget();
    rounds.push({ cold, disk, hash: await seconds(() => hashParts(jobs, 'sha256')) });
  }
  for (const cold of [true, false]) {
    const some = rounds.filter((round) => round.cold === cold);
    if (some.length === 0) {
      say('hashing from the disk', 'not measured: only root may empty the cache of files');
      continue;
    }
    const disk = Math.min(...some.map((round) => round.disk));
    const hash = Math.min(...some.map((round) => round.hash));
    say(
      `hashing from ${cold ? 'the disk' : 'memory'}, ${(bytes / 1e9).toFixed(1)} GB`,
      `${(bytes / hash / 1e9).toFixed(2)} GB/s of ${(bytes / disk / 1e9).toFixed(2)} GB/s that \`cat\` reads: ${((disk / hash) * 100).toFixed(0)} %`,
    );
  }
  const { privateKey } = (await import('node:crypto')).generateKeyPairSync('ec', {
    namedCurve: 'prime256v1',
  });
  const key = privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;
  const signing = await seconds(() => signModel(model, { key, shardBytes: 256 * 1024 * 1024 }));
  say('signing it in shards of 256 MiB, from memory', `${(bytes / signing / 1e9).toFixed(2)} GB/s`);
  rmSync(model, { recursive: true });
}

async function sealing(): Promise<void> {
  const root = openRootKey(join(folder, 'root.key'), folder, true);
  const keys = await DataKeys.open(join(folder, 'keys'), await KeyRing.open(join(folder, 'ring'), root));
  const store = new FolderArtefacts(join(folder, 'artefacts'), keys);
  const content = randomBytes(256 * 1024 * 1024);
  const path = join(folder, 'content');
  writeFileSync(path, content);
  const [sha256] = await hashParts([{ path, start: 0, end: content.length }], 'sha256');
  const bare = await seconds(() => {
    const key = randomBytes(32);
    for (let at = 0; at < content.length; at += CHUNK) {
      const cipher = createCipheriv('aes-256-gcm', key, Buffer.alloc(12));
      cipher.update(content.subarray(at, at + CHUNK));
      cipher.final();
    }
  });
  const put = await seconds(() => store.put(sha256!, path));
  const open = await seconds(async () => {
    for await (const _ of store.read(sha256!));
  });
  const rate = (time: number): string => `${(content.length / time / 1e6).toFixed(0)} MB/s`;
  say(
    'sealing and storing, hashed as it goes',
    `${rate(put)}; the bare cipher in chunks of 64 KiB: ${rate(bare)}`,
  );
  say('opening, hashed as it goes', rate(open));
}

async function lookups(): Promise<void> {
  const records = Array.from({ length: ADVISORIES }, (_, i) =>
    osv(`B-${i}`, 'npm', `package-${i % 100_000}`, [{ introduced: '0' }, { fixed: '2.0.0' }]),
  );
  writeExport(join(folder, 'export'), { npm: records });
  const importing = await seconds(() => importAdvisories(join(folder, 'export'), join(folder, 'db')));
  say(`importing ${ADVISORIES} advisories`, `${importing.toFixed(1)} s`);
  const packages = Array.from({ length: 10_000 }, (_, i) => `package-${i}`);
  const locks: Readonly<Record<string, string>> = {
    'package-lock.json': JSON.stringify({
      lockfileVersion: 3,
      packages: Object.fromEntries(
        packages.map((name) => [`node_modules/${name}`, { version: '1.0.0', integrity: 'x' }]),
      ),
    }),
    'pnpm-lock.yaml': `lockfileVersion: '9.0'\npackages:\n${packages.map((name) => `  ${name}@1.0.0:\n    resolution: {integrity: sha512-${'x'.repeat(88)}}\n`).join('')}`,
    'yarn.lock': `# yarn lockfile v1\n\n${packages.map((name) => `${name}@^1.0.0:\n  version "1.0.0"\n  resolved "https://npm.example/${name}/-/${name}-1.0.0.tgz"\n  integrity sha512-x\n`).join('\n')}`,
  };
  for (const [name, text] of Object.entries(locks)) {
    const project = join(folder, `with-${name}`);
    mkdirSync(project);
    writeFileSync(join(project, name), text);
    const database = AdvisoryDatabase.open(join(folder, 'db'))!;
    let found = 0;
    const time = await seconds(async () => {
      found = (await inspectDependencies([project], database)).vulnerabilities.length;
    });
    database.close();
    say(`10,000 packages of ${name}, database opened`, `${time.toFixed(2)} s, ${found} vulnerabilities`);
  }
}

try {
  await hashing();
  await sealing();
  await lookups();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
