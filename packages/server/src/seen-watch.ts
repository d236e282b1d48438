import { type Ledger, verifyConsistency } from '@sallyport/ledger';
import { forgetSeen, rememberSeen, seenLog } from './known-logs.ts';
import { log } from './log.ts';

/**
 * Remembers apart from the data how far the log went, and tells when what lies there does not go on from that: then an older
 * copy was put in its place, or it was rewritten. Without witnesses nothing else says so. The log opens all the same, since it may be
 * all that is left after a disk failed; and what was remembered stays, so that each verification tells it.
 */
export class SeenWatch {
  readonly #folder: string;
  readonly #rootKey: string | undefined;
  readonly #ledger: Ledger;
  #noted = -1;
  #isWritable = true;
  /** In words, why the log here is not what was seen; null where it is. */
  readonly fault: string | null;

  private constructor(folder: string, rootKey: string | undefined, ledger: Ledger, fault: string | null) {
    this.#folder = folder;
    this.#rootKey = rootKey;
    this.#ledger = ledger;
    this.fault = fault;
  }

  /**
   * Holds a log that was opened against what was seen of it.
   * @param rootKey path of the root key, if the command names one
   * @param isFresh whether the installation is made now, in an empty folder
   */
  static async begin(
    folder: string,
    rootKey: string | undefined,
    ledger: Ledger,
    isFresh: boolean,
  ): Promise<SeenWatch> {
    if (isFresh) forgetSeen(folder, rootKey);
    const fault = await faultOf(folder, rootKey, ledger);
    if (fault !== null) log('error', 'the record is not the one that was here before', { fault });
    return new SeenWatch(folder, rootKey, ledger, fault);
  }

  /** Remembers how far the log is signed now. A place that cannot be written is told, and stops nothing. */
  async note(): Promise<void> {
    const { size } = this.#ledger.checkpoint;
    if (this.fault !== null || size === this.#noted) return;
    const fault = await this.#ledger.proveConsistency(size).then(
      ({ note }) => rememberSeen(this.#folder, this.#rootKey, note),
      ({ message }: Error) => message,
    );
    if (fault === null) this.#noted = size;
    else if (this.#isWritable)
      log('warn', 'how far the record went could not be remembered apart from it', { fault });
    this.#isWritable = fault === null;
  }
}

async function faultOf(folder: string, rootKey: string | undefined, ledger: Ledger): Promise<string | null> {
  const seen = seenLog(folder, rootKey);
  if (seen === null) return null;
  const { checkpoint, file } = seen;
  const { size, origin } = ledger.checkpoint;
  const why = `this machine saw ${checkpoint.size} entries of it (${file}), and here`;
  const remedy = 'an older copy lies here, or it was rewritten; where you know why, remove that file';
  // Whose log it is, is told by its keys.
  if (size > 0 && checkpoint.origin !== origin) return null;
  if (checkpoint.size > size) return `${why} are ${size}: ${remedy}`;
  const { proof, checkpoint: now } = await ledger.proveConsistency(checkpoint.size);
  const isSame = verifyConsistency(checkpoint.size, now.size, proof, checkpoint.root, now.root);
  return isSame ? null : `${why} are others: ${remedy}`;
}
