import { clock } from '@sallyport/core';
/** Writes one JSON document. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

/** Writes lines of text. */
export function print(...lines: string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`);
}

/** Writes a warning, apart from what is reported. */
export function warn(message: string): void {
  process.stderr.write(`warning: ${message}\n`);
}

/** Rows as a table with aligned columns. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows];
  const widths = head.map((_, i) => Math.max(...all.map((row) => (row[i] ?? '').length)));
  return all
    .map((row) =>
      row
        .map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i]!)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
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
    process.stderr.write(
      `\r${this.#label}: ${done} of ${of} (${Math.floor((done / Math.max(1, of)) * 100)} %)   `,
    );
  }

  end(): void {
    if (this.#shown) process.stderr.write('\r\x1b[K');
  }
}
