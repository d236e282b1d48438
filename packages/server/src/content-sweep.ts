import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CodedError, type SallyportEvent } from '@sallyport/core';
import { TILE_WIDTH } from '@sallyport/ledger';
import { sealedKeyId, sealedPlace, writeDurably } from '@sallyport/vault';
import { z } from 'zod';
import { systemsOnHold } from './content-expiry.ts';
import type { Control } from './control.ts';
import { log } from './log.ts';
import { Sweep } from './sweep.ts';

const DAY_MS = 86_400_000;
/** Bundles after which others have their turn. */
const SLICE_BUNDLES = 8;
/** Blobs of which it is known whether they go. */
const KNOWN_MAX = 1_024;
const SYSTEM = 'system:';

/** How far expired content was removed. Not part of a backup: what one brings back is looked through again. */
const sweptSchema = z.object({
  /** Number of the entry of the last event that was dealt with. */
  event: z.int().min(-1),
  /** Events before it whose system was on hold, by id. */
  held: z.array(z.string()),
});
type Swept = z.infer<typeof sweptSchema>;

const fileOf = ({ installation }: Control): string => join(installation.folder, 'content-swept.json');

function readSwept(path: string): Swept {
  try {
    if (existsSync(path)) return sweptSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    // Then all is looked through again.
  }
  return { event: -1, held: [] };
}

interface Waiting {
  readonly index: number;
  readonly event: SallyportEvent;
}

/** Events that say that content expired, and of which it was not removed yet, with the numbers of their entries. */
async function waiting(
  { installation: { store } }: Control,
  swept: Swept,
  untilMs: number,
): Promise<Waiting[]> {
  const out: Waiting[] = [];
  const behind = swept.held.length > 0 ? -1 : swept.event;
  for await (const one of store.events.all(['content-expired'], behind)) {
    if (Date.parse(one.event.at) > untilMs) break;
    if (one.index > swept.event || swept.held.includes(one.event.id)) out.push(one);
  }
  return out;
}

/** The first entry that was written at a time or later. */
async function entryAt({ installation: { ledger } }: Control, ms: number): Promise<number> {
  let [low, high] = [0, ledger.checkpoint.size];
  while (low < high) {
    const middle = (low + high) >> 1;
    const leaf = await ledger.leaf(middle);
    const { at } = JSON.parse(Buffer.from(leaf ?? '{}').toString()) as { at?: string };
    if (Date.parse(at ?? '') < ms) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Whether a sealed content was sealed by one of some keys, all of them destroyed. */
function sealedBy({ installation: { ledger, dataKeys } }: Control, keys: ReadonlySet<string>) {
  const known = new Map<number, boolean>();
  const isOf = (blob: Uint8Array): boolean => {
    try {
      const key = sealedKeyId(blob);
      return keys.has(key) && !dataKeys.has(key);
    } catch (fault) {
      if (fault instanceof CodedError) return false;
      throw fault;
    }
  };
  return async (index: number, payload: Uint8Array): Promise<boolean> => {
    const { back } = sealedPlace(payload);
    if (back === 0) return isOf(payload);
    const place = index - back;
    const before = known.get(place);
    if (before !== undefined) return before;
    const blob = await ledger.content(place);
    // What points to nothing is what a crash left of content that went.
    const isGone = blob === null || isOf(blob);
    if (known.size >= KNOWN_MAX) known.clear();
    known.set(place, isGone);
    return isGone;
  };
}

/** Removes the sealed bytes of content whose keys expired, bundle by bundle; entries and their commitments stay. */
export class ContentSweep extends Sweep {
  /** Where the last round stopped, and what it looked for. */
  #stopped = { what: '', at: 0 };

  /** @returns bytes that are free now */
  protected override async sweep(untilMs: number): Promise<number> {
    const { control } = this;
    await control.installation.flush();
    const swept = readSwept(fileOf(control));
    const events = await waiting(control, swept, untilMs);
    const onHold = await systemsOnHold(control);
    const isHeld = ({ event }: Waiting): boolean => onHold.has(event.subject.slice(SYSTEM.length));
    const due = events.filter((one) => !isHeld(one));
    if (due.length === 0) return 0;
    const { freed, isWhole } = await this.#shed(due.map(({ event }) => event));
    if (isWhole) {
      const event = Math.max(swept.event, ...events.map(({ index }) => index));
      const next: Swept = { event, held: events.filter(isHeld).map((one) => one.event.id) };
      writeDurably(fileOf(control), `${JSON.stringify(next)}\n`, 0o600);
    }
    if (freed > 0) log('info', 'content that expired was removed from the disk', { bytes: freed });
    return freed;
  }

  /** @returns what is free now, and whether all that it looked for is gone */
  async #shed(due: readonly SallyportEvent[]): Promise<{ freed: number; isWhole: boolean }> {
    const { control } = this;
    const keys = new Set(due.flatMap(({ data }) => (data['ids'] as readonly string[] | undefined) ?? []));
    const [first, last] = await bundlesOf(control, due);
    const what = due.map(({ id }) => id).join();
    const isGone = sealedBy(control, keys);
    let freed = 0;
    let at = this.#stopped.what === what ? Math.max(first, this.#stopped.at) : first;
    for (; at < last && !this.isStopping; at++) {
      const bytes = await control.installation.ledger.shedContent(at, isGone);
      // Entries that are no whole bundle yet, or are being copied: the next round goes on here.
      if (bytes === null) break;
      freed += bytes;
      if (at % SLICE_BUNDLES === 0) await this.pause();
    }
    this.#stopped = { what, at };
    return { freed, isWhole: at >= last };
  }
}

/** Bundles of entries in which what expired can lie, to the one behind the last. Earlier versions did not say the first day. */
async function bundlesOf(control: Control, events: readonly SallyportEvent[]): Promise<[number, number]> {
  const from = events.map(({ data }) => String(data['from'] ?? '1970-01-01')).sort();
  const to = events.map(({ data }) => String(data['before'] ?? '9999-12-31')).sort();
  const first = await entryAt(control, Date.parse(from[0]!) - DAY_MS);
  const last = await entryAt(control, Date.parse(to.at(-1)!) + DAY_MS);
  return [Math.floor(first / TILE_WIDTH), Math.ceil(last / TILE_WIDTH)];
}
