import { OP } from '../../src/pickle/opcodes.ts';

/** A way of writing one part of a stream. */
export type Part = Uint8Array | number | string;

const join = (parts: readonly Part[]): Buffer =>
  Buffer.concat(
    parts.map((part) =>
      typeof part === 'number'
        ? Buffer.from([part])
        : typeof part === 'string'
          ? Buffer.from(part, 'latin1')
          : part,
    ),
  );

/** A number of `bytes` bytes, the least first. */
export function little(value: number, bytes: number): Buffer {
  const out = Buffer.alloc(bytes);
  for (let i = 0, rest = value; i < bytes; i++, rest = Math.floor(rest / 256)) out[i] = rest % 256;
  return out;
}

/** Parts, one behind another. */
export const stream = (...parts: readonly Part[]): Buffer => join(parts);

/** A text as `BINUNICODE` and its like, or on a line of its own. */
export function text(
  value: string,
  form: 'short' | 'long' | 'eight' | 'line' | 'string' | 'binstring' | 'short-binstring' = 'short',
): Buffer {
  const bytes = Buffer.from(value, 'utf8');
  switch (form) {
    case 'short':
      return bytes.length < 256 ? join([OP.SHORT_BINUNICODE, bytes.length, bytes]) : text(value, 'long');
    case 'long':
      return join([OP.BINUNICODE, little(bytes.length, 4), bytes]);
    case 'eight':
      return join([OP.BINUNICODE8, little(bytes.length, 8), bytes]);
    case 'line':
      return join([OP.UNICODE, value.replaceAll('\\', '\\u005c').replaceAll('\n', '\\u000a'), '\n']);
    case 'string':
      return join([
        OP.STRING,
        `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n')}'`,
        '\n',
      ]);
    case 'binstring':
      return join([OP.BINSTRING, little(bytes.length, 4), bytes]);
    case 'short-binstring':
      return join([OP.SHORT_BINSTRING, bytes.length, bytes]);
  }
}

/** Bytes as a literal. */
export const bytes = (value: Uint8Array): Buffer =>
  value.length < 256
    ? join([OP.SHORT_BINBYTES, value.length, value])
    : join([OP.BINBYTES, little(value.length, 4), value]);

/** A whole number as a literal. */
export const whole = (value: number): Buffer =>
  value >= 0 && value < 256
    ? join([OP.BININT1, value])
    : value >= 0 && value < 65_536
      ? join([OP.BININT2, little(value, 2)])
      : value < 2 ** 31 && value >= -(2 ** 31)
        ? join([OP.BININT, little(value < 0 ? value + 2 ** 32 : value, 4)])
        : join([OP.LONG1, 8, little(value, 8)]);

/** A name, looked up as protocols 0 to 3 do. */
export const global = (module: string, name: string): Buffer => join([OP.GLOBAL, `${module}\n${name}\n`]);

/** A name, looked up as protocol 4 does. */
export const stackGlobal = (module: string, name: string): Buffer =>
  join([text(module), text(name), OP.STACK_GLOBAL]);

/** A tuple of parts. */
export const tuple = (...parts: readonly Part[]): Buffer =>
  parts.length === 0
    ? join([OP.EMPTY_TUPLE])
    : parts.length <= 3
      ? join([...parts, OP.TUPLE1 + parts.length - 1])
      : join([OP.MARK, ...parts, OP.TUPLE]);

/** A call of what `callable` pushes. */
export const reduce = (callable: Part, ...args: readonly Part[]): Buffer =>
  join([callable, tuple(...args), OP.REDUCE]);

/** A dictionary of texts to parts. */
export const dict = (entries: Readonly<Record<string, Part>>): Buffer =>
  Object.keys(entries).length === 0
    ? join([OP.EMPTY_DICT])
    : join([
        OP.EMPTY_DICT,
        OP.MARK,
        ...Object.entries(entries).flatMap(([key, value]) => [text(key), value]),
        OP.SETITEMS,
      ]);

/** A list of parts. */
export const list = (...parts: readonly Part[]): Buffer =>
  parts.length === 0 ? join([OP.EMPTY_LIST]) : join([OP.EMPTY_LIST, OP.MARK, ...parts, OP.APPENDS]);

/** An instance made without `__init__`, with its state. */
export const instance = (module: string, name: string, state: Part): Buffer =>
  join([stackGlobal(module, name), OP.EMPTY_TUPLE, OP.NEWOBJ, state, OP.BUILD]);

/** A whole stream of a protocol. */
export const pickle = (protocol: number, ...parts: readonly Part[]): Buffer =>
  protocol < 2
    ? join([...parts, OP.STOP])
    : protocol < 4
      ? join([OP.PROTO, protocol, ...parts, OP.STOP])
      : framed(protocol, join([...parts, OP.STOP]));

/** With the frame that protocol 4 puts around it. */
export const framed = (protocol: number, body: Uint8Array): Buffer =>
  join([OP.PROTO, protocol, OP.FRAME, little(body.length, 8), body]);
