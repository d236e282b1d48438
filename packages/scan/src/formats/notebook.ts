import type { Inspection } from '../inspection.ts';
import { asObject, type Json } from '../text/json.ts';

const COMMAND = /^\s*[!%]/;
const FETCH = /\b(?:curl|wget)\b/;
const PIPED_TO_SHELL = /^\s*(?:sudo\s+)?(?:ba|z|da)?sh\b/;
const SHELL =
  /^[ \t]*(?:!|%%(?:bash|sh|script|cmd|writefile)|%(?:system|sx|alias)|get_ipython\(\)\.(?:system|run_cell_magic))/m;

/** Whether a line of a cell fetches a program and hands it to a shell. */
const fetchesAndRuns = (text: string): boolean =>
  text.split('\n').some((line) => {
    if (!COMMAND.test(line)) return false;
    const pieces = line.split('|');
    return pieces.some((piece, n) => n > 0 && PIPED_TO_SHELL.test(piece) && FETCH.test(pieces[n - 1]!));
  });
const HIDDEN_CODE =
  /\b(?:exec|eval|__import__)\s*\(\s*(?:[\w.]*b(?:64|85|32|16)decode|[\w.]*decompress|bytes\.fromhex|compile|marshal\.loads|codecs\.decode|zlib\.|''\.join)/;
const ACTIVE_OUTPUT = /<script[\s>]|javascript:|<iframe[\s>]|\bon(?:error|load|click|mouseover)\s*=/i;

const textOf = (value: Json | undefined): string =>
  typeof value === 'string'
    ? value
    : Array.isArray(value)
      ? value.filter((part) => typeof part === 'string').join('')
      : '';

/** Cells and outputs of a Jupyter notebook. */
export function inspectNotebook(inspection: Inspection, root: { readonly [key: string]: Json }): void {
  for (const [index, one] of (root['cells'] as readonly Json[]).entries()) {
    const cell = asObject(one);
    if (!cell) continue;
    const pointer = `/cells/${index}`;
    const text = textOf(cell['source']);
    if (cell['cell_type'] === 'code') {
      if (fetchesAndRuns(text))
        inspection.report('notebook-shell', 'has a cell that fetches a program and runs it', { pointer });
      else if (SHELL.test(text))
        inspection.report('notebook-command', 'has a cell that runs commands', { pointer });
      if (HIDDEN_CODE.test(text))
        inspection.report('hidden-code', 'has a cell that decodes code and runs it', { pointer });
    } else if (ACTIVE_OUTPUT.test(text))
      inspection.report('active-content', 'has a text that runs in a browser', { pointer });
    const outputs = Array.isArray(cell['outputs']) ? cell['outputs'] : [];
    for (const output of outputs) {
      const data = asObject(asObject(output)?.['data']);
      for (const [type, value] of Object.entries(data ?? {}))
        if (type === 'application/javascript' || (type === 'text/html' && ACTIVE_OUTPUT.test(textOf(value))))
          inspection.report('active-content', 'has an output that runs in a browser', { pointer });
    }
  }
}
