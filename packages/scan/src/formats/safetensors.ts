import { tableOf } from '@sallyport/core';
import { Cursor, Truncated } from '../bytes/cursor.ts';
import type { Inspection } from '../inspection.ts';
import { searchHidden } from '../pickle/inspect-pickle.ts';
import { inspectTemplate } from '../templates/inspect-template.ts';
import { duplicateKey } from '../text/json.ts';
import { printable } from '../text/printable.ts';
import type { Format } from './format.ts';
import { inspectNamedCode } from './named-code.ts';

/** Bits of one element (safetensors 0.8, `Dtype`). */
const BITS: Readonly<Record<string, number>> = tableOf({
  BOOL: 8,
  F4: 4,
  F6_E2M3: 6,
  F6_E3M2: 6,
  U8: 8,
  I8: 8,
  F8_E5M2: 8,
  F8_E4M3: 8,
  F8_E8M0: 8,
  F8_E4M3FNUZ: 8,
  F8_E5M2FNUZ: 8,
  I16: 16,
  U16: 16,
  F16: 16,
  BF16: 16,
  I32: 32,
  U32: 32,
  F32: 32,
  C64: 64,
  F64: 64,
  I64: 64,
  U64: 64,
});
/** Longest header that the reference reader takes. */
const HEADER_BYTES_MAX = 100_000_000;

interface Entry {
  readonly dtype?: unknown;
  readonly shape?: unknown;
  readonly data_offsets?: unknown;
}

const isWhole = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

function tensor(inspection: Inspection, name: string, entry: Entry): { begin: number; end: number } | null {
  const wrong = (what: string): null => {
    inspection.report('header-arithmetic', `\`${printable(name)}\` ${what}`, {
      pointer: `/${name.slice(0, 64)}`,
    });
    return null;
  };
  const { dtype, shape, data_offsets: offsets } = entry;
  if (typeof entry !== 'object' || entry === null) return wrong('is no description of a tensor');
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isWhole))
    return wrong('has no sound place');
  const [begin, end] = offsets as [number, number];
  if (end < begin) return wrong('ends before it begins');
  if (typeof dtype !== 'string' || BITS[dtype] === undefined)
    return wrong('has an element type that is not known');
  if (!Array.isArray(shape) || !shape.every(isWhole)) return wrong('has no sound shape');
  const bits = (shape as number[]).reduce((product, size) => product * size, BITS[dtype]!);
  if (bits !== (end - begin) * 8) return wrong('has a shape and a length that do not fit');
  return { begin, end };
}

/** Safetensors: a header in JSON and nothing else that a loader believes. */
export const safetensors: Format = {
  name: 'safetensors',
  recognise: ({ name, head, headText, size }) =>
    (name.endsWith('.safetensors') && size > 0) ||
    (head.length > 16 &&
      head[8] === 0x7b &&
      head[5] === 0 &&
      head[6] === 0 &&
      head[7] === 0 &&
      /^\{\s*"/.test(headText.slice(8))),
  inspect: (inspection) => {
    const { source } = inspection;
    const cursor = new Cursor(source);
    const length = cursor.u64();
    if (length > HEADER_BYTES_MAX || length > source.size - 8) {
      inspection.report('header-arithmetic', `says that its header has ${length} bytes`, { offset: 0 });
      if (length > source.size - 8) throw new Truncated(source.size);
      return;
    }
    const text = cursor.text(length);
    let header: Record<string, Entry>;
    try {
      header = JSON.parse(text) as Record<string, Entry>;
    } catch {
      return inspection.report('header-arithmetic', 'has a header that is not JSON', { offset: 8 });
    }
    if (typeof header !== 'object' || header === null || Array.isArray(header))
      return inspection.report('header-arithmetic', 'has a header that is no object', { offset: 8 });
    if (!text.startsWith('{'))
      inspection.report('header-arithmetic', 'has a header that does not begin as it must', { offset: 8 });
    const twice = duplicateKey(text);
    if (twice !== null)
      inspection.report('header-arithmetic', `names \`${printable(twice)}\` twice`, { offset: 8 });
    const data = 8 + length;
    const places: { begin: number; end: number }[] = [];
    for (const [name, entry] of Object.entries(header)) {
      if (name !== '__metadata__') {
        const place = tensor(inspection, name, entry);
        if (place) places.push(place);
        continue;
      }
      if (
        typeof entry !== 'object' ||
        entry === null ||
        Object.values(entry).some((value) => typeof value !== 'string')
      )
        inspection.report('header-arithmetic', 'has metadata that is not text', { pointer: '/__metadata__' });
      else
        for (const [key, value] of Object.entries(entry as Record<string, string>))
          inspectMetadata(inspection, key, value);
    }
    places.sort((a, b) => a.begin - b.begin || a.end - b.end);
    let at = 0;
    for (const { begin, end } of places) {
      if (begin < at)
        inspection.report('header-arithmetic', 'has tensors that overlap', { offset: data + begin });
      if (begin > at) hole(inspection, data + at, data + begin);
      at = Math.max(at, end);
    }
    if (data + at > source.size) throw new Truncated(source.size);
    if (data + at < source.size) hole(inspection, data + at, source.size);
  },
};

/** What a configuration in a text has made when it is loaded, as JSON and as Python write it, within further texts too. */
const MAKES = /["']_target_\\{0,8}["']\s{0,64}:\s{0,64}\\{0,8}["']([^"'\\]{1,1024})/g;

/** A text beside the tensors. Some libraries make models out of a configuration there (FlexTok with hydra). */
function inspectMetadata(inspection: Inspection, key: string, value: string): void {
  const pointer = `/__metadata__/${key.slice(0, 64)}`;
  if (key.includes('chat_template') || /\{[{%]/.test(value)) inspectTemplate(inspection, value, { pointer });
  for (const [, target] of value.matchAll(MAKES))
    inspectNamedCode(inspection, { _target_: target! }, pointer);
}

/** Bytes that belong to no tensor: the reference reader refuses them, others pass over them. */
function hole(inspection: Inspection, begin: number, end: number): void {
  inspection.report('header-arithmetic', `holds ${end - begin} bytes that belong to no tensor`, {
    offset: begin,
  });
  searchHidden(inspection, begin);
}
