import { join } from 'node:path';
import { CodedError, clock, InTurn, newEvent } from '@sallyport/core';
import {
  formatSignature,
  isLineOf,
  parseNote,
  parseVerifierKey,
  signedBy,
  type VerifierKey,
} from '@sallyport/ledger';
import { writeDurably } from '@sallyport/vault';
import { askWitness } from './ask-witness.ts';
import type { Control } from './control.ts';
import { COSIGNED_FILE } from './cosigned-checkpoint.ts';
import { log } from './log.ts';
import { witnessedPath } from './witnessed.ts';

/** How one witness stands to this log. */
export interface WitnessState {
  readonly name: string;
  readonly url: string;
  /** Entries under the checkpoint that it cosigned last; null while it has cosigned none since the start. */
  readonly size: number | null;
  readonly at: string | null;
  /** In words, why it cosigned nothing when it was asked last; null where it did. */
  readonly fault: string | null;
  /** It saw a longer log, or another one: somebody cut or rewrote this one. */
  readonly refuses: 'fork' | 'rollback' | null;
}

type WitnessConfig = Control['config']['record']['witnesses'][number];

const ATTEMPTS = 3;
/** Cosigning is recorded this often, and when it goes on after a fault: an entry for each would be one that is to be cosigned in turn. */
const NOTE_MS = 12 * 3_600_000;

/** A witness that refuses to go on, and why. */
class Refusal extends Error {
  readonly kind: 'fork' | 'rollback';

  constructor(kind: 'fork' | 'rollback', message: string) {
    super(message);
    this.kind = kind;
  }
}

/**
 * What of a witness's answer is kept: one line of each of its keys, all of which must hold. Lines of other keys are ignored
 * (C2SP tlog-witness, "add-checkpoint"), so that no witness decides how much is stored here.
 * @throws CodedError `internal` where a key signed nothing, `ledger-corrupt` for lines that are no signatures, or do not hold
 */
export function cosignedBy(note: string, answer: string, keys: readonly VerifierKey[]): string {
  // Apart from the log's own lines: a witness has as much room as any note has.
  const cosigned = parseNote(`${parseNote(note).text}\n${answer}`);
  const signed = signedBy(cosigned, keys);
  return keys
    .map((key) => {
      if (!signed.has(key))
        throw new CodedError('internal', `its answer is not signed by \`${key.name}\` (${key.type})`);
      return formatSignature(cosigned.signatures.find((line) => isLineOf(line, key))!);
    })
    .join('');
}

/** Has checkpoints cosigned by witnesses (C2SP tlog-witness), and tells when one of them saw another log. */
export class Witnesses {
  readonly #control: Control;
  readonly #states = new Map<string, WitnessState>();
  readonly #rounds = new InTurn();
  #notedMs = 0;
  #wasWhole = false;
  /** Entries under the checkpoint that was kept last. */
  #keptSize = -1;

  constructor(control: Control) {
    this.#control = control;
  }

  states(): readonly WitnessState[] {
    return this.#control.config.record.witnesses.map((one) => this.#state(one));
  }

  #state({ url, keys }: WitnessConfig): WitnessState {
    const { name } = parseVerifierKey(keys[0]!);
    return this.#states.get(url) ?? { name, url, size: null, at: null, fault: null, refuses: null };
  }

  /** Ends what is under way. */
  async stop(): Promise<void> {
    await this.#rounds.idle();
  }

  /** Asks every witness to cosign the newest checkpoint. */
  cosign(): Promise<void> {
    return this.#rounds.do(() => this.#round());
  }

  async #round(): Promise<void> {
    const { config, installation } = this.#control;
    const { witnesses, quorum } = config.record;
    if (witnesses.length === 0) return;
    const answers = await Promise.all(witnesses.map((one) => this.#ask(one)));
    const done = answers.filter((answer) => answer !== null);
    const size = Math.max(0, ...done.map((answer) => answer.size));
    const together = done.filter((answer) => answer.size === size);
    const isKept = together.length >= quorum;
    if (isKept) {
      const note = together[0]!.note + together.map(({ lines }) => lines).join('');
      writeDurably(join(installation.ledger.folder, COSIGNED_FILE), note, 0o644);
      // Apart from the data: a backup that is restored does not bring back an older one.
      if (size > this.#keptSize)
        writeDurably(witnessedPath(installation.rootKey, installation.id), note, 0o600);
      this.#keptSize = Math.max(size, this.#keptSize);
    }
    // One that refuses is told by an alert; it may lie, and keeps nothing from being kept against the quorum.
    const whole = isKept && this.states().every(({ refuses }) => refuses === null);
    if (whole && (!this.#wasWhole || clock.nowMs() - this.#notedMs > NOTE_MS)) {
      this.#notedMs = clock.nowMs();
      const names = together.map(({ name }) => name);
      await installation.announce(
        newEvent('checkpoint-cosigned', {
          actor: 'sallyport',
          subject: 'organisation',
          data: { size, witnesses: names, of: witnesses.length, quorum },
        }),
      );
    }
    this.#wasWhole = whole;
  }

  async #ask(
    witness: WitnessConfig,
  ): Promise<{ name: string; size: number; note: string; lines: string } | null> {
    const before = this.#state(witness);
    try {
      const answer = await this.#cosignedBy(witness, before.size ?? 0);
      const { size } = answer;
      this.#states.set(witness.url, { ...before, size, at: clock.nowIso(), fault: null, refuses: null });
      return { name: before.name, ...answer };
    } catch (fault) {
      const refuses = fault instanceof Refusal ? fault.kind : null;
      const message = (fault as Error).message;
      this.#states.set(witness.url, { ...before, fault: message, refuses });
      if (message !== before.fault)
        log(refuses ? 'error' : 'warn', 'a witness cosigns nothing', {
          witness: before.name,
          fault: message,
        });
      if (refuses && before.refuses !== refuses)
        await this.#control.installation.announce(
          newEvent('witness-refused', {
            actor: 'sallyport',
            subject: 'organisation',
            data: { witness: before.name, kind: refuses, fault: message },
          }),
        );
      return null;
    }
  }

  async #cosignedBy(
    { url, keys, allowPrivate }: WitnessConfig,
    known: number,
  ): Promise<{ size: number; note: string; lines: string }> {
    const { ledger } = this.#control.installation;
    const verifiers = keys.map(parseVerifierKey);
    let old = known;
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const { proof, checkpoint, note } = await ledger.proveConsistency(old);
      const answer = await askWitness({ url, allowPrivate }, old, proof, note);
      if (answer.kind === 'cosigned') {
        return { size: checkpoint.size, note, lines: cosignedBy(note, answer.lines, verifiers) };
      }
      if (answer.kind === 'saw-another')
        throw new Refusal('fork', `what it saw of ${old} entries is not the beginning of this log`);
      const { size } = answer;
      if (size > checkpoint.size)
        throw new Refusal(
          'rollback',
          `it saw ${size} entries, and this log has ${checkpoint.size}: it was cut or restored`,
        );
      if (size === old) throw new Refusal('fork', `it saw another log of ${size} entries`);
      old = size;
    }
    throw new CodedError('internal', 'others have it cosign this log at the same time');
  }
}
