import type { Connection } from './store.ts';

/** Who asks for changes, and may be gone by the time that they are made. */
export interface Asking {
  /** As events name them. */
  readonly actor: string;
  /** With which rows they came, as `TABLE/KEY`: each must follow from the record when their change is made. */
  readonly rows: readonly string[];
  /** Keeps a question about what they may: it is asked once more, when all changes before theirs are made. */
  keep(again: () => Promise<void>): void;
  /** Told that the first change was made: what was kept is answered, and what follows may rest on that change. */
  made(): void;
  /** Asks what was kept. @throws Error what they are told where the answer is another by now */
  again(): Promise<void>;
  /** Whether they are there still, as the transaction sees it. */
  isThere(tx: Connection): Promise<boolean>;
  /** What they changed of their own is no reason to refuse what follows in the same request. */
  changed(tx: Connection): Promise<void>;
  /** What they are told. */
  refusal(): Error;
}
