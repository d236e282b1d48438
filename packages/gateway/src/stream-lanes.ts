import type { TextPart } from '@sallyport/models';
import type { Edit } from './rewrite.ts';
import type { Channel } from './stream-channel.ts';

/** A text within an event that is held. */
export interface Segment {
  readonly channel: Channel | null;
  readonly pointer: string;
  readonly text: string;
  readonly start: number;
  readonly kind: TextPart['kind'];
  /** Edits of a text that stands alone. */
  edits: readonly Edit[];
  /** Whether it means nothing, and is replaced for that. */
  readonly padding?: boolean;
  /** What it is made of where it is no string: then the whole value at `pointer` is replaced. */
  readonly made?: TextPart['made'] | 'bytes';
}

/** An event that waits for verdicts. */
export interface Held {
  /** A name that the dialect knows, or none. */
  readonly name: string;
  /** JSON text. */
  readonly data: string;
  readonly segments: readonly Segment[];
  /** Says something of a call of a tool, which goes out whole or not at all. */
  readonly tool: boolean;
  readonly lanes: readonly Lane[];
  /** Nothing may come behind it in its lanes. */
  readonly last: boolean;
  /** Nothing that comes behind it may overtake it. */
  readonly opens: boolean;
  /** Whether it was judged together with those beside it. */
  readonly passed: () => boolean;
  readonly number: number;
  /** Characters of it, and of what says where its texts stand. */
  readonly characters: number;
}

/** Events that stay in their order, such as those of one choice. */
export class Lane {
  held: Held[] = [];
  /** Events that others overtake: those of channels that stopped in the middle of a sentence. */
  late: Held[] = [];
  /** Characters of all its texts. */
  characters = 0;
}

/** Whether an event's every text was judged and may go out. */
export const isReleasable = ({ segments }: Held): boolean =>
  segments.every(({ channel, start, text }) => channel === null || start + text.length <= channel.releasable);

/**
 * The events of a stream that wait. Choices do not wait for each other; what belongs to none goes out when all before it has.
 */
export class Lanes {
  readonly #lanes = new Map<string, Lane>();
  readonly #lanesMax: number;
  #loose: Held[] = [];
  #next = 0;
  /** Characters of events that wait. */
  characters = 0;
  events = 0;

  /** @param lanesMax choices that one stream may have */
  constructor(lanesMax: number) {
    this.#lanesMax = lanesMax;
  }

  /** The lanes of these names; null when there are too many. */
  named(names: readonly string[]): Lane[] | null {
    const lanes: Lane[] = [];
    for (const name of names) {
      let lane = this.#lanes.get(name);
      if (!lane) {
        if (this.#lanes.size >= this.#lanesMax) return null;
        lane = new Lane();
        this.#lanes.set(name, lane);
      }
      if (!lanes.includes(lane)) lanes.push(lane);
    }
    return lanes;
  }

  hold(event: Omit<Held, 'number' | 'characters'>): void {
    let characters = event.data.length;
    for (const { pointer } of event.segments) characters += pointer.length;
    const held = { ...event, number: this.#next++, characters };
    this.characters += characters;
    this.events++;
    const [lane, second] = held.lanes;
    if (!lane) this.#loose.push(held);
    else if (!second && !held.opens && held.segments.some(({ channel }) => channel?.rested))
      lane.late.push(held);
    else for (const own of held.lanes) own.held.push(held);
  }

  /** Lets others pass what waits for a channel that rests. */
  rest(lane: Lane): void {
    const stays = (held: Held): boolean =>
      held.lanes.length > 1 ||
      held.opens ||
      isReleasable(held) ||
      held.segments.some(
        ({ channel, start, text }) =>
          channel !== null && !channel.rested && start + text.length > channel.releasable,
      );
    lane.late.push(...lane.held.filter((held) => !stays(held)));
    lane.held = lane.held.filter(stays);
  }

  /** The channel that the first event of a lane waits for, when others of the lane went on by so many characters without it. */
  silent(lane: Lane, characters: number): Channel | null {
    const head = lane.held[0];
    if (!head || isReleasable(head)) return null;
    for (const { channel, start, text } of head.segments) {
      if (!channel || channel.rested || channel.lane !== lane) continue;
      const waits = start + text.length > channel.releasable;
      if (waits && lane.characters - channel.grewAt >= characters) return channel;
    }
    return null;
  }

  /** Takes out what may go now. @param holds whether an event must wait for another reason */
  take(holds: (held: Held) => boolean): Held[] {
    const out: Held[] = [];
    const ready = (held: Held): boolean => isReleasable(held) && held.passed() && !holds(held);
    for (let moved = true; moved; ) {
      moved = false;
      for (const lane of this.#lanes.values()) {
        const late = countWhile(lane.late, ready);
        if (late > 0) out.push(...lane.late.splice(0, late));
        const first = (held: Held): boolean =>
          ready(held) &&
          !(held.last && lane.late.length > 0) &&
          held.lanes.every((own) => own === lane || own.held[0] === held);
        const count = countWhile(lane.held, (held) => first(held) && held.lanes.length === 1);
        out.push(...lane.held.splice(0, count));
        const shared = lane.held[0];
        if (shared && shared.lanes.length > 1 && first(shared)) {
          for (const own of shared.lanes) own.held.shift();
          out.push(shared);
          moved = true;
        }
        moved ||= count > 0 && this.#lanes.size > 1 && lane.held.length > 0;
      }
      const count = countWhile(this.#loose, (held) => ready(held) && held.number < this.#oldest());
      if (count > 0) out.push(...this.#loose.splice(0, count));
    }
    for (const held of out) this.characters -= held.characters;
    this.events -= out.length;
    // Of what goes out together, the order is that in which it came.
    return out.sort((a, b) => a.number - b.number);
  }

  /** Number of the oldest event that waits in a lane. */
  #oldest(): number {
    let oldest = Number.POSITIVE_INFINITY;
    for (const { held, late } of this.#lanes.values())
      oldest = Math.min(oldest, held[0]?.number ?? oldest, late[0]?.number ?? oldest);
    return oldest;
  }
}

/** How many from the beginning are so. */
function countWhile<T>(list: readonly T[], is: (one: T) => boolean): number {
  let count = 0;
  while (count < list.length && is(list[count]!)) count++;
  return count;
}
