import type { Inspection } from '../inspection.ts';
import { printable } from '../text/printable.ts';
import { PYTHON_ESCAPES } from '../text/python-escapes.ts';
import type { Format } from './format.ts';
import { inspectDomain, inspectExternal, inspectOnnxOperator } from './onnx-parts.ts';
import { inspectGraphText, inspectOperator } from './tensorflow.ts';
import { isBuiltIn } from './tensorflow-known.ts';
import { isText, readText, textFrom } from './text-formats.ts';

/** A part of a message of protobuf in its form as text. */
interface Token {
  readonly kind: 'name' | 'text' | 'sign';
  readonly text: string;
  readonly offset: number;
}

const PART =
  /#[^\n]*|([A-Za-z_][\w.]*)|"((?:[^"\\\n]|\\[\s\S])*)"?|'((?:[^'\\\n]|\\[\s\S])*)'?|[-+]?[\d.][\w.+-]*|([^\s])/g;
const ESCAPE = /\\(?:([0-7]{1,3})|x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{4})|([\s\S]))/g;

const unescaped = (text: string): string =>
  text.includes('\\')
    ? text.replace(ESCAPE, (_, octal?: string, hex?: string, point?: string, one?: string) =>
        octal !== undefined
          ? String.fromCharCode(Number.parseInt(octal, 8) & 255)
          : (hex ?? point) !== undefined
            ? String.fromCharCode(Number.parseInt((hex ?? point)!, 16))
            : (PYTHON_ESCAPES[one!] ?? one!),
      )
    : text;

/** Names, texts and signs, without comments; texts side by side are one. */
function* tokensOf(text: string): Generator<Token> {
  let before = null as Token | null;
  for (const match of text.matchAll(PART)) {
    const [, name, double, single, sign] = match;
    const said = double ?? single;
    if (said !== undefined) {
      const more: string = unescaped(said);
      before = before
        ? { ...before, text: before.text + more }
        : { kind: 'text', text: more, offset: match.index };
      continue;
    }
    if (match[0].startsWith('#')) continue;
    if (before) yield before;
    before = null;
    if (name !== undefined) yield { kind: 'name', text: name, offset: match.index };
    else if (sign !== undefined) yield { kind: 'sign', text: sign, offset: match.index };
  }
  if (before) yield before;
}

/** A field of text: `op: "Add"`. */
interface TextField {
  readonly name: string;
  readonly value: string;
  readonly offset: number;
  /** The name of the message that it stands in, and how many of them began before it: one number for each. */
  readonly within: string;
  readonly message: number;
}

/** Messages within each other that are told apart. */
const DEPTH = 256;

/** Fields of text, each with its name and where it stands. */
function* fieldsOf(text: string): Generator<TextField> {
  const around: { readonly within: string; readonly message: number }[] = [{ within: '', message: 0 }];
  let messages = 0;
  let deeper = 0;
  let name: string | null = null;
  for (const token of tokensOf(text)) {
    if (token.kind === 'name') name = token.text;
    else if (token.kind === 'text') {
      if (name !== null) yield { name, value: token.text, offset: token.offset, ...around.at(-1)! };
    } else if (/[{<]/.test(token.text)) {
      if (around.length < DEPTH) around.push({ within: name ?? '', message: ++messages });
      else deeper++;
      name = null;
    } else if (/[}>]/.test(token.text)) {
      if (deeper > 0) deeper--;
      else if (around.length > 1) around.pop();
      name = null;
    } else if (/[;,]/.test(token.text)) name = null;
  }
}

const GRAPH =
  /(?:^|[\s{<])(?:node|node_def|graph_def|meta_graphs|saved_model_schema_version|layers?|ir_version|opset_import|external_data|op_type)\s{0,64}[:{<]/;

/** Fields of a graph of TensorFlow that hold bytes, and the bytes that a text of them stands for. */
const GRAPH_TEXT = /^(?:s|string_val|tensor_content|metadata)$/;
const bytesOf = (text: string): Buffer => Buffer.from(text, /[^\0-\xff]/.test(text) ? 'utf8' : 'latin1');

/** Names that a graph gives to functions of its own. */
const functionsIn = (text: string): ReadonlySet<string> => {
  const found = new Set<string>();
  for (const { name, value, within } of fieldsOf(text))
    if (name === 'name' && within === 'signature' && !isBuiltIn(value)) found.add(value);
  return found;
};

/** What an entry of `external_data` says, whichever of its two fields comes first. */
function externalEntry(inspection: Inspection, entry: Map<string, TextField>, field: TextField): void {
  if (field.message !== entry.get('key')?.message && field.message !== entry.get('value')?.message)
    entry.clear();
  entry.set(field.name, field);
  const [key, value] = [entry.get('key'), entry.get('value')];
  if (key && value) inspectExternal(inspection, key.value, value.value, { offset: value.offset });
}

/** Graphs of TensorFlow, ONNX and Caffe in their form as text. */
export const textGraph: Format = {
  name: 'text-graph',
  recognise: (probe) =>
    isText(probe) &&
    (probe.name === 'saved_model.pbtxt' ||
      (/\.(?:pbtxt|prototxt|textproto|textpb|onnxtxt)$/.test(probe.name) && GRAPH.test(textFrom(probe)))),
  inspect: (inspection: Inspection) => {
    const text = readText(inspection);
    const own = functionsIn(text);
    const domains = new Set<string>();
    const entry = new Map<string, TextField>();
    for (const field of fieldsOf(text)) {
      const { name, value, within, offset } = field;
      if (name === 'op' && !own.has(value)) inspectOperator(inspection, value, offset);
      else if (name === 'op_type') inspectOnnxOperator(inspection, value, { offset });
      else if (name === 'domain' && within === 'node') inspectDomain(inspection, value, domains, { offset });
      else if (within === 'external_data') externalEntry(inspection, entry, field);
      else if (GRAPH_TEXT.test(name)) inspectGraphText(inspection, bytesOf(value), offset);
      // A layer of Caffe that is a class of Python, by the module that has it.
      else if (name === 'module')
        inspection.report('remote-code', `imports \`${printable(value)}\` for a layer`, { offset });
    }
  },
};
