import type { Inspection } from '../inspection.ts';
import { decodeText } from '../text/text-encoding.ts';
import { gyp } from './agent-settings.ts';
import { ar } from './ar.ts';
import { arrow, parquet } from './arrow.ts';
import { COMPRESSED } from './compressed.ts';
import type { Format, Probe } from './format.ts';
import { gguf } from './gguf.ts';
import { coreMl, paddle, tensorRt, tflite } from './graph-formats.ts';
import { hdf5 } from './hdf5.ts';
import { jsonDocument } from './json-document.ts';
import { msgpack } from './msgpack.ts';
import { npy } from './npy.ts';
import { onnx } from './onnx.ts';
import { packageTables } from './package-lists.ts';
import { pickle } from './pickle.ts';
import { bytecode, javaObjects, program, startupLines } from './programs.ts';
import { prompt } from './prompt.ts';
import { rData } from './r-data.ts';
import { safetensors } from './safetensors.ts';
import { sevenZip } from './seven-zip.ts';
import { pythonSource, recipe, requirements } from './source-text.ts';
import { tar } from './tar.ts';
import { graphDef, kerasMetadata, metaGraph, savedModel } from './tensorflow.ts';
import { DATA_FORMATS, jinja, openVino, pmml, trees } from './text-formats.ts';
import { textGraph } from './text-graph.ts';
import { workflow } from './workflow.ts';
import { workspace } from './workspace.ts';
import { yamlDocument } from './yaml-document.ts';
import { zip } from './zip.ts';

export type { Format } from './format.ts';

/** Every format. A file can be several at once, and is then scanned as each of them. */
export const FORMATS: readonly Format[] = [
  zip,
  tar,
  sevenZip,
  ar,
  ...COMPRESSED,
  npy,
  hdf5,
  gguf,
  safetensors,
  tflite,
  savedModel,
  kerasMetadata,
  metaGraph,
  onnx,
  coreMl,
  paddle,
  graphDef,
  textGraph,
  tensorRt,
  rData,
  msgpack,
  jinja,
  openVino,
  pmml,
  trees,
  program,
  bytecode,
  startupLines,
  javaObjects,
  pythonSource,
  recipe,
  gyp,
  requirements,
  packageTables,
  prompt,
  yamlDocument,
  jsonDocument,
  workflow,
  workspace,
  parquet,
  arrow,
  ...DATA_FORMATS,
  pickle,
];

const HEAD_BYTES = 4096;

/** The formats that a part is, the most telling first. */
export function formatsOf(inspection: Inspection): readonly Format[] {
  const head = inspection.source.read(0, HEAD_BYTES);
  const probe: Probe = {
    name: inspection.name,
    size: inspection.source.size,
    head,
    headText: Buffer.from(head.buffer, head.byteOffset, head.byteLength).toString('latin1'),
    text: decodeText(head),
    inspection,
  };
  return FORMATS.filter((format) => format.recognise(probe));
}
