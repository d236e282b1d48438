import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Random } from '@sallyport/attacks';
import { BytesSource } from '../src/bytes/byte-source.ts';
import { innerBytes } from '../src/pickle/inner-bytes.ts';
import { PickleMachine } from '../src/pickle/machine.ts';
import { OP } from '../src/pickle/opcodes.ts';
import {
  GlobalName,
  isContainer,
  isOpaque,
  Made,
  NONE,
  PLAIN_TUPLE,
  type Value,
} from '../src/pickle/value.ts';
import { bytes, little, type Part, stream, text, whole } from './corpus/assembler.ts';

const PICKLES = 2_000;

/** What Python has on its stack. */
type Thing =
  | { readonly is: 'none' | 'list' | 'dict' }
  | { readonly is: 'number'; readonly of: number }
  | { readonly is: 'text'; readonly of: string }
  | { readonly is: 'bytes'; readonly of: Buffer | null }
  | { readonly is: 'name'; readonly of: string }
  | { readonly is: 'made'; readonly bytes: Buffer | null }
  | { readonly is: 'tuple'; readonly of: readonly Thing[] };
const NOTHING: Thing = { is: 'none' };

const LETTERS = 'ab\\nxu0\u0000\u007f\u0080\u00ff\u0100\u010c\u2028\ud83d\ude00';
const CODECS = ['latin1', 'latin-1', 'utf-8', 'UTF8', 'ascii', 'raw_unicode_escape', 'iso-8859-1'];

/** What a codec of Python gives, `null` where it refuses. */
function encode(of: string, codec: string): Buffer | null {
  const kind = codec.toLowerCase().replace(/[-_]/g, '');
  if (kind === 'utf8') return Buffer.from(of, 'utf8');
  const codes = [...of].map((letter) => letter.codePointAt(0)!);
  if (kind === 'rawunicodeescape')
    return Buffer.concat(
      codes.map((code) =>
        code < 0x100
          ? Buffer.from([code])
          : Buffer.from(
              code < 0x1_0000
                ? `\\u${code.toString(16).padStart(4, '0')}`
                : `\\U${code.toString(16).padStart(8, '0')}`,
            ),
      ),
    );
  return codes.every((code) => code < (kind === 'ascii' ? 0x80 : 0x100)) ? Buffer.from(codes) : null;
}

/** A text on a line, as `pickle.py` writes it. */
const line = (of: string): Buffer =>
  Buffer.concat([
    Buffer.from('V'),
    encode(
      of.replaceAll('\\', '\\u005c').replaceAll('\0', '\\u0000').replaceAll('\n', '\\u000a'),
      'raw_unicode_escape',
    )!,
    Buffer.from('\n'),
  ]);

/** Writes a stream and does what it says, with one memo, as a reader would that keeps everything. */
class Writer {
  readonly parts: Part[] = [];
  readonly calls: Thing[] = [];
  readonly #random: Random;
  readonly #stack: Thing[] = [];
  readonly #marks: number[] = [];
  readonly #memo = new Map<number, Thing>();

  constructor(random: Random) {
    this.#random = random;
  }

  #one<T>(from: readonly T[]): T {
    return from[this.#random.below(from.length)]!;
  }

  #text(): string {
    const letters = [...LETTERS];
    return Array.from({ length: this.#random.below(5) }, () => this.#one(letters)).join('');
  }

  #push(thing: Thing, ...parts: readonly Part[]): void {
    this.#stack.push(thing);
    this.parts.push(...parts);
  }

  get #above(): number {
    return this.#stack.length - (this.#marks.at(-1) ?? 0);
  }

  #literal(): void {
    const number = this.#one([0, 1, 255, 256, 65_536, -3]);
    const letters = this.#text();
    const content = Buffer.from(letters, 'utf8');
    const of = { is: 'text', of: letters } as const;
    this.#one([
      () => this.#push({ is: 'number', of: number }, whole(number)),
      () => this.#push({ is: 'number', of: 1 }, OP.NEWTRUE),
      () => this.#push({ is: 'number', of: 12 }, 'I12\n'),
      () => this.#push({ is: 'number', of: -7 }, 'L-7L\n'),
      () => this.#push({ is: 'number', of: 513 }, stream(OP.LONG4, little(2, 4), little(513, 2))),
      () => this.#push(NOTHING, OP.NONE),
      () => this.#push({ is: 'list' }, OP.EMPTY_LIST),
      () => this.#push({ is: 'dict' }, OP.EMPTY_DICT),
      () => this.#push(of, text(letters, this.#one(['short', 'long', 'eight']))),
      () => this.#push(of, line(letters)),
      () => this.#push({ is: 'bytes', of: content }, bytes(content)),
      () =>
        this.#push({ is: 'bytes', of: content }, stream(OP.BYTEARRAY8, little(content.length, 8), content)),
    ])();
  }

  #encoded(): void {
    const letters = this.#text();
    const codec = this.#one(CODECS);
    this.calls.push({
      is: 'tuple',
      of: [
        { is: 'text', of: letters },
        { is: 'text', of: codec },
      ],
    });
    this.#push(
      { is: 'made', bytes: encode(letters, codec) },
      stream(
        'c_codecs\nencode\n',
        this.#one([text(letters), line(letters)]),
        this.#one([text(codec), line(codec)]),
        OP.TUPLE2,
        OP.REDUCE,
      ),
    );
  }

  #tuple(): void {
    const count = this.#random.below(4);
    if (this.#above < count) return;
    const items = this.#stack.splice(this.#stack.length - count);
    this.#push({ is: 'tuple', of: items }, count === 0 ? OP.EMPTY_TUPLE : OP.TUPLE1 + count - 1);
  }

  #markedTuple(): void {
    const mark = this.#marks.pop();
    if (mark === undefined) return;
    this.#push({ is: 'tuple', of: this.#stack.splice(mark) }, OP.TUPLE);
  }

  #put(): void {
    const top = this.#above > 0 ? this.#stack.at(-1) : undefined;
    if (!top) return;
    const place = this.#random.below(12);
    const how = this.#random.below(4);
    if (how === 3) {
      this.#memo.set(this.#memo.size, top);
      this.parts.push(OP.MEMOIZE);
      return;
    }
    this.#memo.set(place, top);
    const forms = [stream(OP.BINPUT, place), stream(OP.LONG_BINPUT, little(place, 4)), `p${place}\n`];
    this.parts.push(forms[how]!);
  }

  #get(): void {
    if (this.#memo.size === 0) return;
    const place = this.#one([...this.#memo.keys()]);
    this.#push(
      this.#memo.get(place)!,
      this.#one<Part>([stream(OP.BINGET, place), stream(OP.LONG_BINGET, little(place, 4)), `g${place}\n`]),
    );
  }

  #call(): void {
    const args = this.#above > 0 ? this.#stack.at(-1) : undefined;
    if (args?.is !== 'tuple') return;
    this.#stack.pop();
    this.calls.push(args);
    const place = 200;
    this.#memo.set(place, args);
    this.#push(
      { is: 'made', bytes: null },
      stream(OP.BINPUT, place, OP.POP, 'ca\nb\n', OP.BINGET, place, OP.REDUCE),
    );
  }

  step(): void {
    this.#one([
      () => this.#literal(),
      () => this.#literal(),
      () => this.#literal(),
      () => this.#encoded(),
      () => this.#tuple(),
      () => this.#tuple(),
      () => this.#put(),
      () => this.#put(),
      () => this.#get(),
      () => this.#get(),
      () => this.#call(),
      () => {
        this.parts.push(OP.MARK);
        this.#marks.push(this.#stack.length);
      },
      () => this.#markedTuple(),
      () => {
        if (this.#above > 0) this.#push(this.#stack.at(-1)!, OP.DUP);
      },
      () => {
        if (this.#above === 0) return;
        this.#stack.pop();
        this.parts.push(OP.POP);
      },
    ])();
  }
}

/** Whether a tuple holds nothing that the machine keeps. */
const isPlain = (thing: Thing): boolean =>
  thing.is === 'none' ||
  thing.is === 'list' ||
  thing.is === 'dict' ||
  (thing.is === 'tuple' && thing.of.length > 0 && thing.of.every(isPlain));

/** Where what the machine believes differs from what there is; `null` where it does not. */
function difference(machine: PickleMachine, source: BytesSource, value: Value, thing: Thing): string | null {
  const { literals } = machine;
  const differs = `${JSON.stringify(thing)} is taken for ${JSON.stringify(value)}`;
  const same = (is: boolean): string | null => (is ? null : differs);
  if (isOpaque(value)) return differs;
  switch (thing.is) {
    case 'none':
      return same(value === NONE);
    case 'list':
    case 'dict':
      return same(isContainer(value));
    case 'number':
      return same(literals.whole(value) === thing.of);
    case 'text':
      return same(literals.string(value) === thing.of);
    case 'name':
      return same(value instanceof GlobalName && value.full === thing.of);
    case 'made':
      return same(value instanceof Made) ?? given(innerBytes(value, literals), thing.bytes);
    case 'bytes':
      return given(innerBytes(value, literals), thing.of);
    case 'tuple': {
      if (typeof value === 'number' && value % 8 === PLAIN_TUPLE) return same(isPlain(thing));
      const items = literals.itemsOf(value);
      if (items?.length !== thing.of.length) return differs;
      for (const [at, item] of thing.of.entries()) {
        const found = difference(machine, source, items[at]!, item);
        if (found !== null) return found;
      }
      return null;
    }
  }
  function given(read: ReturnType<typeof innerBytes>, of: Buffer | null): string | null {
    if (!read || !of) return same(!read && !of);
    const content = read instanceof Uint8Array ? read : source.read(read.start, read.length);
    return same(Buffer.compare(content, of) === 0);
  }
}

it(`takes the arguments of every call for what they are, in ${PICKLES} random streams`, () => {
  const random = new Random(20_261_130);
  let compared = 0;
  for (let i = 0; i < PICKLES; i++) {
    const writer = new Writer(random);
    for (let steps = 20 + random.below(60); steps > 0; steps--) writer.step();
    const source = new BytesSource(stream(OP.PROTO, 5, ...writer.parts, OP.NONE, OP.STOP));
    let calls = 0;
    const machine: PickleMachine = new PickleMachine(source, {
      global: () => {},
      computedGlobal: () => {},
      call: (of, args, how, offset) => {
        const found = difference(machine, source, args, writer.calls[calls++]!);
        assert.equal(found, null, Buffer.from(source.read(0, source.size)).toString('hex'));
        return new Made(of, args, how, offset);
      },
      build: () => 0,
      added: () => {},
      items: () => {},
      fetched: () => {},
      persistent: (id) => id,
      doubled: () => {},
      allocates: () => {},
      goOn: () => true,
    });
    assert.equal(machine.run(0).why, 'stop');
    assert.equal(calls, writer.calls.length);
    compared += calls;
  }
  assert.ok(compared > 3 * PICKLES, `${compared} calls`);
});
