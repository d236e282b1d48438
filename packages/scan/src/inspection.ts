import type { FileDetection, FileLocation } from '@sallyport/core';
import { Budget, type BudgetLimits } from './budget.ts';
import type { ByteSource } from './bytes/byte-source.ts';
import { Malformed, Truncated } from './bytes/cursor.ts';
import { type Format, formatsOf } from './formats/index.ts';
import type { AllowList } from './pickle/allow-list.ts';
import { type FileVerdict, TECHNIQUES, type TechniqueName, worstVerdict } from './techniques.ts';
import { isOnlyModel } from './tree/model-endings.ts';
import { leftOutMessage } from './wholeness.ts';

/** Detections kept for one file. */
const DETECTIONS_MAX = 512;

/** Where in the inspected part something lies. */
export type Place = Omit<FileLocation, 'path'>;

/** What is shared by all parts of one file. */
export class FileScan {
  readonly detections: FileDetection[] = [];
  readonly budget: Budget;
  readonly allowed: AllowList;
  format: string | null = null;
  #worst: FileVerdict = 'clean';
  /** Parts that are of a format that says something itself, and parts of which nothing is known. */
  #judged = 0;
  #unknown = 0;
  #hasUnknownModel = false;
  readonly #kinds = new Set<TechniqueName>();
  #leftOut = 0;

  constructor(allowed: AllowList, limits: BudgetLimits) {
    this.allowed = allowed;
    this.budget = new Budget(limits);
  }

  /** What it came to. A file of which nothing is known, however it is packed, is not clean; nor is one that holds what is called a model. */
  get verdict(): FileVerdict {
    const isUnknown = this.#hasUnknownModel || (this.#unknown > 0 && this.#judged === 0);
    return this.#worst === 'clean' && isUnknown ? 'unrecognised' : this.#worst;
  }

  /** Counts a part that holds something, by the formats that it is. */
  count(name: string, formats: readonly Format[]): void {
    if (formats.length === 0) {
      this.#unknown++;
      this.#hasUnknownModel ||= isOnlyModel(name);
    } else if (formats.some(({ holdsOthers }) => holdsOthers !== true)) this.#judged++;
  }

  add(technique: TechniqueName, message: string, location: FileLocation): void {
    const { detector, verdict, severity, references, remedy } = TECHNIQUES[technique];
    this.#worst = worstVerdict(this.#worst, verdict);
    // However many there are of one kind, the first of another is told.
    if (this.detections.length >= DETECTIONS_MAX && this.#kinds.has(technique)) {
      this.#leftOut++;
      return;
    }
    this.#kinds.add(technique);
    this.detections.push({ detector, technique, severity, message, location, references, remedy });
  }

  /** Says how many detections are not told, where some are not. */
  end(path: string): void {
    if (this.#leftOut > 0) this.add('findings-limit', leftOutMessage(this.#leftOut), { path });
  }
}

/** One part under inspection: a file, a member of an archive, a model within a model. */
export class Inspection {
  readonly path: string;
  readonly source: ByteSource;
  readonly depth: number;
  readonly #file: FileScan;
  readonly #disclaimed = new Set<string>();

  /** Bytes of the members of the archive that it is, by their names; set by its format. */
  memberBytes: ReadonlyMap<string, number> | null = null;
  readonly #recordBytes: (key: string) => number | undefined;

  constructor(
    file: FileScan,
    path: string,
    source: ByteSource,
    depth = 0,
    recordBytes: (key: string) => number | undefined = () => undefined,
  ) {
    this.#recordBytes = recordBytes;
    this.#file = file;
    this.path = path;
    this.source = source;
    this.depth = depth;
  }

  /** The last name of the path, in lower case: a hint, nothing to rely on. */
  get name(): string {
    return this.path
      .slice(Math.max(this.path.lastIndexOf('/'), this.path.lastIndexOf('!')) + 1)
      .toLowerCase();
  }

  /** Bytes of a record of storage beside this stream of an archive: `a/data/KEY` beside `a/data.pkl`. Undefined where there is none. */
  recordBytes(key: string): number | undefined {
    return this.#recordBytes(key);
  }

  get allowed(): AllowList {
    return this.#file.allowed;
  }

  get budget(): Budget {
    return this.#file.budget;
  }

  report(technique: TechniqueName, message: string, place: Place = {}): void {
    this.#file.add(technique, message, { path: this.path, ...place });
  }

  /** Says that it is none of a format after all, which only reading it could tell. @param format its name */
  disclaim(format: string): void {
    this.#disclaimed.add(format);
  }

  /** Scans a part of this one. @param name what the part is called here */
  async part(name: string, source: ByteSource): Promise<void> {
    const { budget } = this;
    if (this.depth >= budget.limits.depthMax) {
      this.report('too-deep', `holds archives within archives, over ${budget.limits.depthMax} deep`);
      return;
    }
    if (++budget.members > budget.limits.membersMax) {
      if (budget.members === budget.limits.membersMax + 1)
        this.report('too-much', `holds over ${budget.limits.membersMax} parts`);
      return;
    }
    const folder = name.replace(/\.pkl$/, '');
    const bytes = (key: string) => this.memberBytes?.get(`${folder}/${key}`);
    await new Inspection(this.#file, `${this.path}!${name}`, source, this.depth + 1, bytes).run();
  }

  /** Scans it as every format that it is. @returns the formats it is */
  async run(): Promise<readonly Format[]> {
    const candidates = formatsOf(this);
    for (const format of candidates) {
      if (this.budget.outOfTime) {
        this.report('too-much', 'takes longer than it may');
        break;
      }
      try {
        await format.inspect(this);
      } catch (fault) {
        if (fault instanceof Truncated)
          this.report('truncated', `ends before its ${format.name} structure does`, { offset: fault.offset });
        else if (fault instanceof Malformed)
          this.report('malformed', `is not sound as ${format.name}: ${fault.message}`, {
            offset: fault.offset,
          });
        else throw fault;
      }
    }
    const formats = candidates.filter(({ name }) => !this.#disclaimed.has(name));
    if (this.depth === 0) this.#file.format = formats[0]?.name ?? (this.source.size === 0 ? 'empty' : 'data');
    if (this.source.size > 0) this.#file.count(this.name, formats);
    return formats;
  }
}
