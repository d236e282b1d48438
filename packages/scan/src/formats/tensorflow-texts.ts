import type { ByteSource } from '../bytes/byte-source.ts';
import { Cursor } from '../bytes/cursor.ts';
import { type Field, inside, textOf } from '../bytes/protobuf.ts';

/** `DT_STRING` and the fields of the messages of `graph.proto`, `attr_value.proto` and `tensor.proto` that lead to texts. */
const STRING = 7;
const NODE_ATTRIBUTE = 5;
const ATTRIBUTE = { list: 1, text: 2, tensor: 8, call: 10 } as const;
const LIST = { text: 2, tensor: 8, call: 9 } as const;
const TENSOR = { type: 1, content: 4, text: 8, variant: 15 } as const;
const VARIANT = { metadata: 2, tensor: 3 } as const;
/** Messages within each other. */
const DEPTH_MAX = 32;
/** The shortest graph that does something, and the shortest attribute that holds it: a name, an operator, what surrounds them. */
const GRAPH_BYTES_MIN = 12;
const ATTRIBUTE_BYTES_MIN = 18;
/** Bytes of texts that are put together from others. */
const JOINED_MAX = 16 * 1024 * 1024;
const ALL_JOINED_MAX = 64 * 1024 * 1024;
/** Nodes that a text is followed through. */
const STEPS_MAX = 64;
const NONE = new Uint8Array(0);

/** A text of a graph: where it lies. */
interface GraphText {
  readonly start: number;
  readonly length: number;
}

/** The texts of a tensor whose bytes are told in one: their lengths, then what they say (`EncodeStringList`). */
function* textsOfContent(source: ByteSource, { start, length }: Field): Generator<GraphText> {
  const cursor = new Cursor(source, start);
  const lengths: number[] = [];
  let sum = 0;
  while (cursor.offset - start + sum < length) {
    lengths.push(cursor.varint());
    sum += lengths.at(-1)!;
  }
  let at = cursor.offset;
  for (const one of lengths) {
    yield { start: at, length: one };
    at += one;
  }
}

function* textsOfTensor(source: ByteSource, field: Field, depth: number): Generator<GraphText> {
  let isText = false;
  let content: Field | null = null;
  for (const part of inside(source, field)) {
    if (part.number === TENSOR.type) isText = part.value === STRING;
    else if (part.number === TENSOR.content) content = part;
    else if (part.number === TENSOR.text) yield part;
    else if (part.number === TENSOR.variant && depth < DEPTH_MAX)
      for (const inner of inside(source, part))
        if (inner.number === VARIANT.metadata) yield inner;
        else if (inner.number === VARIANT.tensor) yield* textsOfTensor(source, inner, depth + 1);
  }
  if (isText && content !== null) yield* textsOfContent(source, content);
}

/** What a function is called with: attributes by their names. */
function* textsOfCall(source: ByteSource, field: Field, depth: number): Generator<GraphText> {
  for (const part of inside(source, field))
    if (part.number === 2) yield* textsOfAttribute(source, part, depth + 1);
}

function* textsOfAttribute(source: ByteSource, entry: Field, depth: number): Generator<GraphText> {
  if (depth > DEPTH_MAX || entry.length < ATTRIBUTE_BYTES_MIN) return;
  for (const value of inside(source, entry)) {
    if (value.number !== 2 || value.length === 0) continue;
    for (const part of inside(source, value)) {
      if (part.length === 0) continue;
      if (part.number === ATTRIBUTE.text) yield part;
      else if (part.number === ATTRIBUTE.tensor) yield* textsOfTensor(source, part, depth);
      else if (part.number === ATTRIBUTE.call) yield* textsOfCall(source, part, depth);
      else if (part.number === ATTRIBUTE.list)
        for (const one of inside(source, part))
          if (one.number === LIST.text) yield one;
          else if (one.number === LIST.tensor && one.length > 0) yield* textsOfTensor(source, one, depth);
          else if (one.number === LIST.call && one.length > 0) yield* textsOfCall(source, one, depth);
    }
  }
}

/** Texts that the attributes of a node hold, however deep. @throws Truncated, Malformed */
function* textsOfNode(source: ByteSource, node: Field): Generator<GraphText> {
  for (const part of inside(source, node))
    if (part.number === NODE_ATTRIBUTE) yield* textsOfAttribute(source, part, 0);
}

/** A number of variable length at `at`, with where it ends; -1 where it ends nowhere. */
function varintAt(bytes: Uint8Array, at: number): readonly [value: number, end: number] {
  let value = 0;
  for (let scale = 1, end = at; end < Math.min(bytes.length, at + 10); scale *= 128) {
    const byte = bytes[end++]!;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return [value, end];
  }
  return [0, -1];
}

const FIXED: ReadonlyMap<number, number> = new Map([
  [1, 8],
  [5, 4],
]);

/** Whether bytes are a message, as `fieldsOf` has it: told without a fault, as most texts are none. */
export function mayBeGraph(bytes: Uint8Array): boolean {
  if (bytes.length < GRAPH_BYTES_MIN) return false;
  for (let at = 0; at < bytes.length; ) {
    const [key, behind] = varintAt(bytes, at);
    if (behind < 0 || key < 8) return false;
    at = behind;
    const wire = key % 8;
    if (wire === 0 || wire === 2) {
      const [value, end] = varintAt(bytes, at);
      if (end < 0) return false;
      at = wire === 0 ? end : end + value;
    } else if (FIXED.has(wire)) at += FIXED.get(wire)!;
    else if (wire > 5) return false;
    if (at > bytes.length) return false;
  }
  return true;
}

/** An operator of a graph, with where it stands. */
export interface GraphNode {
  readonly name: string;
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly field: Field;
}

const JOINS = /^(?:StringJoin|ReduceJoin)$/;
const PASSES = /^(?:Identity|Snapshot|StopGradient|Reshape|Squeeze|ExpandDims|PreventGradient|EnsureShape)$/;
const MAKES = /^(?:StringJoin|ReduceJoin|DecodeBase64)$/;
const PACKS = /^(?:Pack|ConcatV2)$/;

/** Follows the texts of the nodes beside each other to what is joined or decoded of them. */
class TextNodes {
  readonly #source: ByteSource;
  readonly #nodes: ReadonlyMap<string, GraphNode>;
  readonly #known = new Map<string, readonly Uint8Array[] | null>();
  #spent = 0;

  constructor(source: ByteSource, nodes: ReadonlyMap<string, GraphNode>) {
    this.#source = source;
    this.#nodes = nodes;
  }

  /** What a node gives; null where it is not known. */
  valueOf(input: string, steps = 0): readonly Uint8Array[] | null {
    const name = input.replace(/^\^/, '').split(':', 1)[0]!;
    const before = this.#known.get(name);
    if (before !== undefined) return before;
    const node = this.#nodes.get(name);
    // What leads back to itself is nothing.
    this.#known.set(name, null);
    const value = node === undefined || steps > STEPS_MAX ? null : this.#read(node, steps + 1);
    this.#known.set(name, value);
    return value;
  }

  #read(node: GraphNode, steps: number): readonly Uint8Array[] | null {
    const { operator, inputs } = node;
    if (operator === 'Const')
      return this.#kept([...textsOfNode(this.#source, node.field)].map((one) => this.#bytes(one)));
    if (PASSES.test(operator)) return this.valueOf(inputs[0] ?? '', steps);
    if (operator === 'DecodeBase64') {
      const of = this.valueOf(inputs[0] ?? '', steps);
      return of && this.#kept(of.map((one) => Buffer.from(Buffer.from(one).toString('latin1'), 'base64url')));
    }
    const values = inputs.map((one) => this.valueOf(one, steps)).filter((one) => one !== null);
    if (PACKS.test(operator)) return this.#kept(values.flat());
    if (!JOINS.test(operator)) return null;
    const separator = this.#separatorOf(node);
    if (operator === 'ReduceJoin') return this.#kept([joined(values[0] ?? [], separator)]);
    const count = Math.max(0, ...values.map(({ length }) => length));
    const rows = Array.from({ length: Math.min(count, 4096) }, (_, at) =>
      joined(
        values.map((one) => one[one.length === 1 ? 0 : at] ?? NONE),
        separator,
      ),
    );
    return this.#kept(rows);
  }

  #bytes({ start, length }: GraphText): Uint8Array {
    return this.#source.read(start, length);
  }

  #separatorOf({ field }: GraphNode): string {
    for (const part of inside(this.#source, field)) {
      if (part.number !== NODE_ATTRIBUTE) continue;
      let key = '';
      let text = '';
      for (const one of inside(this.#source, part))
        if (one.number === 1) key = textOf(this.#source, one);
        else if (one.number === 2)
          for (const value of inside(this.#source, one))
            if (value.number === ATTRIBUTE.text) text = Buffer.from(this.#bytes(value)).toString('latin1');
      if (key === 'separator') return text;
    }
    return '';
  }

  #kept(texts: readonly Uint8Array[]): readonly Uint8Array[] | null {
    const bytes = texts.reduce((sum, { length }) => sum + length, 0);
    this.#spent += bytes;
    return bytes > JOINED_MAX || this.#spent > ALL_JOINED_MAX ? null : texts;
  }
}

const joined = (parts: readonly Uint8Array[], separator: string): Uint8Array => {
  const length = parts.reduce((sum, one) => sum + one.length + separator.length, 0);
  if (length > JOINED_MAX) return NONE;
  const between = Buffer.from(separator, 'latin1');
  return Buffer.concat(parts.flatMap((one, at) => (at === 0 ? [one] : [between, one])));
};

/**
 * Texts that nodes beside each other hold and that may be graphs themselves, also those that are joined or decoded of others.
 * @param fields where the nodes are
 * @param nodes the same by their names
 * @throws Truncated, Malformed
 */
export function* textsIn(
  source: ByteSource,
  fields: Iterable<Field>,
  nodes: ReadonlyMap<string, GraphNode>,
): Generator<{ readonly bytes: Uint8Array; readonly offset: number }> {
  for (const field of fields) {
    if (field.length < ATTRIBUTE_BYTES_MIN) continue;
    for (const { start, length } of textsOfNode(source, field)) {
      const bytes = length < GRAPH_BYTES_MIN ? NONE : source.read(start, length);
      if (mayBeGraph(bytes)) yield { bytes, offset: field.offset };
    }
  }
  const texts = new TextNodes(source, nodes);
  for (const [name, { operator, field }] of nodes)
    if (MAKES.test(operator))
      for (const bytes of texts.valueOf(name) ?? [])
        if (mayBeGraph(bytes)) yield { bytes, offset: field.offset };
}
