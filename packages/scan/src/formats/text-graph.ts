import type { Inspection } from '../inspection.ts';
import { printable } from '../text/printable.ts';
import { PYTHON_ESCAPES } from '../text/python-escapes.ts';
import type { Format } from './format.ts';
import { inspectOperator } from './tensorflow.ts';
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

/** Fields of text, each with its name: `op: "Add"`. */
function* fieldsOf(
  text: string,
): Generator<{ readonly name: string; readonly value: string; readonly offset: number }> {
  let name: string | null = null;
  for (const token of tokensOf(text)) {
    if (token.kind === 'name') name = token.text;
    else if (token.kind === 'text' && name !== null) yield { name, value: token.text, offset: token.offset };
    else if (token.kind === 'sign' && /[{}<>;,]/.test(token.text)) name = null;
  }
}

const GRAPH =
  /(?:^|[\s{<])(?:node|node_def|graph_def|meta_graphs|saved_model_schema_version|layers?)\s{0,64}[:{<]/;

/** Graphs of TensorFlow and Caffe in their form as text. */
export const textGraph: Format = {
  name: 'text-graph',
  recognise: (probe) =>
    isText(probe) &&
    (probe.name === 'saved_model.pbtxt' ||
      (/\.(?:pbtxt|prototxt|textproto|textpb)$/.test(probe.name) && GRAPH.test(textFrom(probe)))),
  inspect: (inspection: Inspection) => {
    for (const { name, value, offset } of fieldsOf(readText(inspection))) {
      if (name === 'op') inspectOperator(inspection, value, offset);
      // A layer of Caffe that is a class of Python, by the module that has it.
      else if (name === 'module')
        inspection.report('remote-code', `imports \`${printable(value)}\` for a layer`, { offset });
    }
  },
};
