import type { ByteSource } from '../bytes/byte-source.ts';
import { Cursor, Malformed } from '../bytes/cursor.ts';
import { fieldsOf, inside, looksLikeMessage, textOf } from '../bytes/protobuf.ts';
import type { Inspection } from '../inspection.ts';
import { printable } from '../text/printable.ts';
import type { Format } from './format.ts';
import { inspectOperator } from './tensorflow.ts';

const CUSTOM_BUILTIN = 32;
const KNOWN_TFLITE =
  /^(?:TFLite_Detection_PostProcess|Convolution2DTransposeBias|MaxPoolingWithArgmax2D|MaxUnpooling2D|RandomStandardNormal|AudioSpectrogram|Mfcc|NumericVerify|aeq\.\w+|TransformLandmarks|TransformTensorBilinear|Landmarks2TransformMatrix|odml\.\w+|stablehlo\.\w+|edgetpu-custom-op)$/;

/** A table of a flatbuffer. */
class Table {
  readonly #source: ByteSource;
  readonly #at: number;
  readonly #fields: number;
  readonly #count: number;

  constructor(source: ByteSource, at: number) {
    this.#source = source;
    this.#at = at;
    this.#fields = at - new Cursor(source, at).i32();
    if (this.#fields < 0 || this.#fields >= source.size)
      throw new Malformed(at, 'a table whose fields lie outside the file');
    this.#count = (new Cursor(source, this.#fields).u16() - 4) / 2;
  }

  #place(field: number): number {
    if (field >= this.#count) return 0;
    const offset = new Cursor(this.#source, this.#fields + 4 + field * 2).u16();
    return offset === 0 ? 0 : this.#at + offset;
  }

  whole(field: number, bytes: 1 | 4): number {
    const at = this.#place(field);
    if (at === 0) return 0;
    const cursor = new Cursor(this.#source, at);
    return bytes === 1 ? cursor.u8() : cursor.i32();
  }

  text(field: number): string {
    const at = this.#place(field);
    if (at === 0) return '';
    const start = at + new Cursor(this.#source, at).u32();
    const cursor = new Cursor(this.#source, start);
    return cursor.text(Math.min(cursor.u32(), 4096));
  }

  tables(field: number): Table[] {
    const at = this.#place(field);
    if (at === 0) return [];
    const start = at + new Cursor(this.#source, at).u32();
    const cursor = new Cursor(this.#source, start);
    const count = cursor.u32();
    if (count * 4 > cursor.left) throw new Malformed(start, 'a list that is longer than the file');
    return Array.from({ length: count }, () => {
      const place = cursor.offset;
      return new Table(this.#source, place + cursor.u32());
    });
  }
}

/** TensorFlow Lite: operators that are not built in. */
export const tflite: Format = {
  name: 'tflite',
  recognise: ({ headText }) => headText.slice(4, 8) === 'TFL3',
  inspect: (inspection) => {
    const { source } = inspection;
    const root = new Table(source, new Cursor(source).u32());
    for (const code of root.tables(1)) {
      const builtin = Math.max(code.whole(0, 1), code.whole(3, 4));
      if (builtin !== CUSTOM_BUILTIN) continue;
      const name = code.text(1);
      if (name.startsWith('Flex')) inspectOperator(inspection, name.slice(4), 0);
      else if (!KNOWN_TFLITE.test(name))
        inspection.report('custom-operator', `needs the operator \`${printable(name)}\``);
    }
    for (const graph of root.tables(2)) graph.tables(0);
  },
};

/** Core ML (`Model.proto`): layers and models that an app brings. */
export const coreMl: Format = {
  name: 'core-ml',
  recognise: ({ name, head }) => name.endsWith('.mlmodel') && head[0] === 0x08,
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
  recognise: ({ name, inspection, head }) =>
    /(?:\.pdmodel|__model__)$/.test(name) &&
    head[0] === 0x0a &&
    looksLikeMessage(inspection.source, new Set([1]), 8),
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
