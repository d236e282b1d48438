import type { TextPart } from '@sallyport/models';

/** A place in a list, but that of a choice. */
const LIST_PLACE = /(?<!\/choices)\/\d+(?=\/|$)/g;

/** Of which row a text of an answer is: those of one place are shown one behind the other, but those of other choices. */
export function rowOf({ stream, pointer }: Pick<TextPart, 'stream' | 'pointer'>): string {
  const key = stream ?? pointer;
  const space = key.indexOf(' ');
  if (space >= 0) return key.slice(0, space) + key.slice(key.lastIndexOf('/'));
  return key.replaceAll(LIST_PLACE, '/*');
}

/** Where a text stands in its row. */
export const positionOf = ({ at = [], pointer }: Pick<TextPart, 'at' | 'pointer'>): number[] => [
  ...at,
  ...[...pointer.matchAll(LIST_PLACE)].map(([place]) => Number(place.slice(1))),
];
