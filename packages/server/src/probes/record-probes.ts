import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clock } from '@sallyport/core';
import {
  entriesPath,
  formatProof,
  type Ledger,
  parseVerifierKey,
  readPlain,
  TILE_WIDTH,
  VERIFIER_FILES,
  verifyLedger,
  verifyProof,
} from '@sallyport/ledger';
import { SALT_BYTES } from '@sallyport/vault';
import { auditRunning } from '../audit/running-audit.ts';
import { openContent } from '../content.ts';
import { replayDecisions } from '../decision-replay.ts';
import { DIVERGENCE_WORDS } from '../state-watch.ts';
import type { Found, ProbeContext } from './probe-context.ts';

/** What a bundle of entries has at the most. */
const BUNDLE_BYTES_MAX = 32 * 1024 * 1024;
/** A key is one line. */
const KEY_BYTES_MAX = 64 * 1024;

const verifierKeys = ({ verifierKey, quantumSafeVerifierKey }: Ledger): string[] => [
  verifierKey,
  quantumSafeVerifierKey,
];

/** Verifies the whole log, a sample of stored contents, and that the state follows from the log. */
export async function ledgerVerify({ installation, publish, memory, signal }: ProbeContext): Promise<Found> {
  await installation.ledger.checkpointNow();
  const { fault } = installation.seen;
  if (fault !== null)
    return { passed: false, detail: `the record is not the one that was here before: ${fault}` };
  if (await installation.state.look()) await publish();
  const [row] = installation.state.diverging;
  if (row)
    return {
      passed: false,
      detail: `\`${row.row}\` does not follow from the log: ${DIVERGENCE_WORDS[row.why]}`,
    };
  const { log, content, state } = await auditRunning(installation, memory, signal);
  const [problem] = [...log.problems, ...content.problems, ...state.problems];
  return {
    passed: problem === undefined,
    detail: problem
      ? `the record does not verify: ${problem.message}`
      : `all ${log.size} entries of the log verify against the signed checkpoint${memory.bundles.read < log.size ? ` (${memory.bundles.read} were read now, the files of the others have not changed since)` : ''}; ${content.checked} contents were opened and are what it says, ${content.unchecked} were not in the sample; ${state.exchanges} exchanges are in the state as it says${state.expired > 0 ? `, ${state.expired} have expired` : ''}`,
  };
}

/** Gives the log a second folder in which one byte of its end is another, and expects to be told. */
export async function tamperDrill({ installation, memory, signal }: ProbeContext): Promise<Found> {
  const { folder, checkpoint } = installation.ledger;
  if (checkpoint.size === 0) return null;
  const copy = mkdtempSync(join(tmpdir(), 'sallyport-drill-'));
  try {
    const n = Math.floor((checkpoint.size - 1) / TILE_WIDTH);
    const width = Math.min(TILE_WIDTH, checkpoint.size - n * TILE_WIDTH);
    const path = [entriesPath(n, width), entriesPath(n, TILE_WIDTH)].find((name) =>
      existsSync(join(folder, name)),
    );
    if (!path) return null;
    copyFileSync(join(folder, 'checkpoint'), join(copy, 'checkpoint'));
    linkBut(folder, copy, path.split('/'));
    const bytes = readPlain(join(folder, path), BUNDLE_BYTES_MAX)!;
    bytes[Math.floor(bytes.length / 2)]! ^= 1;
    writeFileSync(join(copy, path), bytes);
    // What has not changed since it was verified is not read again: of a long log this reads the end.
    const again = { known: memory.bundles.copy(), signal };
    const report = await verifyLedger(copy, verifierKeys(installation.ledger), [], () => {}, null, again);
    return {
      passed: report.problems.some(({ file }) => file === path),
      detail: report.ok
        ? 'a changed byte in a copy of the log went unnoticed'
        : 'a changed byte in a copy of the log was found and placed',
    };
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

/** Makes folders along the path of one file, and links to all that lies beside it. */
function linkBut(from: string, to: string, path: readonly string[]): void {
  const [first, ...rest] = path;
  if (rest.length === 0) return;
  const [inside, beside] = [join(from, first!), join(to, first!)];
  mkdirSync(beside);
  for (const name of readdirSync(inside))
    if (name !== rest[0]) symlinkSync(join(inside, name), join(beside, name));
  linkBut(inside, beside, rest);
}

/** Proves the last entry, and holds that against the public keys as they were published, and nothing else. */
export async function offlineProof({ installation }: ProbeContext): Promise<Found> {
  const { ledger } = installation;
  await ledger.checkpointNow();
  const index = ledger.checkpoint.size - 1;
  if (index < 0) return null;
  const { leaves, note } = await ledger.prove([index]);
  const { leaf, proof } = leaves[0]!;
  const file = formatProof({ index, hashes: proof, extra: leaf, note });
  const keys = VERIFIER_FILES.map((name) =>
    parseVerifierKey(String(readPlain(join(ledger.folder, name), KEY_BYTES_MAX))),
  );
  try {
    const { checkpoint } = verifyProof(file, keys);
    return {
      passed: true,
      detail: `a proof of entry ${index} of ${checkpoint.size} holds with nothing but the ${keys.length} public keys`,
    };
  } catch (fault) {
    return { passed: false, detail: `a proof of entry ${index} does not hold: ${(fault as Error).message}` };
  }
}

/** Opens recent sealed content: each must need a key, and must not be readable without. */
export async function sealedContent({ installation }: ProbeContext): Promise<Found> {
  const rows = await installation.store.exchanges.list({ limit: 200 });
  let opened = 0;
  for (const row of rows) {
    if (row.demo === 1 || row.synthetic === 1 || opened >= 25) continue;
    const found = await openContent(installation, row.intent_index, row.id);
    if (!found) continue;
    const content = found.plain.subarray(SALT_BYTES);
    if (content.length >= 16 && Buffer.from(found.sealed).includes(Buffer.from(content.subarray(0, 16)))) {
      return { passed: false, detail: `the content of ${row.id} is stored in the clear` };
    }
    opened++;
  }
  const stray = existsSync(join(installation.folder, 'content'))
    ? readdirSync(join(installation.folder, 'content')).length
    : 0;
  if (opened === 0) return null;
  return {
    passed: stray === 0,
    detail: `${opened} stored contents were opened with their keys; none is readable without`,
  };
}

/** Looks for records that workers numbered and that are not in the log. */
export async function sequenceGaps({ installation }: ProbeContext): Promise<Found> {
  if ((await installation.store.exchanges.counts('1970')).total === 0) return null;
  const gaps = await installation.store.exchanges.sequenceGaps();
  const missing = gaps.reduce((sum, gap) => sum + gap.missing, 0) + installation.gaps.missing;
  return {
    passed: missing === 0,
    detail:
      missing === 0
        ? 'the sequence numbers of all workers have no gap, and what they were told is durable is in the log'
        : `${missing} sequence numbers are missing from the record`,
  };
}

/** Decides calls of the last day again from the record. */
export async function decisionReplay({ installation, config, policies }: ProbeContext): Promise<Found> {
  const { replayed, differing } = await replayDecisions(installation, config, policies, clock.nowMs());
  if (replayed === 0) return null;
  return {
    passed: differing.length === 0,
    detail:
      differing.length === 0
        ? `${replayed} calls of the last day were decided again from the record, each as it was decided then`
        : `of ${replayed} calls of the last day ${differing.length} would be decided differently: ${differing.slice(0, 3).join(', ')}`,
  };
}
