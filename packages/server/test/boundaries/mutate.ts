import type { Random } from '@sallyport/attacks';

/** Numbers as JSON can write them that no reader expects. */
const NUMBERS = [
  '0',
  '-0',
  '-1',
  '0.5',
  '1e15',
  '1e16',
  '1e400',
  '-1e400',
  '9007199254740993',
  '9223372036854775808',
  '4294967296',
  '1E-400',
];
/** Texts that mean something to somebody on the way. */
const TEXTS = [
  '',
  ' ',
  '\u0000',
  '\u2028event: error\u2028',
  '\r\nevent: x\r\ndata: {}\r\n\r\n',
  '\n\ndata: [DONE]\n\n',
  '[EMAIL_1]',
  '__proto__',
  'constructor',
  '#{env:HOME}',
  'file:///etc/passwd',
  'env:PATH',
  '../../etc/passwd',
  '//evil.example',
  '\ud83d',
  '\u202e',
  '%00',
  "' OR 1=1 --",
  '<script>',
  'sk-'.padEnd(51, 'a'),
  '1'.repeat(400),
  'é'.repeat(99),
  '*'.repeat(64),
];
/** Values of the wrong type. */
const VALUES: readonly unknown[] = [
  null,
  true,
  false,
  [],
  {},
  [[[]]],
  { a: { b: {} } },
  ['x'],
  0,
  -1,
  1.5,
  '',
];
const NAMES = [
  '__proto__',
  'constructor',
  'Model',
  'CONTENT',
  '',
  'type',
  'id',
  'x'.repeat(300),
  '\u2028',
  'a/b~c',
];

/** Copies a JSON value with a few places changed: other types, hostile numbers and texts, names doubled or lost, depth. */
export function mutateJson(value: unknown, random: Random): string {
  // Marks stand for what only JSON text can say, such as 1e400 or one name twice.
  const marks = new Map<string, string>();
  const mark = (text: string): string => {
    const name = `@@${marks.size}@@`;
    marks.set(name, text);
    return name;
  };
  const hostile = (): unknown => {
    const kind = random.below(4);
    if (kind === 0) return mark(random.pick(NUMBERS));
    if (kind === 1) return random.pick(TEXTS);
    if (kind === 2) return random.pick(VALUES);
    const depth = random.below(90);
    return mark(`${'['.repeat(depth)}1${']'.repeat(depth)}`);
  };
  const visit = (at: unknown): unknown => {
    if (random.chance(0.06)) return hostile();
    if (Array.isArray(at)) {
      const out = at.map(visit);
      if (out.length > 0 && random.chance(0.1))
        out.push(...Array.from({ length: random.below(20) }, () => out[0]));
      return out;
    }
    if (typeof at !== 'object' || at === null) return at;
    const out: Record<string, unknown> = {};
    for (const [name, own] of Object.entries(at)) {
      if (random.chance(0.04)) continue;
      out[random.chance(0.02) ? `${name}\u0000${random.pick(NAMES)}` : name] = visit(own);
    }
    if (random.chance(0.05)) out[`\u0000${random.pick(NAMES)}`] = hostile();
    return out;
  };
  let text = JSON.stringify(visit(value)) ?? 'null';
  for (const [name, written] of marks) text = text.replace(`"${name}"`, () => written);
  // A name that was given another keeps both: the same name may then stand twice.
  return text.replaceAll(/[^"\\]*\\u0000/g, '');
}

/** Bytes changed, taken out, doubled, cut off or put in. */
export function mutateBytes(content: Uint8Array, random: Random): Buffer {
  let bytes = Buffer.from(content);
  for (let i = 1 + random.below(4); i > 0 && bytes.length > 0; i--) {
    const at = random.below(bytes.length);
    const how = random.below(6);
    if (how === 0) bytes[at] = random.below(256);
    else if (how === 1)
      bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random.below(16))]);
    else if (how === 2)
      bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.max(0, at - random.below(64)))]);
    else if (how === 3) bytes = bytes.subarray(0, at);
    else if (how === 4)
      bytes = Buffer.concat([bytes.subarray(0, at), Buffer.from(random.pick(TEXTS)), bytes.subarray(at)]);
    else
      bytes = Buffer.concat([
        bytes.subarray(0, at),
        Buffer.from(random.pick(['\r', '\n', '\r\n\r\n', ': x\n', 'event: y\n'])),
        bytes.subarray(at),
      ]);
  }
  return bytes;
}

/** A JSON document changed in its structure, or now and then in its bytes. */
export function mutateDocument(value: unknown, random: Random): Buffer {
  const text = Buffer.from(mutateJson(value, random));
  return random.chance(0.25) ? mutateBytes(text, random) : text;
}
