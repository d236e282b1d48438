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

/** One thing to do next: what it takes from the stack, what it gives, and whether it takes a mark away. */
interface Step {
  readonly takes: number;
  readonly gives: number;
  readonly mark?: 'puts' | 'takes';
  readonly part: () => Part;
}

/** Steps of one stream. Memo places are counted as they are filled. */
function steps(random: Random): Step[] {
  const one = <T>(from: readonly T[]): T => from[random.below(from.length)]!;
  let memo = 0;
  const place = (): number => random.below(Math.max(1, memo));
  const step = (takes: number, gives: number, part: () => Part, mark?: Step['mark']): Step => ({
    takes,
    gives,
    part,
    ...(mark ? { mark } : {}),
  });
  const literals: (() => Part)[] = [
    () => text(one(MODULES)),
    () => text(one(NAMES)),
    () => text(one(NAMES), 'long'),
    () => text(one(MODULES), 'line'),
    () => text(one(NAMES), 'string'),
    () => text(one(NAMES), 'short-binstring'),
    () => text(one(NAMES), 'binstring'),
    () => text(one(NAMES), 'eight'),
    () => whole(random.below(300)),
    () => bytes(Buffer.from(one(NAMES))),
    () => stream(OP.NONE),
    () => stream(OP.NEWTRUE),
    () => 'I5\n',
    () => 'L7L\n',
    () => 'F1.5\n',
    () => stream(OP.LONG1, 2, 1, 1),
    () => stream(OP.BINFLOAT, Buffer.alloc(8)),
  ];
  const literal = (): Part => one(literals)();
  return [
    ...Array.from({ length: 4 }, () => step(0, 1, literal)),
    step(0, 1, () => global(one(MODULES), one(NAMES))),
    step(0, 1, () => stream(text(one(MODULES)), text(one(NAMES)), OP.STACK_GLOBAL)),
    step(0, 1, () => stream(text(one(MODULES)), OP.MEMOIZE, text(one(NAMES)), OP.MEMOIZE, OP.STACK_GLOBAL)),
    step(2, 1, () => stream(OP.STACK_GLOBAL)),
    step(0, 0, () => stream(OP.MARK), 'puts'),
    step(0, 1, () => stream(OP.EMPTY_TUPLE)),
    step(0, 1, () => stream(OP.EMPTY_LIST)),
    step(0, 1, () => stream(OP.EMPTY_DICT)),
    step(0, 1, () => stream(OP.EMPTY_SET)),
    step(1, 1, () => stream(OP.TUPLE1)),
    step(2, 1, () => stream(OP.TUPLE2)),
    step(3, 1, () => stream(OP.TUPLE3)),
    step(0, 1, () => stream(OP.TUPLE), 'takes'),
    step(0, 1, () => stream(OP.LIST), 'takes'),
    step(0, 0, () => stream(OP.POP_MARK), 'takes'),
    step(1, 0, () => stream(OP.POP)),
    step(1, 2, () => stream(OP.DUP)),
    step(1, 1, () => stream(OP.EMPTY_TUPLE, OP.REDUCE)),
    step(1, 1, () => stream(literal(), OP.TUPLE1, OP.REDUCE)),
    step(2, 1, () => stream(OP.REDUCE)),
    step(1, 1, () => stream(OP.EMPTY_TUPLE, OP.NEWOBJ)),
    step(1, 1, () => stream(OP.EMPTY_DICT, OP.BUILD)),
    step(2, 1, () => stream(OP.BUILD)),
    step(1, 1, () => stream(OP.MARK, literal(), OP.APPENDS)),
    step(1, 1, () => stream(literal(), OP.APPEND)),
    step(1, 1, () => stream(text('k'), literal(), OP.SETITEM)),
    step(1, 1, () => stream(OP.MARK, text('k'), literal(), OP.SETITEMS)),
    step(1, 1, () => stream(OP.MARK, literal(), OP.ADDITEMS)),
    step(0, 1, () => stream(OP.MARK, literal(), `i${one(MODULES)}\n${one(NAMES)}\n`)),
    step(0, 1, () => stream(OP.MARK, global(one(MODULES), one(NAMES)), literal(), OP.OBJ)),
    step(0, 1, () => stream(OP.MARK, literal(), OP.FROZENSET)),
    step(1, 1, () => stream(OP.BINPUT, memo++ % 256)),
    step(1, 1, () => {
      memo++;
      return stream(OP.MEMOIZE);
    }),
    step(1, 1, () => stream(OP.LONG_BINPUT, little(memo++, 4))),
    step(1, 1, () => `p${memo++}\n`),
    step(0, 1, () => stream(OP.BINGET, place() % 256)),
    step(0, 1, () => stream(OP.LONG_BINGET, little(place(), 4))),
    step(0, 1, () => `g${place()}\n`),
    step(1, 1, () => stream(OP.BINPERSID)),
    step(0, 1, () => 'Pid\n'),
    step(0, 0, () => stream(OP.PROTO, random.below(6))),
    step(0, 0, () => stream(OP.FRAME, little(random.below(40), 8))),
  ];
}

/** One stream of opcodes that mostly make sense together, with now and then one that does not. */
export function randomPickle(random: Random): Buffer {
  const all = steps(random);
  const parts: Part[] = [];
  if (random.below(10) > 0) parts.push(stream(OP.PROTO, random.below(6)));
  const marks: number[] = [];
  let depth = 0;
  /** Some streams have no frames, so that they are read to their end; some break their rules. */
  const frames = random.below(2) === 0;
  const breaks = random.below(3) === 0;
  for (let i = 3 + random.below(40); i > 0; i--) {
    const step = all[random.below(frames ? all.length : all.length - 1)]!;
    const fits = step.takes <= depth && (step.mark !== 'takes' || marks.length > 0);
    if (!fits && !(breaks && random.below(30) === 0)) continue;
    parts.push(step.part());
    if (step.mark === 'puts') {
      marks.push(depth);
      depth = 0;
    } else {
      if (step.mark === 'takes') depth = marks.pop() ?? 0;
      depth = Math.max(0, depth - step.takes) + step.gives;
    }
    if (breaks && random.below(60) === 0) parts.push(stream(random.below(256)));
  }
  if (depth === 0) parts.push(stream(OP.NONE));
  if (random.below(20) > 0) parts.push(OP.STOP);
  const content = stream(...parts);
  const shape = random.below(24);
  if (shape <= 1) return framed(4, content);
  if (shape <= 3) return content.subarray(0, random.below(content.length + 1));
  return content;
}
