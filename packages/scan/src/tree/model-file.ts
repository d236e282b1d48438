import { DEFAULT_BUDGET } from '../budget.ts';
import { FileSource } from '../bytes/byte-source.ts';
import { formatsOf } from '../formats/index.ts';
import { FileScan, Inspection } from '../inspection.ts';
import { AllowList } from '../pickle/allow-list.ts';
import { isModelFormat } from '../report/model-formats.ts';
import { endingOf, hasModelEnding } from './model-endings.ts';
import type { PathBytes } from './path-bytes.ts';

/** Endings of sources, texts and pictures, which are many and no models. */
const OTHER_ENDINGS: ReadonlySet<string> = new Set(
  (
    'js mjs cjs jsx ts mts cts tsx map json md txt py pyi pyc pyx pxd so dll dylib node c h cc cpp hpp rs go java rb php sh bat ps1 ' +
    'css scss less html htm xml yml yaml toml ini cfg lock flow png jpg jpeg gif svg ico woff woff2 ttf eot otf wasm license ' +
    'sample typed'
  ).split(' '),
);
const NONE_ALLOWED = new AllowList([]);

/**
 * Whether a file looks like a model, by the end of its name or else by its first bytes.
 * @param path null to go by the name alone
 * @param mayRead asked before a file is opened
 */
export function isModelFile(path: PathBytes | null, name: string, mayRead: () => boolean): boolean {
  if (hasModelEnding(name)) return true;
  if (path === null || OTHER_ENDINGS.has(endingOf(name))) return false;
  // What may not be read any more is not known to be harmless.
  if (!mayRead()) return true;
  try {
    const source = FileSource.open(path);
    try {
      const inspection = new Inspection(new FileScan(NONE_ALLOWED, DEFAULT_BUDGET), name, source);
      return formatsOf(inspection).some(({ name: format }) => isModelFormat(format));
    } finally {
      source.close();
    }
  } catch {
    return true;
  }
}
