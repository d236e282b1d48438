import { hash } from 'node:crypto';
import { join } from 'node:path';
import { CodedError, clock, InTurn } from '@sallyport/core';
import {
  type Checkpoint,
  cosignature,
  hasQuantumSafeForm,
  isLineOf,
  type NoteSigner,
  parseCheckpoint,
  readCheckpoint,
  signedBy,
  witnessKeys,
} from './checkpoint.ts';
import { type Disk, realDisk } from './disk.ts';
import { verifyConsistency } from './merkle.ts';
import {
  formatNote,
  formatSignature,
  fromBase64,
  type Note,
  type NoteSignature,
  noteText,
  parseNote,
} from './note.ts';
import { heldNumber, isHeld, sixtyFourBits } from './sixty-four-bits.ts';
import { HASH_BYTES } from './tile.ts';
import { DurableFiles, makeDurableFolder } from './tree-store.ts';
import type { VerifierKey } from './verifier-key.ts';

/** What a witness answers, as HTTP has it. */
export interface WitnessAnswer {
  readonly status: 200 | 400 | 403 | 404 | 409 | 422;
  readonly type: string;
  readonly body: string;
}

/** How a witness is opened. */
export interface WitnessOptions {
  readonly folder: string;
  /** Where its files lie; this machine's own file system if left out. */
  readonly disk?: Disk;
  readonly signer: NoteSigner;
  /** Keys of a log, any of which signs its checkpoints; null for a log that is not witnessed. */
  readonly keysOf: (origin: string) => readonly VerifierKey[] | null;
  /** Told when a log shows itself in two forms. */
  readonly onFork?: (origin: string, seen: Checkpoint, shown: Checkpoint) => void;
}

const HASHES_MAX = 63;
const BODY_CHARACTERS_MAX = 1_000_000;
const EMPTY = hash('sha256', '', 'buffer');
const ORIGIN_HASH = /^[0-9a-f]{64}$/;
const NOTE_TYPE = 'text/plain; charset=utf-8';

/** A request to a witness (https://c2sp.org/tlog-witness). */
export const formatAddCheckpoint = (old: number, proof: readonly Uint8Array[], note: string): string =>
  [`old ${old}`, ...proof.map((item) => Buffer.from(item).toString('base64')), '', note].join('\n');

interface AddCheckpoint {
  readonly old: bigint;
  readonly proof: readonly Uint8Array[];
  readonly note: Note;
  readonly checkpoint: ReturnType<typeof readCheckpoint>;
}

function parseAddCheckpoint(given: string | Uint8Array): AddCheckpoint | null {
  if (given.length > BODY_CHARACTERS_MAX) return null;
  try {
    const body = typeof given === 'string' ? given : noteText(given);
    const split = body.indexOf('\n\n');
    const [first = '', ...lines] = body.slice(0, Math.max(0, split)).split('\n');
    const old = first.startsWith('old ') ? sixtyFourBits(first.slice(4)) : null;
    if (split < 0 || old === null || lines.length > HASHES_MAX) return null;
    const proof = lines.map(fromBase64);
    if (proof.some((item) => item?.length !== HASH_BYTES)) return null;
    const note = parseNote(body.slice(split + 2));
    return { old, proof: proof as Buffer[], note, checkpoint: readCheckpoint(note.text) };
  } catch {
    return null;
  }
}

/** What is remembered of a log. */
interface Remembered {
  readonly checkpoint: Checkpoint;
  /** Signed by the log, and cosigned here; null where an earlier version kept the text alone. */
  readonly note: string | null;
}

/** Reads what was stored. @throws CodedError `ledger-corrupt` */
function readRemembered(file: Buffer): Remembered {
  const stored = noteText(file);
  if (!stored.includes('\n\n')) return { checkpoint: parseCheckpoint(stored), note: null };
  return { checkpoint: parseCheckpoint(parseNote(stored).text), note: stored };
}

const text = (status: WitnessAnswer['status'], body: string): WitnessAnswer => ({
  status,
  type: NOTE_TYPE,
  body: `${body}\n`,
});

const originHash = (origin: string): string => hash('sha256', origin, 'hex');

/** Cosigns checkpoints of logs, each only as a continuation of what it cosigned before (https://c2sp.org/tlog-witness). */
export class Witness {
  readonly #options: WitnessOptions;
  readonly #disk: Disk;
  /** By the hash of the origin. */
  readonly #remembered = new Map<string, Remembered>();
  /** One request after the other for each log: what is checked is what is stored. */
  readonly #turns = new Map<string, InTurn>();

  constructor(options: WitnessOptions) {
    this.#options = options;
    this.#disk = options.disk ?? realDisk;
    makeDurableFolder(this.#disk, options.folder);
  }

  /** What it cosigned last of a log. @throws CodedError `ledger-corrupt` where that cannot be read: then it cosigns nothing */
  seen(origin: string): Checkpoint {
    return this.#known(originHash(origin))?.checkpoint ?? { origin, size: 0, root: EMPTY };
  }

  #known(log: string): Remembered | null {
    const known = this.#remembered.get(log);
    if (known) return known;
    const path = join(this.#options.folder, `${log}.seen`);
    const file = this.#disk.readNow(path);
    if (!file) return null;
    const remembered = readRemembered(file);
    if (originHash(remembered.checkpoint.origin) !== log)
      throw new CodedError('ledger-corrupt', `\`${path}\` is about another log`);
    this.#remembered.set(log, remembered);
    return remembered;
  }

  /**
   * The checkpoint of a log that it cosigned last, with the signatures of the log that it verified and its own.
   * @param log SHA-256 of the origin, in small hexadecimal figures
   * @throws CodedError `ledger-corrupt` where what it remembers cannot be read
   */
  checkpointOf(log: string): WitnessAnswer {
    const note = ORIGIN_HASH.test(log) ? this.#known(log)?.note : null;
    if (!note) return text(404, 'no checkpoint of this log was cosigned here');
    return { status: 200, type: NOTE_TYPE, body: note };
  }

  /** Answers one request. @param body as {@link formatAddCheckpoint} writes it */
  async addCheckpoint(body: string | Uint8Array): Promise<WitnessAnswer> {
    const asked = parseAddCheckpoint(body);
    if (!asked) return text(400, 'the request is malformed');
    const { origin } = asked.checkpoint;
    const keys = this.#options.keysOf(origin);
    if (!keys) return text(404, 'this log is not witnessed here');
    try {
      if (signedBy(asked.note, keys).size === 0)
        return text(403, 'the checkpoint is not signed by a key of the log');
    } catch (fault) {
      return text(403, (fault as Error).message);
    }
    const lines = asked.note.signatures.filter((line) => keys.some((key) => isLineOf(line, key)));
    const turn = this.#turns.get(origin) ?? new InTurn();
    this.#turns.set(origin, turn);
    return turn.do(() => this.#add(asked, lines));
  }

  /** @param lines signatures of the log, which hold */
  async #add(
    { old, proof, note, checkpoint }: AddCheckpoint,
    lines: readonly NoteSignature[],
  ): Promise<WitnessAnswer> {
    const { origin, root } = checkpoint;
    if (old > checkpoint.size) return text(400, 'the old size is beyond the new one');
    const known = this.#known(originHash(origin));
    const seen = this.seen(origin);
    if (old !== BigInt(seen.size)) return { status: 409, type: 'text/x.tlog.size', body: `${seen.size}\n` };
    if (!isHeld(checkpoint.size))
      return text(400, `\`${checkpoint.size}\` entries are more than this witness holds (2^53 - 1)`);
    const size = heldNumber(checkpoint.size);
    // Of the same size, this compares the roots; of none, with the root of an empty tree.
    if (!verifyConsistency(seen.size, size, proof, seen.root, root)) {
      this.#options.onFork?.(origin, seen, { origin, size, root });
      return text(422, 'this does not go on from what was seen');
    }
    const cosigned = this.#cosign(origin, note.text);
    if (!known?.note || size > seen.size)
      await this.#remember({
        checkpoint: { origin, size, root },
        note: formatNote({ text: note.text, signatures: [...lines, ...cosigned] }),
      });
    return { status: 200, type: NOTE_TYPE, body: cosigned.map(formatSignature).join('') };
  }

  #cosign(origin: string, signed: string): NoteSignature[] {
    const { signer } = this.#options;
    const seconds = Math.floor(clock.nowMs() / 1000);
    const [classic, quantumSafe] = witnessKeys(signer);
    const first = cosignature(classic, signed, seconds, (message) => signer.sign(message));
    if (!hasQuantumSafeForm(origin)) return [first];
    return [first, cosignature(quantumSafe, signed, seconds, (message) => signer.signQuantumSafe(message))];
  }

  async #remember(remembered: Remembered & { readonly note: string }): Promise<void> {
    const log = originHash(remembered.checkpoint.origin);
    const files = new DurableFiles(this.#options.folder, this.#disk);
    await files.write(`${log}.seen`, Buffer.from(remembered.note));
    await files.settle();
    this.#remembered.set(log, remembered);
  }
}
