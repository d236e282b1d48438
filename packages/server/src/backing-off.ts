import { plural } from '@sallyport/core';
import type { BackingOff } from '@sallyport/gateway';
import type { Control } from './control.ts';

/** What is said of one system, over all workers. */
function inWords(all: readonly BackingOff[]): string {
  const failures = Math.max(...all.map((one) => one.failures));
  const seconds = Math.ceil(Math.min(...all.map(({ forMs }) => forMs)) / 1000);
  const whose = all.some((one) => one.all)
    ? `${plural(failures, 'call')} in a row found no connection`
    : `${plural(failures, 'call')} of one key failed in a row`;
  return `${whose}; ${seconds > 0 ? `the next is tried in ${seconds} s` : 'the next one is tried'}`;
}

/** Why systems are left alone for a while, by name; those that are called as ever are not there. */
export function backingOff(control: Control): ReadonlyMap<string, string> {
  const all = Map.groupBy(
    control.stats().flatMap((one) => one.backingOff),
    ({ system }) => system,
  );
  return new Map([...all].map(([system, some]) => [system, inWords(some)]));
}
