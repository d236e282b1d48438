import { SliceSource } from '../bytes/byte-source.ts';
import { Cursor } from '../bytes/cursor.ts';
import { Table } from '../bytes/flatbuffer.ts';
import { fieldsOf, inside, textOf } from '../bytes/protobuf.ts';
import type { Inspection } from '../inspection.ts';
import { printable } from '../text/printable.ts';
import type { Format } from './format.ts';
import { inspectOperator } from './tensorflow.ts';
import { isBuiltIn } from './tensorflow-known.ts';

const CUSTOM_BUILTIN = 32;
const KNOWN_TFLITE =
  /^(?:TFLite_Detection_PostProcess|Convolution2DTransposeBias|MaxPoolingWithArgmax2D|MaxUnpooling2D|RandomStandardNormal|AudioSpectrogram|Mfcc|NumericVerify|aeq\.\w+|TransformLandmarks|TransformTensorBilinear|Landmarks2TransformMatrix|odml\.\w+|stablehlo\.\w+|edgetpu-custom-op)$/;

/** Bytes of what one operator is told that are searched. */
const OPTIONS_BYTES_MAX = 4 * 1024 * 1024;
const WORD = /[A-Z][A-Za-z0-9_>]{1,96}/g;

/**
 * What an operator of TensorFlow within a graph is: what runs is the node that it brings along, whatever its code is called
 * (`lite/delegates/flex/kernel.cc`).
 */
function inspectFlex(inspection: Inspection, operator: Table, told: Set<string>): void {
  const { source } = inspection;
  // What is too large for a flatbuffer lies behind it.
  const [offset, bytes] = [operator.long(9), operator.long(10)];
  const large = bytes > 0 ? new SliceSource(source, offset, offset + bytes) : null;
  for (const options of [operator.bytes(5), large]) {
    if (options === null) continue;
    if (options.size > OPTIONS_BYTES_MAX)
      inspection.report('too-much', 'has an operator that is told more than is searched');
    const text = Buffer.from(options.read(0, OPTIONS_BYTES_MAX)).toString('latin1');
    for (const [name] of text.matchAll(WORD)) {
      if (told.has(name)) continue;
      told.add(name);
      if (isBuiltIn(name)) inspectOperator(inspection, name, 0);
    }
  }
}

/** TensorFlow Lite: operators that are not built in. */
export const tflite: Format = {
  name: 'tflite',
  recognise: ({ headText }) => headText.slice(4, 8) === 'TFL3',
  inspect: (inspection) => {
    const { source } = inspection;
    const root = new Table(source, new Cursor(source).u32());
    const told = new Set<string>();
    const flex = new Set<number>();
    for (const [index, code] of root.tables(1).entries()) {
      const builtin = Math.max(code.whole(0, 1), code.whole(3, 4));
      if (builtin !== CUSTOM_BUILTIN) continue;
      const name = code.text(1);
      if (name.startsWith('Flex')) {
        flex.add(index);
        told.add(name.slice(4));
        inspectOperator(inspection, name.slice(4), 0);
      } else if (!KNOWN_TFLITE.test(name))
        inspection.report('custom-operator', `needs the operator \`${printable(name)}\``);
    }
    for (const graph of root.tables(2)) {
      graph.tables(0);
      for (const operator of graph.tables(3))
        if (flex.has(operator.whole(0, 4))) inspectFlex(inspection, operator, told);
    }
  },
};

/** Core ML (`Model.proto`): layers and models that an app brings. */
export const coreMl: Format = {
  name: 'core-ml',
  recognise: ({ name, size }) => size > 0 && name.endsWith('.mlmodel'),
  inspect: (inspection) => {
    const { source } = inspection;
    const model = (
      fields: Iterable<{ number: number; length: number; start: number; value: number; offset: number }>,
      depth: number,
    ): void => {
      for (const field of fields) {
        if (field.number === 555)
          inspection.report('custom-operator', 'is a model that an app brings', { offset: field.offset });
        if (depth < 8 && field.number >= 200 && field.number <= 202 && field.length > 0)
          for (const part of inside(source, field))
            if (part.length > 0) model(inside(source, part), depth + 1);
        if ((field.number === 500 || field.number === 303 || field.number === 403) && field.length > 0)
          for (const layer of inside(source, field)) {
            if (layer.number !== 1 || layer.length === 0) continue;
            for (const part of inside(source, layer))
              if (part.number === 500 && part.length > 0)
                for (const detail of inside(source, part))
                  if (detail.number === 10)
                    inspection.report(
                      'custom-operator',
                      `needs the layer \`${printable(textOf(source, detail))}\``,
                      { offset: part.offset },
                    );
          }
      }
    };
    model(fieldsOf(source), 0);
  },
};

/** PaddlePaddle programs (`framework.proto`). Its parameters are pickles. */
export const paddle: Format = {
  name: 'paddle',
  recognise: ({ name, size }) => size > 0 && /(?:\.pdmodel|__model__)$/.test(name),
  inspect: (inspection) => {
    const { source } = inspection;
    for (const block of fieldsOf(source)) {
      if (block.number !== 1 || block.length === 0) continue;
      for (const part of inside(source, block)) {
        if (part.number !== 4 || part.length === 0) continue;
        for (const detail of inside(source, part))
          if (detail.number === 3 && detail.length > 0)
            paddleOperator(inspection, textOf(source, detail), part.offset);
      }
    }
  },
};

function paddleOperator(inspection: Inspection, operator: string, offset: number): void {
  if (/^(?:py_func|py_layer|run_program)$/.test(operator))
    inspection.report('python-operator', `has \`${printable(operator)}\`, which runs Python`, { offset });
  else if (
    /^(?:save|save_combine|load|load_combine|save_.*|print|read_file|distributed_.*|send|recv|listen_and_serv|fetch_barrier)$/.test(
      operator,
    )
  )
    inspection.report(
      'graph-file',
      `has \`${printable(operator)}\`, which reads, writes or sends what it is told`,
      { offset },
    );
}

/** TensorRT engines hold compiled code for one kind of device: nothing in them can be read, and loading one runs it. */
export const tensorRt: Format = {
  name: 'tensorrt',
  recognise: ({ headText, name }) =>
    headText.startsWith('ptrt') || headText.startsWith('ftrt') || /\.(?:engine|plan|trt)$/.test(name),
  inspect: (inspection) =>
    inspection.report('opaque-engine', 'is an engine of compiled code, which cannot be looked into'),
};
