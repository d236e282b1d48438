import { escapes } from '../archives/member-path.ts';
import type { Inspection, Place } from '../inspection.ts';
import { asObject, type Json, type JsonObject } from '../text/json.ts';
import { printable } from '../text/printable.ts';

/** Operators that come with the runtime; all others need a library that is installed apart. */
export const DOMAINS =
  /^(?:|ai\.onnx(?:\.ml|\.training|\.preview(?:\.training)?)?|com\.microsoft(?:\.(?:nchwc|experimental|mlfeaturizers))?|com\.ms\.internal\.nhwc|org\.pytorch\.aten|pkg\.(?:onnxscript|torch)[\w.]*)$/;
/** Operators that run Python, wherever they come from. */
const PYTHON = /^(?:Py(?:Op|CustomOp|Func)|PythonOp(?:Grad)?|ATen)$/;
/** Operators whose attributes are compiled code, or a file of it (ONNX Runtime, `contrib_defs.cc`). */
export const ENGINES = /^(?:EPContext|Snpe)$/;
export const ENGINE_ATTRIBUTES: ReadonlySet<string> = new Set(['embed_mode', 'ep_cache_context']);
/** In place of a file: `offset` is an address in the memory of the process that loads it (ONNX Runtime, `tensorprotoutils.h`). */
const IN_MEMORY = '*/_ORT_MEM_ADDR_/*';
/** Keys of `external_data` that the standard has, and those that onnx and ONNX Runtime write besides. */
const EXTERNAL_KEYS: ReadonlySet<string> = new Set(['location', 'offset', 'length', 'checksum', 'basepath']);
/** More bytes than any tensor has: a reader that believes them maps all memory. */
const ADDRESSABLE_BYTES = 2 ** 46;

/** Whether a place that a model names lies outside its folder. */
export const isOutside = (path: string): boolean => escapes(path) || /^[a-z][a-z0-9+.-]*:/i.test(path);

/** Says what an operator does that runs Python. @returns whether it is one */
export function inspectOnnxOperator(inspection: Inspection, operator: string, place: Place): boolean {
  if (!PYTHON.test(operator)) return false;
  inspection.report('python-operator', `has \`${printable(operator)}\`, which runs Python`, place);
  return true;
}

/** Reports operators of a domain that the runtime does not bring, once. @param told domains that were told */
export function inspectDomain(inspection: Inspection, domain: string, told: Set<string>, place: Place): void {
  if (DOMAINS.test(domain) || told.has(domain)) return;
  told.add(domain);
  inspection.report(
    'custom-operator',
    `needs operators of \`${printable(domain)}\`, which a library brings`,
    place,
  );
}

/** Reports what one entry of a tensor's `external_data` does. */
export function inspectExternal(inspection: Inspection, key: string, value: string, place: Place): void {
  if (key === 'location' && value.startsWith(IN_MEMORY))
    inspection.report('header-arithmetic', 'says that tensors lie at an address of memory', place);
  if ((key === 'location' || key === 'basepath') && isOutside(value))
    inspection.report(
      'path-traversal',
      `keeps tensors in \`${printable(value)}\`, outside its folder`,
      place,
    );
  if (
    (key === 'offset' || key === 'length') &&
    (!/^\d{1,15}$/.test(value.trim()) || Number(value) > ADDRESSABLE_BYTES)
  )
    inspection.report(
      'header-arithmetic',
      `says that tensors lie at an impossible place (\`${printable(key)}\`)`,
      place,
    );
  // Versions of onnx set every key as an attribute of an object (CVE-2026-34445).
  if (!EXTERNAL_KEYS.has(key))
    inspection.report(
      'external-data',
      `says of tensors what the standard does not know (\`${printable(key)}\`)`,
      place,
    );
}

const either = (object: JsonObject, ...keys: readonly string[]): Json | undefined =>
  keys.map((key) => object[key]).find((value) => value !== undefined);

/** Reports what a part of an ONNX model in its form as JSON does (`onnx.load_model(format='json')`). @param told domains that were told */
export function inspectOnnxObject(
  inspection: Inspection,
  object: JsonObject,
  pointer: string,
  told: Set<string>,
): void {
  const operator = either(object, 'opType', 'op_type');
  const { domain } = object;
  if (typeof operator === 'string' && !inspectOnnxOperator(inspection, operator, { pointer }))
    if (typeof domain === 'string') inspectDomain(inspection, domain, told, { pointer });
  const entries = either(object, 'externalData', 'external_data');
  if (Array.isArray(entries) && either(object, 'dataType', 'data_type', 'dims') !== undefined)
    for (const one of entries.map((entry: Json) => asObject(entry)))
      if (typeof one?.['key'] === 'string' && typeof one['value'] === 'string')
        inspectExternal(inspection, one['key'], one['value'], { pointer });
}
