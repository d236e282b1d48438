import { hash } from 'node:crypto';
import { join } from 'node:path';
import { CodedError, clock } from '@sallyport/core';
import {
  type Checkpoint,
  cosignature,
  type NoteSigner,
  parseCheckpoint,
  signedAt,
  witnessKeys,
} from './checkpoint.ts';
import { type Disk, realDisk } from './disk.ts';
import { verifyConsistency } from './merkle.ts';
import { formatSignature, fromBase64, type Note, parseNote } from './note.ts';
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
const HASH_BYTES = 32;
const BODY_CHARACTERS_MAX = 1_000_000;
const EMPTY = hash('sha256', '', 'buffer');

/** A request to a witness (https://c2sp.org/tlog-witness). */
export const formatAddCheckpoint = (old: number, proof: readonly Uint8Array[], note: string): string =>
  [`old ${old}`, ...proof.map((item) => Buffer.from(item).toString('base64')), '', note].join('\n');

interface AddCheckpoint {
  readonly old: number;
  readonly proof: readonly Uint8Array[];
  readonly note: Note;
  readonly checkpoint: Checkpoint;
}

function parseAddCheckpoint(body: string): AddCheckpoint | null {
  if (body.length > BODY_CHARACTERS_MAX) return null;
  const split = body.indexOf('\n\n');
  const [first = '', ...lines] = body.slice(0, Math.max(0, split)).split('\n');
  const old = /^old (0|[1-9]\d{0,15})$/.exec(first)?.[1];
  if (split < 0 || old === undefined || !Number.isSafeInteger(Number(old)) || lines.length > HASHES_MAX)
    return null;
  const proof = lines.map(fromBase64);
  if (proof.some((item) => item?.length !== HASH_BYTES)) return null;
  try {
    const note = parseNote(body.slice(split + 2));
    return { old: Number(old), proof: proof as Buffer[], note, checkpoint: parseCheckpoint(note.text) };
  } catch {
    return null;
  }
}

const text = (status: WitnessAnswer['status'], body: string): WitnessAnswer => ({
  status,
  type: 'text/plain; charset=utf-8',
  body: `${body}\n`,
});

/** Cosigns checkpoints of logs, each only as a continuation of what it cosigned before (https://c2sp.org/tlog-witness). */
export class Witness {
  readonly #options: WitnessOptions;
  readonly #disk: Disk;
  readonly #seen = new Map<string, Checkpoint>();
  /** One request after the other for each log: what is checked is what is stored. */
  readonly #work = new Map<string, Promise<unknown>>();

  constructor(options: WitnessOptions) {
    this.#options = options;
    this.#disk = options.disk ?? realDisk;
    makeDurableFolder(this.#disk, options.folder);
  }

  /** What it cosigned last of a log. @throws CodedError `ledger-corrupt` where that cannot be read: then it cosigns nothing */
  seen(origin: string): Checkpoint {
    const known = this.#seen.get(origin);
    if (known) return known;
    const path = join(this.#options.folder, this.#path(origin));
    const file = this.#disk.readNow(path);
    if (!file) return { origin, size: 0, root: EMPTY };
    const checkpoint = parseCheckpoint(file.toString());
    if (checkpoint.origin !== origin)
      throw new CodedError('ledger-corrupt', `\`${path}\` is about another log`);
    this.#seen.set(origin, checkpoint);
    return checkpoint;
  }

  #path(origin: string): string {
    return `${hash('sha256', origin, 'hex')}.seen`;
  }

  /** Answers one request. @param body as {@link formatAddCheckpoint} writes it */
  async addCheckpoint(body: string): Promise<WitnessAnswer> {
    const asked = parseAddCheckpoint(body);
    if (!asked) return text(400, 'the request is malformed');
    const { origin } = asked.checkpoint;
    const keys = this.#options.keysOf(origin);
    if (!keys) return text(404, 'this log is not witnessed here');
    if (!keys.some((key) => signedAt(asked.note, key) !== null))
      return text(403, 'the checkpoint is not signed by a key of the log');
    const before = this.#work.get(origin) ?? Promise.resolve();
    const work = before.then(() => this.#add(asked));
    this.#work.set(
      origin,
      work.catch(() => {}),
    );
    return work;
  }

  async #add({ old, proof, note, checkpoint }: AddCheckpoint): Promise<WitnessAnswer> {
    const { origin, size, root } = checkpoint;
    if (old > size) return text(400, 'the old size is beyond the new one');
    const seen = this.seen(origin);
    const conflict: WitnessAnswer = { status: 409, type: 'text/x.tlog.size', body: `${seen.size}\n` };
    if (old !== seen.size) return conflict;
    if (size === seen.size && !root.equals(seen.root)) {
      this.#options.onFork?.(origin, seen, checkpoint);
      return conflict;
    }
    if (!verifyConsistency(old, size, proof, seen.root, root)) {
      this.#options.onFork?.(origin, seen, checkpoint);
      return text(422, 'the proof does not lead from what was seen to this');
    }
    if (size > seen.size) {
      const files = new DurableFiles(this.#options.folder, this.#disk);
      await files.write(this.#path(origin), Buffer.from(`${origin}\n${size}\n${root.toString('base64')}\n`));
      await files.settle();
      this.#seen.set(origin, checkpoint);
    }
    const { signer } = this.#options;
    const seconds = Math.floor(clock.nowMs() / 1000);
    const [classic, quantumSafe] = witnessKeys(signer);
    const lines = [
      cosignature(classic, note.text, seconds, (message) => signer.sign(message)),
      cosignature(quantumSafe, note.text, seconds, (message) => signer.signQuantumSafe(message)),
    ];
    return { status: 200, type: 'text/plain; charset=utf-8', body: lines.map(formatSignature).join('') };
  }
}
