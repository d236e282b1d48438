import { CodedError } from '@sallyport/core';

/** How many words a command takes at most, as its usage says: those before its first option. */
export function wordsAtMost({ name, usage }: { readonly name: string; readonly usage: string }): number {
  const [words = ''] = usage.slice(name.length).split(/\s\[?--/);
  if (words.includes('…')) return Number.POSITIVE_INFINITY;
  return words.split(/\s+/).filter((word) => word !== '').length;
}

/**
 * Refuses words that a command would overlook: whoever shuts out two people, or writes options behind a lone `--`, would
 * take it for done. @throws CodedError `usage`
 */
export function requireNoSurplus(
  command: { readonly name: string; readonly usage: string },
  words: readonly string[],
): void {
  const surplus = words[wordsAtMost(command)];
  if (surplus !== undefined)
    throw new CodedError(
      'usage',
      `\`${surplus.slice(0, 64)}\` is one word too many: sallyport ${command.usage.split('\n')[0]}`,
    );
}
