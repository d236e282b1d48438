import { join } from 'node:path';
import { CodedError, type ContentRecord, type ExchangeLeaf, type SallyportEvent } from '@sallyport/core';
import {
  CONTENT_HEADER_BYTES,
  contentBytes,
  contentPath,
  contentRecords,
  fileMark,
  type LedgerProblem,
  readContent,
  TILE_WIDTH,
} from '@sallyport/ledger';
import {
  commit,
  type DataKeys,
  open,
  SALT_BYTES,
  sealedKeyId,
  sealedPart,
  sealedPlace,
} from '@sallyport/vault';
import type { GoneStep, SeenContent } from './audit-memory.ts';
import { type GoneContent, GoneContents, type LostContent, NAMED_MAX } from './content-gone.ts';
import { entryOf } from './projected-rows.ts';

/** What came of holding sealed content against the commitments in the log. */
export interface ContentReport {
  /** `none` where the log keeps no content; `not-checked` where content is here and was not opened: that is never `ok`. */
  readonly result: 'ok' | 'bad' | 'not-checked' | 'none';
  /** Why it was not checked. */
  readonly why: string | null;
  /** Contents that open and are what their commitment says. */
  readonly checked: number;
  /** Those among them that were too long to be kept whole: what is kept opens, the commitment is over more. */
  readonly partly: number;
  readonly expired: number;
  readonly shredded: number;
  /** Contents that were not opened: no key at hand, or not in the sample. */
  readonly unchecked: number;
  readonly bad: number;
  /** Events that say what became of content that is gone. */
  readonly gone: readonly GoneContent[];
  readonly problems: readonly LedgerProblem[];
}

/** How content is checked. */
export interface ContentAuditOptions {
  /** Folder of the log. */
  readonly folder: string;
  /** Opens what is sealed; null where the keys are not at hand, with the reason. */
  readonly keys:
    | { readonly open: () => DataKeys; readonly refresh: () => Promise<void> }
    | { readonly missing: string };
  /** Whether the content beside a bundle of entries is opened; all is, unless said otherwise. */
  readonly sample?: (bundle: number) => boolean;
  /** What was found of bundles before: of those that are not in the sample and have not changed it is taken from here. */
  readonly seen?: Map<number, SeenContent>;
  /** An entry of the log, for content that points back to one that was not shown. */
  readonly leafOf?: (index: number) => Promise<Uint8Array | null>;
  /** A copy of the log alone, without its content. */
  readonly isLogAlone?: boolean;
  /** Keys may be older than the content: what none of them opens is not checked, and no fault. */
  readonly areKeysOlder?: boolean;
}

interface Kept {
  readonly index: number;
  readonly exchange: string;
  readonly direction: 'input' | 'output';
  readonly system: string | null;
  readonly at: string;
  readonly record: ContentRecord;
}

/** What lies beside entries. */
interface Beside {
  readonly lost: LostContent[];
  /** Contents that are there. */
  readonly there: number;
}

const PROBLEMS_MAX = 100;
/** Bytes of opened blobs kept for the contents that point into them. */
const OPENED_BYTES_MAX = 64 * 1024 * 1024;
/** How far back a content may point: what 16 bits say. */
const BACK_MAX = 65_536;
/** How often keys are read again for content whose key is not known. */
const KEY_READS_MAX = 16;
const MISSING = 'is missing, and no event says that it was destroyed';
const [EXCHANGE, EXPIRED, SHREDDED] = [
  Buffer.from('"type":"exchange-'),
  Buffer.from('"type":"content-expired"'),
  Buffer.from('"type":"vault-shredded"'),
];

/** Where in an exchange's leaf its content is recorded; of no bytes, some may lie there and none need to. */
function keptBy(index: number, leaf: ExchangeLeaf): Kept | null {
  const isOutput = leaf.type === 'exchange-outcome';
  const record = isOutput ? leaf.output : leaf.input;
  if (!record || !(record.kept > 0 || record.bytes === 0)) return null;
  const { id: exchange, system, at } = leaf;
  return { index, exchange, direction: isOutput ? 'output' : 'input', system, at, record };
}

const contextOf = ({ exchange, direction }: Kept): string => `${exchange}/${direction}`;

/** Losses and events in the order of the log; losses that are told together are counted together. */
function stepsOf(
  lost: readonly LostContent[],
  events: readonly { readonly index: number; readonly event: SallyportEvent }[],
): GoneStep[] {
  const steps: GoneStep[] = [];
  const later = [...events];
  for (const one of lost) {
    while (later.length > 0 && later[0]!.index < one.entry) steps.push(later.shift()!);
    const last = steps.at(-1);
    if (last && 'lost' in last && GoneContents.areAlike(last.lost[0]!, one)) {
      last.contents++;
      if (last.lost.length < NAMED_MAX) last.lost.push(one);
    } else steps.push({ lost: [one], contents: 1 });
  }
  return [...steps, ...later];
}

const hasBytes = ({ record }: Kept): boolean => record.kept > 0;

/** Holds the sealed content beside a log against the commitments in it, as its entries are verified. */
export class ContentAudit {
  readonly #options: ContentAuditOptions;
  #gone = new GoneContents();
  #problems: LedgerProblem[] = [];
  #counts = { checked: 0, partly: 0, unchecked: 0, bad: 0 };
  #size = 0;
  /** Of the bundle that is being read. */
  #leaves: { index: number; leaf: Buffer }[] = [];
  #opened = new Map<number, { readonly sealed: Uint8Array; readonly plain: Uint8Array }>();
  #openedBytes = 0;
  #pending = new Map<number, Uint8Array>();
  #keys: DataKeys | null = null;
  #keyReads = 0;
  /** What each of the last entries sealed its content as. */
  readonly #contexts = new Map<number, string>();

  constructor(options: ContentAuditOptions) {
    this.#options = options;
  }

  /** @param size entries whose content lies in content files */
  begin(size: number): void {
    this.#gone = new GoneContents();
    this.#problems = [];
    this.#counts = { checked: 0, partly: 0, unchecked: 0, bad: 0 };
    this.#size = size;
    this.#leaves = [];
    this.#pending = new Map();
    this.#contexts.clear();
    this.#keyReads = 0;
    this.#forget();
    if ('open' in this.#options.keys) this.#keys = this.#options.keys.open();
  }

  /** Whether a bundle is to be shown although its entries were verified before. */
  async wants(bundle: number): Promise<boolean> {
    const seen = this.#options.seen?.get(bundle);
    const isDue = seen === undefined || (this.#options.sample?.(bundle) ?? true);
    return isDue || seen.file !== (await this.#mark(bundle));
  }

  /** Takes what was found of a bundle before. */
  passed(bundle: number): void {
    const { there, steps } = this.#options.seen!.get(bundle)!;
    this.#counts.unchecked += there;
    this.#tell(steps);
  }

  #mark(bundle: number): Promise<string | null> {
    return fileMark(join(this.#options.folder, contentPath(bundle)));
  }

  /** Reads an entry; its bundle is checked once it is whole. */
  async entry(index: number, leaf: Buffer, payload: Uint8Array | null): Promise<void> {
    if (index >= this.#size) {
      if (index === this.#size) await this.#bundle();
      if (payload) this.#pending.set(index, payload);
    }
    this.#leaves.push({ index, leaf });
    if (index >= this.#size || index % TILE_WIDTH === TILE_WIDTH - 1 || index === this.#size - 1)
      await this.#bundle();
  }

  #problem({ index, exchange, direction }: Kept, message: string): void {
    this.#counts.bad++;
    this.#say(index, `the ${direction} of exchange \`${exchange}\` ${message}`);
  }

  #say(index: number, message: string): void {
    const file = index < this.#size ? contentPath(Math.floor(index / TILE_WIDTH)) : 'journal';
    if (this.#problems.length < PROBLEMS_MAX) this.#problems.push({ file, entry: index, message });
  }

  /** Checks what lies beside the entries read since the last time; events among them explain what was lost before. */
  async #bundle(): Promise<void> {
    const leaves = this.#leaves;
    this.#leaves = [];
    if (leaves.length === 0) return;
    const kept = new Map<number, Kept>();
    const events: { index: number; event: SallyportEvent }[] = [];
    for (const { index, leaf } of leaves) {
      if (leaf.includes(EXCHANGE)) {
        const said = entryOf<ExchangeLeaf>(leaf);
        const own = said && keptBy(index, said);
        if (!own) continue;
        kept.set(index, own);
        this.#contexts.set(index, contextOf(own));
        if (this.#contexts.size > BACK_MAX) this.#contexts.delete(this.#contexts.keys().next().value!);
      } else if (leaf.includes(EXPIRED) || leaf.includes(SHREDDED)) {
        const event = entryOf<SallyportEvent>(leaf);
        if (event) events.push({ index, event });
      }
    }
    if (this.#options.isLogAlone === true) {
      this.#counts.unchecked += [...kept.values()].filter(hasBytes).length;
      return;
    }
    const first = leaves[0]!.index;
    const isInFile = first < this.#size;
    const bundle = Math.floor(first / TILE_WIDTH);
    const { seen } = this.#options;
    const file = isInFile && seen ? await this.#mark(bundle) : null;
    const { bad } = this.#counts;
    const { lost, there } = await (isInFile ? this.#beside(bundle, kept) : this.#rest(kept));
    const steps = stepsOf(lost, events);
    this.#tell(steps);
    if (!seen) return;
    if (leaves.length === TILE_WIDTH && this.#counts.bad === bad) seen.set(bundle, { file, there, steps });
    else seen.delete(bundle);
  }

  #tell(steps: readonly GoneStep[]): void {
    for (const step of steps)
      if ('lost' in step) this.#gone.lose(step.lost, step.contents);
      else this.#gone.explain(step.index, step.event);
  }

  /** Content of entries that stand in the journal only. */
  async #rest(kept: ReadonlyMap<number, Kept>): Promise<Beside> {
    const lost: LostContent[] = [];
    for (const one of kept.values()) {
      const stored = this.#pending.get(one.index) ?? null;
      if (stored || hasBytes(one)) await this.#content(one, stored, lost);
    }
    return { lost, there: 0 };
  }

  async #beside(n: number, kept: ReadonlyMap<number, Kept>): Promise<Beside> {
    try {
      return await this.#files(n, kept);
    } catch (fault) {
      if (!(fault instanceof CodedError)) throw fault;
      this.#counts.bad++;
      this.#say(n * TILE_WIDTH, `the file cannot be read: ${fault.message}`);
      return { lost: [], there: 0 };
    }
  }

  async #files(n: number, kept: ReadonlyMap<number, Kept>): Promise<Beside> {
    const lost: LostContent[] = [];
    const waiting = new Map(kept);
    const seen = new Set<number>();
    const isSampled = this.#options.sample?.(n) ?? true;
    // Of a bundle that is full, all lies below the checkpoint.
    const isFull = (n + 1) * TILE_WIDTH <= this.#size;
    let bytes = 0;
    for await (const { index, payload } of contentRecords(this.#options.folder, n)) {
      // What was written ahead of a checkpoint is no part of what is verified.
      if (index >= this.#size && !isFull) break;
      bytes += CONTENT_HEADER_BYTES + payload.length;
      const own = kept.get(index);
      if (!own || seen.has(index)) {
        this.#counts.bad++;
        this.#say(
          index,
          own ? 'content lies twice beside this entry' : 'content lies beside an entry that has none',
        );
        continue;
      }
      seen.add(index);
      waiting.delete(index);
      if (isSampled && this.#keys) await this.#content(own, payload, lost);
      else this.#counts.unchecked++;
    }
    for (const own of waiting.values()) if (hasBytes(own)) await this.#content(own, null, lost);
    if (isFull && contentBytes(this.#options.folder, n) > bytes) {
      this.#counts.bad++;
      this.#say(n * TILE_WIDTH, 'bytes lie in this file that are content of no entry');
    }
    this.#forget();
    return { lost: lost.sort((a, b) => a.entry - b.entry), there: seen.size };
  }

  /** Checks one content. @param stored null where it is missing @param lost takes what may be explained by an event */
  async #content(kept: Kept, stored: Uint8Array | null, lost: LostContent[]): Promise<void> {
    const { index: entry, exchange, direction, system, at, record } = kept;
    const lose = (key: string | null, message: string): void =>
      void lost.push({ entry, exchange, direction, system, at, key, message });
    if (!stored) return lose(null, MISSING);
    if (!this.#keys) {
      this.#counts.unchecked++;
      return;
    }
    try {
      const { back, part } = sealedPlace(stored);
      const sealed = back === 0 ? stored : await this.#stored(entry - back);
      if (!sealed) return lose(null, MISSING);
      const key = sealedKeyId(sealed);
      if (!(await this.#hasKey(key))) {
        if (this.#options.areKeysOlder !== true)
          return lose(key, 'opens no longer: its key is gone, and no event says that it was destroyed');
        this.#counts.unchecked++;
        return;
      }
      const plain = sealedPart(sealed, await this.#plain(entry - back, key, sealed), part);
      const content = plain.subarray(SALT_BYTES);
      if (content.length !== record.kept) return this.#problem(kept, 'is not as long as its entry says');
      if (record.kept === record.bytes) {
        if (commit(plain.subarray(0, SALT_BYTES), content) !== record.commitment)
          return this.#problem(kept, 'is not what its commitment says');
      } else this.#counts.partly++;
      this.#counts.checked++;
    } catch (fault) {
      if (!(fault instanceof CodedError)) throw fault;
      this.#problem(kept, 'does not open: it was changed, or lies in the place of another');
    }
  }

  /** Keys of a server that runs are made as days begin. */
  async #hasKey(id: string): Promise<boolean> {
    if (this.#keys!.has(id)) return true;
    if (!('open' in this.#options.keys) || this.#keyReads >= KEY_READS_MAX) return false;
    this.#keyReads++;
    await this.#options.keys.refresh();
    this.#keys = this.#options.keys.open();
    return this.#keys.has(id);
  }

  async #stored(index: number): Promise<Uint8Array | null> {
    const opened = this.#opened.get(index)?.sealed ?? this.#pending.get(index);
    return opened ?? (index < 0 ? null : await readContent(this.#options.folder, index));
  }

  /** A blob opened once for all contents in it. */
  async #plain(index: number, key: string, sealed: Uint8Array): Promise<Uint8Array> {
    const known = this.#opened.get(index);
    if (known) return known.plain;
    const plain = open(this.#keys!.byId(key).key, await this.#contextOf(index), sealed);
    if (this.#openedBytes > OPENED_BYTES_MAX) this.#forget();
    this.#opened.set(index, { sealed: Buffer.from(sealed), plain });
    this.#openedBytes += plain.length + sealed.length;
    return plain;
  }

  /** What an entry sealed its content as. */
  async #contextOf(index: number): Promise<string> {
    const known = this.#contexts.get(index);
    if (known !== undefined) return known;
    const leaf = await this.#options.leafOf?.(index);
    const said = leaf && entryOf<ExchangeLeaf>(leaf);
    const own = said && keptBy(index, said);
    return own ? contextOf(own) : '';
  }

  #forget(): void {
    this.#opened.clear();
    this.#openedBytes = 0;
  }

  /** What was found; call it once the log is read. */
  report(): ContentReport {
    const lost = this.#gone.unexplained();
    const { checked, partly, unchecked } = this.#counts;
    const { expired, shredded, explained } = this.#gone;
    const bad = this.#counts.bad + lost.count;
    const problems = [...this.#problems];
    for (const { entry, exchange, direction, message } of lost.named.slice(0, PROBLEMS_MAX))
      problems.push({
        file: contentPath(Math.floor(entry / TILE_WIDTH)),
        entry,
        message: `the ${direction} of exchange \`${exchange}\` ${message}`,
      });
    const { keys } = this.#options;
    const isOpened = 'open' in keys;
    let result: ContentReport['result'] = 'ok';
    if (bad > 0) result = 'bad';
    else if (!isOpened && unchecked > 0) result = 'not-checked';
    else if (checked + unchecked + expired + shredded === 0) result = 'none';
    const why = isOpened ? null : keys.missing;
    return { result, why, checked, partly, expired, shredded, unchecked, bad, gone: explained, problems };
  }
}
