import { CodedError } from '@sallyport/core';
import { objectAt } from './fields.ts';
import { StreamNames } from './stream-names.ts';

/** What clients put together as one text: all of an item, by its id or by its place in the output. */
interface Joined {
  /** The part of it that came last. */
  part: string;
  /** Whether it came in several parts. */
  several: boolean;
}

/** The item of an event, by every name that it has. */
const namesOf = (event: Record<string, unknown>): string[] =>
  ['item_id', 'output_index'].flatMap((key) =>
    event[key] === undefined || event[key] === null ? [] : [`${key} ${String(event[key])}`],
  );

/**
 * A check of the events of one stream that have what a model writes. Some clients put it together by the id of its item, some
 * by its place in the output, and not all look at the part of it that an event names: what any of them reads as one text comes
 * as one text, or with nothing of its type between its parts.
 * @param written whether events of a type have such text
 * @param partOf the text that an event goes on with
 */
export function responseJoins(
  written: (type: string) => boolean,
  partOf: (type: string, event: Record<string, unknown>) => string,
): (data: unknown) => void {
  const joined = new StreamNames<Joined>();
  /** Of each type, the names of the item that came last. */
  const lasts = new StreamNames<readonly string[]>();
  return (data) => {
    const event = objectAt({ data }, 'data');
    const type = String(event['type']);
    if (!written(type) || typeof event['delta'] !== 'string' || event['delta'] === '') return;
    const names = namesOf(event).map((name) => `${type} ${name}`);
    const part = partOf(type, event);
    const last = lasts.get(type);
    for (const name of names) {
      const own = joined.get(name) ?? { part, several: false };
      joined.set(name, own);
      own.several ||= own.part !== part;
      own.part = part;
      if (own.several && !last?.includes(name))
        throw new CodedError(
          'upstream-invalid',
          'the stream goes on with an item in another part, or under another id or place, behind others: clients that go by one of them read another text',
        );
    }
    lasts.set(type, names);
  };
}
