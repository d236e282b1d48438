import { clock, printableLine, shortened, visible, visibleJson } from '@sallyport/core';

/**
 * The one place from which text goes to a terminal; `output.test.ts` keeps it so. Every line passes through `printableLine`, so that no
 * name of a file, system or package moves the cursor, hides a verdict, begins a line of its own or gives a build server a command.
 */

/** Longer lines are shortened in the middle: keys, addresses and references are shorter. */
const LINE_CHARACTERS_MAX = 8192;
const CELL_CHARACTERS_MAX = 200;

const lineOf = (text: string): string => shortened(printableLine(text), LINE_CHARACTERS_MAX);

let endsUnread = true;
/** Whether nobody reads what is printed any more. A command ends all the same as it would: its status is its verdict. */
let isUnheard = false;
process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
  isUnheard = true;
  if (endsUnread && code !== 'EPIPE') process.exit(3);
});

/** Writes to standard output while somebody reads it. @returns whether there is room for more */
const write = (text: string): boolean => isUnheard || process.stdout.write(text);

process.stderr.on('error', () => {});

/** From here on the program goes on when what it prints cannot be written: nothing that observes ends what protects. */
export function goOnUnread(): void {
  endsUnread = false;
}

/** Writes one JSON document. */
export function printJson(value: unknown): void {
  write(`${visibleJson(value, 2)}\n`);
}

/** Writes a piece of JSON lines. @returns when there is room for the next */
export async function printJsonLines(values: readonly unknown[]): Promise<void> {
  const text = values.map((value) => `${visibleJson(value)}\n`).join('');
  if (write(text)) return;
  await new Promise<void>((done) => {
    const go = (): void => {
      process.stdout.off('drain', go).off('error', go);
      done();
    };
    process.stdout.once('drain', go).once('error', go);
  });
}

/** Writes lines of text, each on a line of its own whatever is in it. */
export function print(...lines: readonly string[]): void {
  write(`${lines.map(lineOf).join('\n')}\n`);
}

/** Writes lines to standard error. */
export function printFault(...lines: readonly string[]): void {
  process.stderr.write(`${lines.map(lineOf).join('\n')}\n`);
}

/** Writes a warning, apart from what is reported. */
export const warn = (message: string): void => printFault(`warning: ${message}`);

/** The lines of a text that is meant to have several, such as a certificate. */
export const linesOf = (text: string): string[] => text.split(/\r?\n/);

/** Rows as lines with aligned columns. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const all = [head, ...rows].map((row) => row.map((cell) => shortened(visible(cell), CELL_CHARACTERS_MAX)));
  const widths = head.map((_, i) => all.reduce((widest, row) => Math.max(widest, (row[i] ?? '').length), 0));
  return all.map((row) =>
    row
      .map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i]!)))
      .join('  ')
      .trimEnd(),
  );
}

/** Progress on a terminal for what takes longer than two seconds; silent elsewhere. */
export class Progress {
  readonly #label: string;
  readonly #startedMs = clock.nowMs();
  #shown = false;

  constructor(label: string) {
    this.#label = label;
  }

  update(done: number, of: number): void {
    if (!process.stderr.isTTY || clock.nowMs() - this.#startedMs < 2_000) return;
    this.#shown = true;
    const share = Math.floor((done / Math.max(1, of)) * 100);
    process.stderr.write(`\r${visible(this.#label)}: ${done} of ${of} (${share} %)   `);
  }

  end(): void {
    if (this.#shown) process.stderr.write('\r\x1b[K');
  }
}
