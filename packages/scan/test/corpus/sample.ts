/** One file of the corpus. Payloads are harmless, and nothing is ever run. */
export interface Sample {
  /** The row of techniques it belongs to. */
  readonly row: string;
  readonly name: string;
  /** What the file is called. */
  readonly file: string;
  readonly bytes: Uint8Array;
  /** Whether loading it as a pickle would run something. */
  readonly runs: boolean;
}

/** Names a sample. */
export const sample = (row: string, name: string, file: string, bytes: Uint8Array, runs = false): Sample => ({
  row,
  name,
  file,
  bytes,
  runs,
});
