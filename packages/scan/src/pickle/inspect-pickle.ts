import { type ByteSource, BytesSource, SliceSource, WithoutSource } from '../bytes/byte-source.ts';
import type { Inspection } from '../inspection.ts';
import { TECHNIQUES } from '../techniques.ts';
import { printable } from '../text/printable.ts';
import { dangerOf } from './danger.ts';
import { arrayAfter } from './inline-arrays.ts';
import { Judge, type PickleSighting } from './judge.ts';
import { PickleMachine } from './machine.ts';
import type { PickleEnd, Reading } from './machine-contract.ts';
import { OP, OPCODE_NAMES } from './opcodes.ts';
import type { StorageClaim } from './storages.ts';

/** Streams, one behind another, that are read. */
const STREAMS_MAX = 100_000;
/** Bytes behind the last stream that are searched for another. */
const SEARCH_BYTES_MAX = 16 * 1024 * 1024;
/** Places in them that are tried. */
const TRIES_MAX = 20_000;
/** Bytes that trying them may go through, for each byte that is searched, and for the file. */
const SEARCH_PASSES_MAX = 8;
const SEARCH_PASSES_BYTES = 4 * 1024 * 1024;
/** The first stream of a file that old `torch.save` wrote: a number, which is followed by four more and raw storages. */
const TORCH_MAGIC = Buffer.from('80028a0a6cfc9c46f9206aa850192e', 'hex');
const TORCH_STREAMS = 5;

const STRICT: Reading = { lenient: false };
const LENIENT: Reading = { lenient: true };
const WATCHING: Reading = { lenient: false, watchFrames: true };

interface Model {
  readonly source: ByteSource;
  readonly offset: number;
}

/** A storage that says more than its record in the archive holds: readers that believe it read behind it (CVE-2026-24747). */
function inspectStorage(inspection: Inspection, { key, bytes }: StorageClaim, offset: number): void {
  const record = inspection.recordBytes(key);
  if (record === undefined || bytes === null || bytes <= record) return;
  // torch keeps the shapes of what it traced with, and not their numbers: each record is empty.
  if (record === 0 && inspection.name === 'traced_inputs.pkl') return;
  inspection.report(
    'header-arithmetic',
    `says that the storage \`${printable(key)}\` has ${bytes} bytes; its record has ${record}`,
    { offset },
  );
}

/** A judge and machine for one reading of a source. */
function reader(inspection: Inspection, source: ByteSource, reading: Reading, inline: boolean) {
  const models: Model[] = [];
  let skipped = false;
  const judge: Judge = new Judge(inspection.allowed, {
    nested: (bytes, offset) => {
      const inner =
        bytes instanceof Uint8Array
          ? new BytesSource(bytes)
          : new SliceSource(source, bytes.start, bytes.start + bytes.length);
      models.push({ source: inner, offset });
    },
    inline: (target, state, next, literals) => {
      if (!inline) return 0;
      const length = arrayAfter(source, target, state, next, literals, (offset) => {
        const inner = new PickleMachine(source, judge, reading);
        judge.literals = inner.literals;
        const end = inner.run(offset);
        judge.literals = literals;
        return end.why === 'stop' ? end.offset - offset : null;
      });
      if (length !== 0) skipped = true;
      return length;
    },
    storage: (claim, offset) => inspectStorage(inspection, claim, offset),
    goOn: () => !inspection.budget.outOfTime,
  });
  const machine = new PickleMachine(source, judge, reading);
  judge.literals = machine.literals;
  return { judge, machine, models, skipped: () => skipped };
}

/** Whether the bytes are a pickle: by its header, or because something in them would run. */
export function isPickle(inspection: Inspection): boolean {
  const { source } = inspection;
  const head = source.read(0, 16);
  if (head.length < 2) return false;
  if (head[0] === OP.PROTO) return head[1]! <= 5 && (head.length === 2 || OPCODE_NAMES.has(head[2]!));
  // `PK` of an archive would begin with a persistent id, which no loader takes first.
  if (!OPCODE_NAMES.has(head[0]!) || head[0] === OP.PERSID) return false;
  let acts = 0;
  let known = false;
  const machine = new PickleMachine(source, {
    global: ({ module, name }) => {
      known ||= dangerOf(module, name) !== null && /^[\w.]+$/.test(module) && /^[\w.]+$/.test(name);
    },
    computedGlobal: () => {},
    call: (of) => {
      acts++;
      return of;
    },
    build: () => 0,
    added: () => {},
    items: () => {},
    fetched: () => {},
    persistent: (id) => id,
    doubled: () => {},
    allocates: () => {},
    goOn: () => acts === 0,
  });
  const end = machine.run(0);
  return end.why === 'stop' ? end.opcodes > 1 : acts > 0 || known;
}

const worst = ({ technique }: PickleSighting): boolean => TECHNIQUES[technique].verdict === 'malicious';

/** Frames that are cut, one after another, before a stream is given up. */
const CUTS_MAX = 64;

/**
 * Runs a stream as CPython's C reader reads a file: where an argument reaches over the end of a frame, what the frame still
 * holds is dropped.
 * @param run reads a source, told what was dropped so far @returns its end
 */
export function runCut(source: ByteSource, run: (left: ByteSource, reading: Reading) => PickleEnd): void {
  let left = source;
  const dropped = new Map<number, number>();
  for (let cuts = 0; cuts < CUTS_MAX; cuts++) {
    const { cut } = run(left, { lenient: false, watchFrames: true, dropped });
    // A frame that ends behind the file is refused by the C reader.
    if (!cut || cut.to > left.size) return;
    left = new WithoutSource(left, cut.from, cut.to);
    dropped.set(cut.frame, (dropped.get(cut.frame) ?? 0) + cut.to - cut.from);
  }
}

/** Runs every stream of a pickle abstractly, one behind another, and reports what loading it would do. */
export async function inspectPickle(inspection: Inspection): Promise<void> {
  const { source } = inspection;
  const reading = reader(inspection, source, WATCHING, true);
  let at = 0;
  let streams = 0;
  let end: PickleEnd | null = null;
  const isTorch = Buffer.compare(Buffer.from(source.read(0, TORCH_MAGIC.length)), TORCH_MAGIC) === 0;
  while (at < source.size && streams < (isTorch ? TORCH_STREAMS : STREAMS_MAX)) {
    end = reading.machine.run(at);
    if (end.crossed)
      inspection.report('ambiguous-frame', 'has a frame that ends within bytes', { offset: at });
    if (end.why !== 'stop') break;
    at = end.offset;
    streams++;
  }
  const seen = reading.judge.sightings;
  const told = new Set(seen.map(({ technique, message }) => `${technique} ${message}`));
  const more = (others: readonly PickleSighting[]): void => {
    for (const sighting of others) {
      const key = `${sighting.technique} ${sighting.message}`;
      if (told.has(key)) continue;
      told.add(key);
      seen.push(sighting);
    }
  };
  if (end?.cut) {
    inspection.report('ambiguous-frame', 'has a frame that ends within an argument', { offset: end.offset });
    // Whoever reads bytes goes on; whoever reads a file drops what the frame still holds.
    const going = reader(inspection, source, STRICT, true);
    end = going.machine.run(at);
    more(going.judge.sightings);
    runCut(source, (left, how) => {
      const { judge, machine } = reader(inspection, left, how, true);
      const ran = machine.run(at);
      more(judge.sightings);
      return ran;
    });
  }
  const broken = end !== null && end.why !== 'stop';
  if (broken) {
    // Another loader, or another version of it, may go on where this reading stops.
    const lenient = reader(inspection, source, LENIENT, true);
    lenient.machine.run(at);
    more(lenient.judge.sightings.filter(worst));
  }
  if (reading.skipped()) {
    // Whoever loads it without joblib takes the bytes of its arrays for opcodes.
    const plain = reader(inspection, source, STRICT, false);
    plain.machine.run(0);
    more(plain.judge.sightings.filter(worst));
  }
  for (const { technique, message, offset, opcode } of seen)
    inspection.report(technique, message, { offset, opcode });
  if (broken && end) {
    const begins = source.read(at, 2);
    const isStream = streams === 0 || (begins[0] === OP.PROTO && begins[1]! <= 5 && begins[1]! >= 2);
    if (end.why === 'budget')
      inspection.report('too-much', 'takes longer to read than it may', { offset: end.offset });
    else if (isStream)
      inspection.report('broken-pickle', `cannot be read to its end: ${end.message}`, { offset: end.offset });
  }
  if (streams === STREAMS_MAX && at < source.size)
    inspection.report('too-much', `holds over ${STREAMS_MAX} pickles`, { offset: at });
  if (!isTorch && source.size - at > SEARCH_BYTES_MAX && !broken)
    inspection.report('too-much', 'holds more behind its last pickle than is searched', { offset: at });
  if (at < source.size && !seen.some(worst)) searchHidden(inspection, broken ? end!.offset : at);
  for (const { source: inner, offset } of reading.models) await inspection.part(`@${offset}`, inner);
}

/** Looks for a stream that would run something, behind or within bytes that are none. */
export function searchHidden(inspection: Inspection, from: number): void {
  const { source } = inspection;
  const bytes = source.read(from, SEARCH_BYTES_MAX);
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let tries = 0;
  let spent = 0;
  const spentMax = SEARCH_PASSES_BYTES + SEARCH_PASSES_MAX * bytes.length;
  const { judge, machine } = reader(inspection, source, STRICT, true);
  const attempt = (at: number): boolean => {
    if (++tries > TRIES_MAX || spent + machine.spent > spentMax || inspection.budget.outOfTime) {
      inspection.report('too-much', 'holds more that begins like a pickle than is tried', {
        offset: from + at,
      });
      return true;
    }
    judge.forget();
    spent += machine.run(from + at).offset - from - at;
    const found = judge.sightings.find((sighting) => worst(sighting) && sighting.message.startsWith('calls'));
    if (!found) return false;
    inspection.report('hidden-pickle', `holds a pickle that ${found.message}`, {
      offset: found.offset,
      opcode: found.opcode,
    });
    return true;
  };
  for (let at = buffer.indexOf(OP.PROTO); at >= 0; at = buffer.indexOf(OP.PROTO, at + 1)) {
    if (buffer[at + 1]! > 5 || !OPCODE_NAMES.has(buffer[at + 2]!)) continue;
    if (attempt(at)) return;
  }
  // Protocols 0 and 1 have no header: a line with a module and one with a name of it.
  const text = buffer.toString('latin1');
  for (const match of text.matchAll(/[ci](?=([\w.]{1,64})\n([\w.]{1,64})\n)/g)) {
    if (dangerOf(match[1]!, match[2]!) === null) continue;
    const marked = match[0] === 'i' && text[match.index - 1] === '(';
    if (attempt(marked ? match.index - 1 : match.index)) return;
  }
}
