// How many records the log makes durable in a second beside what the disk itself can do, how far its checkpoint lags,
// and how fast a log of a million entries is verified from its files: `npm run bench ledger [-- SECONDS ENTRIES]`.
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { Ledger, type NoteSigner, verifyLedger } from '../../packages/ledger/src/index.ts';

const SECONDS = Number(process.argv[2] ?? 15);
const ENTRIES = Number(process.argv[3] ?? 1_000_000);
const CONCURRENCY = 1_024;
const ENTRY_BYTES = 400;
const ROUNDS = 3;

const say = (what: string, measured: string): void =>
  void process.stdout.write(`${what.padEnd(56)} ${measured}\n`);

const raw = (key: KeyObject, bytes: number): Buffer =>
  key.export({ format: 'der', type: 'spki' }).subarray(-bytes);

function signer(): NoteSigner {
  const [classic, lattice] = [generateKeyPairSync('ed25519'), generateKeyPairSync('ml-dsa-44')];
  return {
    name: 'bench.example/log',
    publicKey: raw(classic.publicKey, 32),
    sign: (message) => sign(null, message, classic.privateKey),
    quantumSafePublicKey: raw(lattice.publicKey, 1312),
    signQuantumSafe: (message) => sign(null, message, lattice.privateKey),
  };
}

const entryOf = (i: number): { leaf: Buffer; payload: null } => {
  const leaf = Buffer.alloc(ENTRY_BYTES, 'x');
  leaf.writeUInt32BE(i >>> 0);
  return { leaf, payload: null };
};

/** Batches of as many records as wait at once, written over one preallocated file and synced, one after the other. */
function disk(): number {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-bench-ledger-'));
  const fd = openSync(join(folder, 'raw'), 'w');
  const batch = Buffer.alloc(CONCURRENCY * ENTRY_BYTES, 1);
  const span = 32 * batch.length;
  for (let at = 0; at < span; at += batch.length) writeSync(fd, batch, 0, batch.length, at);
  fdatasyncSync(fd);
  const begun = performance.now();
  let records = 0;
  for (let at = 0; performance.now() - begun < 3_000; at = (at + batch.length) % span) {
    writeSync(fd, batch, 0, batch.length, at);
    fdatasyncSync(fd);
    records += CONCURRENCY;
  }
  const perSecond = (records / (performance.now() - begun)) * 1000;
  closeSync(fd);
  rmSync(folder, { recursive: true });
  return perSecond;
}

async function append(): Promise<{ perSecond: number; p50: number; p99: number; lagMs: number }> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-bench-ledger-'));
  const ledger = await Ledger.open({
    folder,
    signer: signer(),
    onFault: (fault) => say('fault', String(fault)),
  });
  const waits: number[] = [];
  let next = 0;
  let going = true;
  const lane = async (): Promise<void> => {
    while (going) {
      const begun = performance.now();
      await ledger.append([entryOf(next++)]);
      waits.push(performance.now() - begun);
    }
  };
  // When each size became durable, until a checkpoint covers it.
  const durable: { size: number; at: number }[] = [];
  let lagMs = 0;
  const watch = setInterval(() => {
    const now = performance.now();
    durable.push({ size: ledger.size, at: now });
    while (durable.length > 0 && durable[0]!.size <= ledger.checkpoint.size)
      lagMs = Math.max(lagMs, now - durable.shift()!.at);
    if (durable.length > 0) lagMs = Math.max(lagMs, now - durable[0]!.at);
  }, 5);
  const begun = performance.now();
  const lanes = Array.from({ length: CONCURRENCY }, lane);
  await new Promise((done) => setTimeout(done, SECONDS * 1000));
  going = false;
  await Promise.all(lanes);
  const tookMs = performance.now() - begun;
  clearInterval(watch);
  waits.sort((a, b) => a - b);
  const at = (share: number): number => waits[Math.floor(waits.length * share)]!;
  const found = { perSecond: (waits.length / tookMs) * 1000, p50: at(0.5), p99: at(0.99), lagMs };
  await ledger.close();
  rmSync(folder, { recursive: true });
  return found;
}

async function verification(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-bench-ledger-'));
  const ledger = await Ledger.open({ folder, signer: signer() });
  for (let at = 0; at < ENTRIES; at += 5_000)
    await ledger.append(Array.from({ length: Math.min(5_000, ENTRIES - at) }, (_, i) => entryOf(at + i)));
  await ledger.close();
  const begun = performance.now();
  const report = await verifyLedger(folder, [ledger.verifierKey, ledger.quantumSafeVerifierKey]);
  const seconds = (performance.now() - begun) / 1000;
  say(
    `${report.size} entries verified from their files${report.ok ? '' : ': NOT OK'}`,
    `${seconds.toFixed(1)} s`,
  );
  rmSync(folder, { recursive: true });
}

for (let round = 1; round <= ROUNDS; round++) {
  const bare = disk();
  const { perSecond, p50, p99, lagMs } = await append();
  say(`round ${round}: records/s, ${CONCURRENCY} at once, ${ENTRY_BYTES} bytes`, perSecond.toFixed(0));
  say(
    '  beside the bare disk, the same bytes synced',
    `${bare.toFixed(0)} (${(perSecond / bare).toFixed(2)})`,
  );
  say('  p50 and p99 of an append, durable', `${p50.toFixed(1)} ms, ${p99.toFixed(1)} ms`);
  say('  longest lag of the checkpoint', `${lagMs.toFixed(0)} ms`);
}
await verification();
