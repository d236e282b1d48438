import type { Random } from '@sallyport/attacks';
import { OP } from '../src/pickle/opcodes.ts';
import { bytes, framed, global, little, type Part, stream, text, whole } from './corpus/assembler.ts';

const MODULES = [
  'os',
  'posix',
  'collections',
  '__builtin__',
  'builtins',
  'numpy.core.multiarray',
  'a.b',
  'copy_reg',
];
const NAMES = ['system', 'OrderedDict', 'object', '_reconstruct', 'c', 'x.y', 'eval', 'set'];

/** One stream of opcodes that mostly make sense together, with now and then one that does not. */
export function randomPickle(random: Random): Buffer {
  const one = <T>(from: readonly T[]): T => from[random.below(from.length)]!;
  const parts: Part[] = [];
  if (random.below(10) > 0) parts.push(stream(OP.PROTO, random.below(6)));
  let memo = 0;
  const count = 3 + random.below(28);
  const literal = (): Part =>
    one<() => Part>([
      () => text(one(MODULES)),
      () => text(one(NAMES)),
      () => text(one(NAMES), 'long'),
      () => text(one(MODULES), 'line'),
      () => text(one(NAMES), 'string'),
      () => text(one(NAMES), 'short-binstring'),
      () => text(one(NAMES), 'eight'),
      () => whole(random.below(300)),
      () => bytes(Buffer.from(one(NAMES))),
      () => stream(OP.NONE),
      () => stream(OP.NEWTRUE),
      () => 'I5\n',
      () => 'L7L\n',
      () => 'F1.5\n',
      () => 'I01\n',
      () => stream(OP.LONG1, 2, 1, 1),
    ])();
  const steps: (() => Part)[] = [
    literal,
    literal,
    literal,
    literal,
    () => global(one(MODULES), one(NAMES)),
    () => stream(text(one(MODULES)), text(one(NAMES)), OP.STACK_GLOBAL),
    () => stream(OP.STACK_GLOBAL),
    () => stream(OP.MARK),
    () => stream(OP.MARK, literal(), OP.TUPLE),
    () => stream(literal(), OP.TUPLE1),
    () => stream(OP.TUPLE2),
    () => stream(OP.EMPTY_TUPLE),
    () => stream(OP.EMPTY_LIST),
    () => stream(OP.EMPTY_DICT),
    () => stream(OP.EMPTY_SET),
    () => stream(OP.TUPLE),
    () => stream(OP.LIST),
    () => stream(OP.POP),
    () => stream(OP.POP_MARK),
    () => stream(OP.DUP),
    () => stream(OP.EMPTY_TUPLE, OP.REDUCE),
    () => stream(literal(), OP.TUPLE1, OP.REDUCE),
    () => stream(OP.REDUCE),
    () => stream(OP.EMPTY_TUPLE, OP.NEWOBJ),
    () => stream(OP.EMPTY_DICT, OP.BUILD),
    () => stream(OP.BUILD),
    () => stream(OP.MARK, literal(), OP.APPENDS),
    () => stream(literal(), OP.APPEND),
    () => stream(text('k'), literal(), OP.SETITEM),
    () => stream(OP.MARK, text('k'), literal(), OP.SETITEMS),
    () => stream(OP.MARK, literal(), `i${one(MODULES)}\n${one(NAMES)}\n`),
    () => stream(OP.MARK, global(one(MODULES), one(NAMES)), literal(), OP.OBJ),
    () => stream(OP.BINPUT, memo++ % 200),
    () => stream(OP.MEMOIZE),
    () => stream(OP.BINGET, random.below(Math.max(1, memo))),
    () => `p${memo++}\n`,
    () => `g${random.below(Math.max(1, memo))}\n`,
    () => stream(OP.LONG_BINPUT, little(memo++, 4)),
    () => stream(OP.LONG_BINGET, little(random.below(Math.max(1, memo)), 4)),
    () => stream(OP.BINPERSID),
    () => 'Pid\n',
    () => stream(OP.MARK, literal(), OP.FROZENSET),
    () => stream(OP.MARK, literal(), OP.ADDITEMS),
    () => stream(OP.PROTO, random.below(6)),
    () => stream(OP.FRAME, little(random.below(40), 8)),
    () => stream(one([0x00, 0x2e, 0x52, 0x62, 0x61, 0x75, 0x95, 0x99, 0x30, 0x31, 0xff])),
  ];
  for (let i = 0; i < count; i++) parts.push(one(steps)());
  if (random.below(20) > 0) parts.push(OP.STOP);
  const whole_ = stream(...parts);
  if (random.below(12) === 0) return framed(4, whole_);
  if (random.below(12) === 0) return whole_.subarray(0, random.below(whole_.length + 1));
  return whole_;
}
