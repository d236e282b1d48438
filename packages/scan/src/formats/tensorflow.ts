import { type ByteSource, BytesSource } from '../bytes/byte-source.ts';
import { type Field, fieldsOf, inside, textOf } from '../bytes/protobuf.ts';
import type { Inspection } from '../inspection.ts';
import type { TechniqueName } from '../techniques.ts';
import { beginsAsJson, parsePythonJson } from '../text/json.ts';
import { printable } from '../text/printable.ts';
import type { Format } from './format.ts';
import { inspectKerasConfig } from './keras-config.ts';
import { isBuiltIn } from './tensorflow-known.ts';
import {
  FILE_OPERATORS,
  MAKING_OPERATORS,
  NAMED_OPERATORS,
  NETWORK_OPERATORS,
  PYTHON_OPERATORS,
  SAVER_OPERATORS,
} from './tensorflow-operators.ts';
import { type GraphNode, mayBeGraph, textsIn } from './tensorflow-texts.ts';

const PLACED_OPERATORS: ReadonlySet<string> = new Set(['PrintV2', 'DecodeProtoV2', 'EncodeProto']);
const ATTRIBUTE_BYTES_MAX = 4096;

/** Whether an attribute of a node is a file. */
function namesFile(source: ByteSource, field: Field): boolean {
  for (const part of inside(source, field))
    if (
      part.number === 5 &&
      part.length < ATTRIBUTE_BYTES_MAX &&
      /file:\/\/|descriptor_source.{1,8}(?:\/|\.\.)/s.test(textOf(source, part))
    )
      return true;
  return false;
}

const NODES_MAX = 2_000_000;
/** Where `SavedObject` of Keras keeps the configuration. */
const METADATA_FIELD = 5;
const KERAS_TEXT_BYTES_MAX = 64 * 1024 * 1024;

function readNode(source: ByteSource, field: Field): GraphNode {
  let name = '';
  let operator = '';
  const inputs: string[] = [];
  for (const part of inside(source, field)) {
    if (part.number === 1) name = textOf(source, part);
    else if (part.number === 2) operator = textOf(source, part);
    else if (part.number === 3 && inputs.length < 64) inputs.push(textOf(source, part));
  }
  return { name, operator, inputs, field };
}

/** Reports one operator that reaches outside the graph, or that a library must bring. */
export function inspectOperator(inspection: Inspection, operator: string, offset: number): void {
  const say = (technique: TechniqueName, does: string): void =>
    inspection.report(technique, `has \`${printable(operator)}\`, which ${does}`, { offset });
  if (PYTHON_OPERATORS.has(operator)) say('python-operator', 'runs Python');
  else if (FILE_OPERATORS.has(operator)) say('graph-file', 'reads or writes files');
  else if (NETWORK_OPERATORS.has(operator)) say('graph-network', 'opens connections');
  else if (MAKING_OPERATORS.has(operator)) say('graph-from-data', 'makes a graph out of data and runs it');
  else if (NAMED_OPERATORS.has(operator)) say('graph-operator', NAMED_OPERATORS.get(operator)!);
  else if (!isBuiltIn(operator)) say('graph-operator', 'does not come with TensorFlow');
}

/** Saving and restoring is part of every model; with a place of its own instead of the caller's it is not. */
function hasOwnPlace(node: GraphNode, nodes: ReadonlyMap<string, GraphNode>): boolean {
  const from = node.operator === 'MergeV2Checkpoints' ? node.inputs.slice(0, 2) : node.inputs.slice(0, 1);
  return from.some((first) => {
    let at: string | undefined = first;
    for (let steps = 0; at !== undefined && steps < 64; steps++) {
      const found = nodes.get(at.replace(/^\^/, '').split(':')[0]!);
      if (!found) return false;
      if (found.operator === 'Const') return true;
      if (/^(?:Placeholder|PlaceholderWithDefault|_Arg)$/.test(found.operator)) return false;
      at = found.inputs[0];
    }
    return false;
  });
}

/** Graphs within texts of graphs that are looked into. */
const GRAPHS_DEPTH_MAX = 8;

/** A graph within the texts of another, and where that has it. */
interface Within {
  readonly depth: number;
  readonly offset: number | null;
}

function inspectNodes(
  inspection: Inspection,
  source: ByteSource,
  fields: () => Iterable<Field>,
  own: ReadonlySet<string>,
  { offset }: Within,
): ReadonlyMap<string, GraphNode> {
  const nodes = new Map<string, GraphNode>();
  const savers: GraphNode[] = [];
  const placeOf = (field: Field): { offset: number } => ({ offset: offset ?? field.offset });
  for (const field of fields()) {
    const node = readNode(source, field);
    if (nodes.size < NODES_MAX) nodes.set(node.name, node);
    if (!own.has(node.operator)) inspectOperator(inspection, node.operator, placeOf(field).offset);
    // What is printed goes where an attribute says, and descriptions of messages come from where one says.
    if (PLACED_OPERATORS.has(node.operator) && namesFile(source, field))
      inspection.report(
        'graph-file',
        `has \`${printable(node.operator)}\` with a file of its own`,
        placeOf(field),
      );
    if (SAVER_OPERATORS.has(node.operator)) savers.push(node);
  }
  for (const node of savers)
    if (hasOwnPlace(node, nodes))
      inspection.report(
        'graph-file',
        `has \`${printable(node.operator)}\` with a place of its own`,
        placeOf(node.field),
      );
  return nodes;
}

/** Fields of one number that hold something. */
function* filled(fields: Iterable<Field>, number: number): Generator<Field> {
  for (const field of fields) if (field.number === number && field.length > 0) yield field;
}

function inspectGraph(
  inspection: Inspection,
  source: ByteSource,
  field: Field | null,
  within: Within = { depth: 0, offset: null },
): void {
  const parts = (): Generator<Field> => (field ? inside(source, field) : fieldsOf(source));
  const own = new Set<string>();
  for (const definition of functionsOf(source, parts())) own.add(nameOf(source, definition));
  const bodies: (() => Iterable<Field>)[] = [() => filled(parts(), 1)];
  for (const definition of functionsOf(source, parts()))
    bodies.push(() => filled(inside(source, definition), 3));
  let fault: unknown = null;
  for (const body of bodies) {
    const nodes = inspectNodes(inspection, source, body, own, within);
    try {
      for (const text of textsIn(source, body(), nodes)) inspectWithin(inspection, text, within);
    } catch (thrown) {
      // What else stands beside it is looked at first.
      fault ??= thrown;
    }
  }
  if (fault !== null) throw fault;
}

/** A text of a graph that is a graph itself, as some operators make one of a text. */
function inspectWithin(
  inspection: Inspection,
  { bytes, offset }: { readonly bytes: Uint8Array; readonly offset: number },
  within: Within,
): void {
  const inner = new BytesSource(bytes);
  if (!isMessage(inner, holdsKnownNode)) return;
  const place = within.offset ?? offset;
  if (within.depth >= GRAPHS_DEPTH_MAX)
    return inspection.report('too-deep', `has graphs in texts of graphs, over ${GRAPHS_DEPTH_MAX} deep`, {
      offset: place,
    });
  inspectGraph(inspection, inner, null, { depth: within.depth + 1, offset: place });
}

/** Functions that a graph brings along (`FunctionDefLibrary`). */
function* functionsOf(source: ByteSource, parts: Iterable<Field>): Generator<Field> {
  for (const part of parts)
    if (part.number === 2 && part.length > 0)
      for (const definition of inside(source, part))
        if (definition.number === 1 && definition.length > 0) yield definition;
}

/** What a function calls itself; a node whose operator it is calls it. Names of what TensorFlow has are no names of functions. */
function nameOf(source: ByteSource, definition: Field): string {
  let name = '';
  for (const part of inside(source, definition))
    if (part.number === 1 && part.length > 0)
      for (const detail of inside(source, part)) if (detail.number === 1) name = textOf(source, detail);
  return isBuiltIn(name) ? '' : name;
}

/** Whether fields hold an operator with a name, in any order and among any others. @throws Truncated, Malformed */
function holdsNode(source: ByteSource, fields: Iterable<Field>): boolean {
  for (const field of fields) {
    if (field.number !== 1 || field.length === 0) continue;
    const { name, operator } = readNode(source, field);
    if (/^[\x21-\x7e]+$/.test(name) && /^[A-Z_][A-Za-z0-9_>]*$/.test(operator)) return true;
  }
  return false;
}

/** Whether a graph has, or a function in it, an operator that comes with TensorFlow: what only looks like a graph has none. @throws Truncated, Malformed */
function holdsKnownNode(source: ByteSource): boolean {
  const isKnown = (field: Field): boolean => {
    const { name, operator } = readNode(source, field);
    return name !== '' && isBuiltIn(operator);
  };
  for (const node of filled(fieldsOf(source), 1)) if (isKnown(node)) return true;
  for (const definition of functionsOf(source, fieldsOf(source)))
    for (const node of filled(inside(source, definition), 3)) if (isKnown(node)) return true;
  return false;
}

/** Whether fields hold a graph with an operator. @throws Truncated, Malformed */
function holdsGraph(source: ByteSource, fields: Iterable<Field>): boolean {
  for (const part of fields)
    if (part.number === 2 && part.length > 0 && holdsNode(source, inside(source, part))) return true;
  return false;
}

/** Whether a source is a message of which `holds` is true; what is no message is none. */
function isMessage(
  source: ByteSource,
  holds: (source: ByteSource, fields: Iterable<Field>) => boolean,
): boolean {
  try {
    for (const _ of fieldsOf(source));
    return holds(source, fieldsOf(source));
  } catch {
    return false;
  }
}

function holdsMetaGraph(source: ByteSource, fields: Iterable<Field>): boolean {
  for (const meta of fields)
    if (meta.number === 2 && meta.length > 0 && holdsGraph(source, inside(source, meta))) return true;
  return false;
}

/** A configuration of Keras as a text in a message. */
function inspectKerasText(inspection: Inspection, field: Field, isKnown: boolean): void {
  if (field.length < 2) return;
  if (field.length > KERAS_TEXT_BYTES_MAX)
    return inspection.report('too-much', 'has a configuration that is longer than is read', {
      offset: field.offset,
    });
  const text = textOf(inspection.source, field);
  if (!isKnown && !beginsAsJson(text)) return;
  try {
    inspectKerasConfig(inspection, parsePythonJson(text), { offset: field.offset });
  } catch {
    inspection.report('malformed', 'has a configuration that is not JSON', { offset: field.offset });
  }
}

/** Where a `SavedObjectGraph` has its objects, an object what a user wrote, and that its metadata: what Keras reads where there is no file of its own. */
const USER_METADATA = [1, 4, 3] as const;

function inspectObjects(inspection: Inspection, field: Field, [number, ...deeper]: readonly number[]): void {
  for (const part of inside(inspection.source, field)) {
    if (part.number !== number || part.length === 0) continue;
    if (deeper.length > 0) inspectObjects(inspection, part, deeper);
    else inspectKerasText(inspection, part, false);
  }
}

/** TensorFlow SavedModel (`saved_model.pb`). */
export const savedModel: Format = {
  name: 'saved-model',
  recognise: ({ name, size, inspection }) =>
    size > 0 && (name === 'saved_model.pb' || isMessage(inspection.source, holdsMetaGraph)),
  inspect: (inspection) => {
    const { source } = inspection;
    for (const meta of fieldsOf(source)) {
      if (meta.number !== 2) continue;
      for (const part of inside(source, meta)) {
        if (part.number === 2 && part.length > 0) inspectGraph(inspection, source, part);
        else if (part.number === 7 && part.length > 0) inspectObjects(inspection, part, USER_METADATA);
      }
    }
  },
};

/** A text of a graph that stands in its form as text, by its bytes. */
export function inspectGraphText(inspection: Inspection, bytes: Uint8Array, offset: number): void {
  if (mayBeGraph(bytes)) inspectWithin(inspection, { bytes, offset }, { depth: 0, offset });
}

/** A frozen TensorFlow graph. */
export const graphDef: Format = {
  name: 'graph-def',
  recognise: ({ inspection, name }) => !/\.onnx$/.test(name) && isMessage(inspection.source, holdsNode),
  inspect: (inspection) => inspectGraph(inspection, inspection.source, null),
};

/** A MetaGraph of TensorFlow 1 (`model.ckpt.meta`). */
export const metaGraph: Format = {
  name: 'meta-graph',
  recognise: ({ name, inspection }) => name.endsWith('.meta') && isMessage(inspection.source, holdsGraph),
  inspect: (inspection) => {
    const { source } = inspection;
    for (const part of fieldsOf(source))
      if (part.number === 2 && part.length > 0) inspectGraph(inspection, source, part);
  },
};

/** What Keras keeps beside a SavedModel: configurations as texts in a message. */
export const kerasMetadata: Format = {
  name: 'keras-metadata',
  recognise: ({ name }) => name === 'keras_metadata.pb',
  inspect: (inspection) => {
    const { source } = inspection;
    if (source.size > KERAS_TEXT_BYTES_MAX) return inspection.report('too-much', 'is longer than is read');
    for (const node of fieldsOf(source)) {
      if (node.number !== 1 || node.length === 0) continue;
      for (const part of inside(source, node))
        inspectKerasText(inspection, part, part.number === METADATA_FIELD);
    }
  },
};
