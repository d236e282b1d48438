const RECORD_BYTES = 3;
const MARKER = Buffer.concat([Buffer.from([0xab, 0xcd, 0xef]), Buffer.from('MaxMind.com')]);

const head = (type: number, size: number): Buffer => {
  // Types from 8 on are told in a byte of their own.
  const [control, more] = type > 7 ? [0, [type - 7]] : [type << 5, []];
  return size < 29 ? Buffer.from([control | size, ...more]) : Buffer.from([control | 29, ...more, size - 29]);
};
const text = (value: string): Buffer => Buffer.concat([head(2, value.length), Buffer.from(value)]);
const double = (value: number): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return Buffer.concat([head(3, 8), bytes]);
};
const number = (type: 5 | 6 | 9, value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  const least = type === 5 ? bytes.subarray(2) : bytes;
  return Buffer.concat([head(type, least.length), least]);
};
const map = (entries: Readonly<Record<string, Buffer>>): Buffer =>
  Buffer.concat([
    head(7, Object.keys(entries).length),
    ...Object.entries(entries).flatMap(([key, value]) => [text(key), value]),
  ]);

/** A place and how sure it is. */
interface Place {
  readonly latitude: number;
  readonly longitude: number;
  /** Kilometres. */
  readonly radius: number;
}

/**
 * A database of places in MaxMind's format (MaxMind DB File Format Specification 2.0), for tests.
 * @param places by the first of the four numbers of an IPv4 address
 */
export function locationFile(places: Readonly<Record<number, Place>>): Buffer {
  const data: Buffer[] = [];
  let dataBytes = 0;
  const nodes: [number | null, number | null][] = [[null, null]];
  const leaves: { node: number; side: 0 | 1; offset: number }[] = [];
  for (const [first, { latitude, longitude, radius }] of Object.entries(places)) {
    const location = {
      latitude: double(latitude),
      longitude: double(longitude),
      accuracy_radius: number(5, radius),
    };
    const bytes = map({ location: map(location) });
    let node = 0;
    for (let bit = 7; bit > 0; bit--) {
      const side = ((Number(first) >> bit) & 1) as 0 | 1;
      if (nodes[node]![side] === null) {
        nodes.push([null, null]);
        nodes[node]![side] = nodes.length - 1;
      }
      node = nodes[node]![side]!;
    }
    leaves.push({ node, side: (Number(first) & 1) as 0 | 1, offset: dataBytes });
    data.push(bytes);
    dataBytes += bytes.length;
  }
  for (const { node, side, offset } of leaves) nodes[node]![side] = nodes.length + 16 + offset;
  const tree = Buffer.alloc(nodes.length * 2 * RECORD_BYTES);
  nodes.forEach(([left, right], i) => {
    tree.writeUIntBE(left ?? nodes.length, i * 2 * RECORD_BYTES, RECORD_BYTES);
    tree.writeUIntBE(right ?? nodes.length, i * 2 * RECORD_BYTES + RECORD_BYTES, RECORD_BYTES);
  });
  const metadata = map({
    node_count: number(6, nodes.length),
    record_size: number(5, RECORD_BYTES * 8),
    ip_version: number(5, 4),
    database_type: text('test-City'),
    languages: head(11, 0),
    binary_format_major_version: number(5, 2),
    binary_format_minor_version: number(5, 0),
    build_epoch: number(9, 1),
    description: map({ en: text('places for tests') }),
  });
  return Buffer.concat([tree, Buffer.alloc(16), ...data, MARKER, metadata]);
}
