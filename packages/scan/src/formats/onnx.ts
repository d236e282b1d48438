import type { ByteSource } from '../bytes/byte-source.ts';
import { type Field, fieldsOf, inside, textOf } from '../bytes/protobuf.ts';
import type { Inspection } from '../inspection.ts';
import { printable } from '../text/printable.ts';
import type { Format } from './format.ts';
import {
  DOMAINS,
  ENGINE_ATTRIBUTES,
  ENGINES,
  inspectDomain,
  inspectExternal,
  inspectOnnxOperator,
  isOutside,
} from './onnx-parts.ts';

const DEPTH_MAX = 32;
/** Operators of others that are told apart. */
const CUSTOM_MAX = 100_000;

interface Walk {
  readonly inspection: Inspection;
  readonly source: ByteSource;
  /** Functions that the model defines, as {@link keyOf} has them. */
  readonly own: Set<string>;
  /** Operators that do not come with the runtime, each once. */
  readonly custom: Map<string, { readonly domain: string; readonly offset: number }>;
}

const keyOf = (domain: string, operator: string): string => JSON.stringify([domain, operator]);

function tensor({ inspection, source }: Walk, field: Field): void {
  for (const part of inside(source, field)) {
    if (part.number !== 13) continue;
    let key = '';
    let value = '';
    for (const entry of inside(source, part)) {
      if (entry.number === 1) key = textOf(source, entry);
      if (entry.number === 2) value = textOf(source, entry);
    }
    inspectExternal(inspection, key, value, { offset: part.offset });
  }
}

/** A tensor of which only some elements are written: its values, and where they belong. */
function sparse(walk: Walk, field: Field): void {
  for (const part of inside(walk.source, field))
    if ((part.number === 1 || part.number === 2) && part.length > 0) tensor(walk, part);
}

/** What an attribute is called, with its text and whole number. */
interface Attribute {
  name: string;
  text: string;
  whole: number;
}

function attribute(walk: Walk, field: Field, depth: number): Attribute {
  const read = { name: '', text: '', whole: 0 };
  for (const part of inside(walk.source, field)) {
    const { number } = part;
    if (number === 1) read.name = textOf(walk.source, part);
    else if (number === 3) read.whole = part.value;
    else if (number === 4) read.text = textOf(walk.source, { ...part, length: Math.min(part.length, 4096) });
    else if (number === 5 || number === 10) tensor(walk, part);
    else if (number === 6 || number === 11) graph(walk, part, depth + 1);
    else if (number === 22 || number === 23) sparse(walk, part);
  }
  return read;
}

/** Compiled code for one kind of device, in the model or in a file beside it. */
function engine(
  { inspection }: Walk,
  operator: string,
  attributes: readonly Attribute[],
  offset: number,
): void {
  inspection.report(
    'opaque-engine',
    `holds or names an engine of compiled code (\`${printable(operator)}\`)`,
    {
      offset,
    },
  );
  const isEmbedded = attributes.findLast(({ name }) => name === 'embed_mode')?.whole !== 0;
  const place = attributes.findLast(({ name }) => name === 'ep_cache_context')?.text ?? '';
  if (!isEmbedded && isOutside(place))
    inspection.report('path-traversal', `takes an engine from \`${printable(place)}\`, outside its folder`, {
      offset,
    });
}

function node(walk: Walk, field: Field, depth: number): void {
  let operator = '';
  let domain = '';
  const attributes: Attribute[] = [];
  for (const part of inside(walk.source, field)) {
    if (part.number === 4) operator = textOf(walk.source, part);
    else if (part.number === 7) domain = textOf(walk.source, part);
    else if (part.number === 5) {
      const read = attribute(walk, part, depth);
      if (ENGINE_ATTRIBUTES.has(read.name)) attributes.push(read);
    }
  }
  if (ENGINES.test(operator)) engine(walk, operator, attributes, field.offset);
  if (inspectOnnxOperator(walk.inspection, operator, { offset: field.offset })) return;
  if (!DOMAINS.test(domain) && walk.custom.size < CUSTOM_MAX) {
    const key = keyOf(domain, operator);
    if (!walk.custom.has(key)) walk.custom.set(key, { domain, offset: field.offset });
  }
}

function graph(walk: Walk, field: Field, depth: number): void {
  if (depth > DEPTH_MAX)
    return walk.inspection.report('too-deep', 'holds graphs within graphs, deeper than is looked');
  for (const part of inside(walk.source, field)) {
    if (part.number === 1) node(walk, part, depth);
    else if (part.number === 5) tensor(walk, part);
    else if (part.number === 15) sparse(walk, part);
  }
}

/** ONNX (onnx/onnx.proto): operators, and tensors kept in other files. Weights are not read. */
export const onnx: Format = {
  name: 'onnx',
  recognise: ({ name, size, inspection }) =>
    size > 0 && (name.endsWith('.onnx') || isModel(inspection.source)),
  inspect: (inspection) => {
    const { source } = inspection;
    const walk: Walk = { inspection, source, own: new Set(), custom: new Map() };
    for (const field of fieldsOf(source)) {
      if (field.number === 7) graph(walk, field, 0);
      else if (field.number === 25) {
        let [domain, name] = ['', ''];
        for (const part of inside(source, field)) {
          if (part.number === 1) name = textOf(source, part);
          else if (part.number === 10) domain = textOf(source, part);
          else if (part.number === 7) node(walk, part, 0);
          else if (part.number === 11) attribute(walk, part, 0);
        }
        walk.own.add(keyOf(domain, name));
      } else if (field.number === 20)
        for (const part of inside(source, field))
          if (part.number <= 2 && part.length > 0) graph(walk, part, 0);
    }
    const told = new Set<string>();
    for (const [key, { domain, offset }] of walk.custom) {
      if (walk.own.has(key) || told.has(domain)) continue;
      inspectDomain(inspection, domain, told, { offset });
    }
  },
};

/** A graph among the fields, which readers take in any order, past those that they do not know. */
function isModel(source: ByteSource): boolean {
  try {
    let hasGraph = false;
    let hasVersion = false;
    for (const field of fieldsOf(source)) {
      if (field.number === 7 && field.length > 0) hasGraph ||= isGraph(source, field);
      else if (field.number === 1 && field.length === 0) hasVersion = true;
    }
    return hasGraph && hasVersion;
  } catch {
    return false;
  }
}

/** An operator, or a tensor with a type and a name. @throws Truncated, Malformed */
function isGraph(source: ByteSource, field: Field): boolean {
  for (const part of inside(source, field)) {
    if (part.number === 1 && part.length > 0) {
      for (const own of inside(source, part))
        if (own.number === 4 && /^[A-Za-z_]\w*$/.test(textOf(source, own))) return true;
    } else if (part.number === 5 && part.length > 0) {
      const numbers = new Set([...inside(source, part)].map(({ number }) => number));
      if (numbers.has(2) && numbers.has(8)) return true;
    }
  }
  return false;
}
