import type { Inspection } from '../inspection.ts';
import { asObject, type Json } from '../text/json.ts';
import { reportCommandLines } from './command-reports.ts';
import { reportPython } from './python-acts.ts';

/** A line that a shell runs, wherever its answer goes. */
const COMMAND = /^\s*(?:[\w.,]{1,64}\s{0,8}=\s{0,8})?[!%]/;
/** A cell that a shell runs as a whole, within another magic too. */
const SHELL_CELL = /^[ \t]*%%(?:bash|sh|script|cmd|system|sx|!)/m;
const SHELL =
  /^[ \t]*(?:(?:[\w.,]{1,64}[ \t]{0,8}=[ \t]{0,8})?(?:!|%(?:system|sx))|%%(?:bash|sh|script|cmd|writefile|system|sx|!|perl|ruby)|%alias|get_ipython\(\)\.(?:system|getoutput|run_cell_magic))/m;

const ACTIVE_OUTPUT = /<script[\s>]|javascript:|<iframe[\s>]|\bon(?:error|load|click|mouseover)\s*=/i;

const textOf = (value: Json | undefined): string =>
  typeof value === 'string'
    ? value
    : Array.isArray(value)
      ? value.filter((part) => typeof part === 'string').join('')
      : '';

/** Cells, which lie in sheets up to version 3: a reader turns these into the form of today. */
function* cellsOf(root: {
  readonly [key: string]: Json;
}): Generator<{ readonly cell: { readonly [key: string]: Json }; readonly pointer: string }> {
  const sheets = Array.isArray(root['worksheets']) ? (root['worksheets'] as readonly Json[]) : [];
  const lists = [
    { list: root['cells'], pointer: '/cells' },
    ...sheets.map((sheet, n) => ({ list: asObject(sheet)?.['cells'], pointer: `/worksheets/${n}/cells` })),
  ];
  for (const { list, pointer } of lists)
    for (const [index, one] of (Array.isArray(list) ? (list as readonly Json[]) : []).entries()) {
      const cell = asObject(one);
      if (cell) yield { cell, pointer: `${pointer}/${index}` };
    }
}

/** Whether a document is a notebook. */
export const isNotebook = (root: { readonly [key: string]: Json }): boolean =>
  root['nbformat'] !== undefined && (Array.isArray(root['cells']) || Array.isArray(root['worksheets']));

/** The code of a notebook, cell below cell. */
export const notebookCode = (root: { readonly [key: string]: Json }): string =>
  [...cellsOf(root)]
    .filter(({ cell }) => cell['cell_type'] === 'code')
    .map(({ cell }) => textOf(cell['source'] ?? cell['input']))
    .join('\n');

/** Cells and outputs of a Jupyter notebook. */
export function inspectNotebook(inspection: Inspection, root: { readonly [key: string]: Json }): void {
  for (const { cell, pointer } of cellsOf(root)) {
    // Up to version 3 code stands under another name.
    const text = textOf(cell['source'] ?? cell['input']);
    if (cell['cell_type'] === 'code') {
      const isShell = SHELL_CELL.test(text);
      const isTold = reportCommandLines(
        inspection,
        text,
        () => ({ pointer }),
        isShell ? undefined : (line) => COMMAND.test(line),
      );
      if (!isTold && SHELL.test(text))
        inspection.report('notebook-command', 'has a cell that runs commands', { pointer });
      reportPython(inspection, text, () => ({ pointer }), false);
    } else if (ACTIVE_OUTPUT.test(text))
      inspection.report('active-content', 'has a text that runs in a browser', { pointer });
    const outputs = Array.isArray(cell['outputs']) ? cell['outputs'] : [];
    for (const output of outputs) {
      const data = asObject(asObject(output)?.['data']);
      for (const [type, value] of Object.entries(data ?? {}))
        if (
          type === 'application/javascript' ||
          (/^(?:text\/html|image\/svg\+xml)$/.test(type) && ACTIVE_OUTPUT.test(textOf(value)))
        )
          inspection.report('active-content', 'has an output that runs in a browser', { pointer });
    }
  }
}
