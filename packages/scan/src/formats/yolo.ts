import type { Inspection } from '../inspection.ts';
import { commandAct } from '../text/command-act.ts';
import { commandLines } from '../text/fetch-and-run.ts';
import { asObject, type Json, type JsonObject } from '../text/json.ts';
import { printable } from '../text/printable.ts';
import { type Evaluated, reportEvaluated } from './evaluated.ts';

/** A script of the project itself, with plain words behind it. */
const OWN_SCRIPT = /^bash\s+(?!\/)(?:[\w-][\w.-]*\/){0,16}[\w-][\w.-]*\.sh(?:\s+[\w./=-]+){0,16}\s*$/;
const ADDRESS = /^\s*(?:https?|ul|gs|s3):\/\/\S+\s*$/;
/** What a script is for that fetches data is no harm. */
const SCRIPT: Evaluated = { what: 'download', told: { connects: null, removes: null, loads: null } };

/** What gets a data set where it is missing: an address, commands behind `bash`, or Python. */
function inspectDownload(inspection: Inspection, text: string): void {
  const place = { pointer: '/download' };
  if (ADDRESS.test(text) || text.trim() === '') return;
  if (!/^bash\s/.test(text)) {
    if (!reportEvaluated(inspection, text, place, SCRIPT))
      inspection.report('config-code', 'runs Python of its own where data is missing', place);
    return;
  }
  for (const { line } of commandLines(text))
    if (commandAct(line) !== null)
      return inspection.report('config-execution', 'runs commands that fetch or decode a program', place);
  if (OWN_SCRIPT.test(text)) inspection.report('config-code', 'runs a script where data is missing', place);
  else inspection.report('install-command', 'runs commands where data is missing', place);
}

/** Layers as YOLO lists them: from where, how many, which module, with which arguments. */
function inspectLayers(inspection: Inspection, layers: readonly Json[], pointer: string): void {
  for (const [index, layer] of layers.entries()) {
    if (!Array.isArray(layer)) continue;
    const parts = layer as readonly Json[];
    const given = Array.isArray(parts[3]) ? (parts[3] as readonly Json[]) : [];
    for (const one of [parts[1], parts[2], ...given])
      if (typeof one === 'string') inspectExpression(inspection, one, 'module', `${pointer}/${index}`);
  }
}

/** Calls that make layers. */
const OWN_CALL =
  /^(?:torch\.)?nn\.\w+(?:\.\w+)?$|^[A-Z]\w*$|^(?:int|float|round|max|min|len|abs|range|list|tuple|sum)$/;
const CALL = /\b([A-Za-z_][\w.]{0,256})\s{0,8}\(/g;

function inspectExpression(inspection: Inspection, text: string, what: string, pointer: string): void {
  if (reportEvaluated(inspection, text, { pointer }, { what })) return;
  for (const [, name] of text.slice(0, 4096).matchAll(CALL))
    if (!OWN_CALL.test(name!))
      return inspection.report(
        'config-target',
        `\`${what}\` is evaluated, and calls \`${printable(name!)}\``,
        {
          pointer,
        },
      );
}

/** Data sets and models of YOLO: texts in them are run or evaluated. */
export function inspectYolo(inspection: Inspection, root: Json): void {
  const fields: JsonObject | null = asObject(root);
  if (!fields) return;
  const isData = ['train', 'val', 'test', 'names', 'nc', 'path'].some((key) => fields[key] !== undefined);
  if (isData && typeof fields['download'] === 'string') inspectDownload(inspection, fields['download']);
  const lists = ['backbone', 'head', 'neck'].filter((key) => Array.isArray(fields[key]));
  const isModel = lists.some((key) => (fields[key] as readonly Json[]).some(Array.isArray));
  if (!isModel) return;
  for (const key of lists) inspectLayers(inspection, fields[key] as readonly Json[], `/${key}`);
  for (const key of ['activation', 'act'])
    if (typeof fields[key] === 'string') inspectExpression(inspection, fields[key], key, `/${key}`);
}
