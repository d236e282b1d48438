import type { Inspection } from '../inspection.ts';
import { inspectTemplate } from '../templates/inspect-template.ts';
import { asObject, type Json, type JsonObject, objectsIn, parsePythonJson, textsIn } from '../text/json.ts';
import { printable } from '../text/printable.ts';

/** Codecs that unpickle each chunk; the rest of a name says who brings them. */
const PICKLES = /^(?:[\w.]+[./])?(?:pickle|cloudpickle|dill|joblib)$/i;
const REFERENCES_MAX = 100_000;

const codecsIn = (value: Json | undefined): readonly Json[] =>
  Array.isArray(value) ? (value as readonly Json[]) : value === undefined || value === null ? [] : [value];

/** The description of an array of zarr, beside its chunks or in one document with others. */
export function inspectZarrArray(inspection: Inspection, object: JsonObject, pointer: string): void {
  if (object['zarr_format'] === undefined && object['chunks'] === undefined) return;
  const named = ['filters', 'compressor', 'object_codec', 'codecs'].flatMap((key) => codecsIn(object[key]));
  for (const one of named) {
    for (const { object: codec } of objectsIn(one)) {
      const id = [codec['id'], codec['name']].find((name) => typeof name === 'string' && PICKLES.test(name));
      if (typeof id !== 'string') continue;
      return inspection.report(
        'embedded-pickle',
        `has its chunks unpickled (\`${printable(id)}\`): none of them was looked into`,
        { pointer },
      );
    }
  }
}

/** References to arrays of zarr in other files: descriptions within texts, and templates that are rendered. */
export function inspectReferences(inspection: Inspection, root: Json): void {
  const fields = asObject(root);
  const references = asObject(fields?.['refs']) ?? fields;
  if (!fields || !references) return;
  let read = 0;
  for (const [key, value] of Object.entries(references)) {
    if (typeof value !== 'string' || !/(?:^|\/)(?:\.zarray|\.zmetadata|zarr\.json)$/.test(key)) continue;
    if (++read > REFERENCES_MAX) return inspection.report('too-much', 'describes more arrays than are read');
    let inner: Json;
    try {
      inner = parsePythonJson(value);
    } catch {
      continue;
    }
    for (const { object } of objectsIn(inner)) inspectZarrArray(inspection, object, `/${key.slice(0, 64)}`);
  }
  if (fields['refs'] === undefined) return;
  for (const key of ['templates', 'gen'])
    for (const { text, pointer } of textsIn(fields[key] ?? null, (one) => /\{[{%]/.test(one)))
      inspectTemplate(inspection, text, { pointer: `/${key}${pointer}` });
}
