import { escapes } from '../archives/member-path.ts';
import type { ByteSource } from '../bytes/byte-source.ts';
import { type Field, fieldsOf, inside, looksLikeMessage, textOf } from '../bytes/protobuf.ts';
import type { Inspection } from '../inspection.ts';
import { printable } from '../text/printable.ts';
import type { Format } from './format.ts';

/** Operators that come with the runtime; all others need a library that somebody installs. */
const DOMAINS =
  /^(?:|ai\.onnx(?:\.ml|\.training|\.preview(?:\.training)?)?|com\.microsoft(?:\.(?:nchwc|experimental|mlfeaturizers))?|com\.ms\.internal\.nhwc|org\.pytorch\.aten|pkg\.(?:onnxscript|torch)[\w.]*)$/;
/** Operators that run Python, wherever they come from. */
const PYTHON = /^(?:Py(?:Op|CustomOp|Func)|PythonOp(?:Grad)?|ATen)$/;
const DEPTH_MAX = 32;

interface Walk {
  readonly inspection: Inspection;
  readonly source: ByteSource;
  /** Domains that the model defines functions in. */
  readonly own: Set<string>;
  readonly custom: Map<string, number>;
}

function tensor({ inspection, source }: Walk, field: Field): void {
  for (const part of inside(source, field)) {
    if (part.number !== 13) continue;
    let key = '';
    let value = '';
    for (const entry of inside(source, part)) {
      if (entry.number === 1) key = textOf(source, entry);
      if (entry.number === 2) value = textOf(source, entry);
    }
    const place = { offset: part.offset };
    if (key === 'location' && (escapes(value) || /^[a-z][a-z0-9+.-]*:/i.test(value)))
      inspection.report(
        'path-traversal',
        `keeps tensors in \`${printable(value)}\`, outside its folder`,
        place,
      );
    if ((key === 'offset' || key === 'length') && !/^\d{1,15}$/.test(value.trim()))
      inspection.report(
        'header-arithmetic',
        `says that tensors lie at an impossible place (\`${printable(key)}\`)`,
        place,
      );
  }
}

function attribute(walk: Walk, field: Field, depth: number): void {
  for (const part of inside(walk.source, field)) {
    if (part.number === 5 || part.number === 10) tensor(walk, part);
    if (part.number === 6 || part.number === 11) graph(walk, part, depth + 1);
  }
}

function node(walk: Walk, field: Field, depth: number): void {
  let operator = '';
  let domain = '';
  for (const part of inside(walk.source, field)) {
    if (part.number === 4) operator = textOf(walk.source, part);
    else if (part.number === 7) domain = textOf(walk.source, part);
    else if (part.number === 5) attribute(walk, part, depth);
  }
  if (PYTHON.test(operator))
    walk.inspection.report('python-operator', `has \`${printable(operator)}\`, which runs Python`, {
      offset: field.offset,
    });
  else if (!DOMAINS.test(domain) && !walk.custom.has(domain)) walk.custom.set(domain, field.offset);
}

function graph(walk: Walk, field: Field, depth: number): void {
  if (depth > DEPTH_MAX)
    return walk.inspection.report('too-deep', 'holds graphs within graphs, deeper than is looked');
  for (const part of inside(walk.source, field)) {
    if (part.number === 1) node(walk, part, depth);
    else if (part.number === 5) tensor(walk, part);
    else if (part.number === 15)
      for (const sparse of inside(walk.source, part))
        if (sparse.number <= 2 && sparse.length > 0) tensor(walk, sparse);
  }
}

/** ONNX (onnx/onnx.proto): operators, and tensors kept in other files. Weights are not read. */
export const onnx: Format = {
  name: 'onnx',
  recognise: ({ name, head, inspection }) =>
    head[0] === 0x08 &&
    head[1]! > 0 &&
    head[1]! < 32 &&
    (name.endsWith('.onnx') || isModel(inspection.source)),
  inspect: (inspection) => {
    const { source } = inspection;
    const walk: Walk = { inspection, source, own: new Set(), custom: new Map() };
    for (const field of fieldsOf(source)) {
      if (field.number === 7) graph(walk, field, 0);
      else if (field.number === 25) {
        for (const part of inside(source, field)) {
          if (part.number === 10) walk.own.add(textOf(source, part));
          else if (part.number === 7) node(walk, part, 0);
        }
      } else if (field.number === 20)
        for (const part of inside(source, field))
          if (part.number <= 2 && part.length > 0) graph(walk, part, 0);
    }
    for (const [domain, offset] of walk.custom)
      if (!walk.own.has(domain))
        inspection.report(
          'custom-operator',
          `needs operators of \`${printable(domain)}\`, which a library brings`,
          { offset },
        );
  },
};

/** Version first, then a graph somewhere among the fields of a model. */
function isModel(source: ByteSource): boolean {
  if (!looksLikeMessage(source, new Set([1]), 25)) return false;
  try {
    for (const { number, length } of fieldsOf(source)) if (number === 7 && length > 0) return true;
  } catch {
    return false;
  }
  return false;
}
