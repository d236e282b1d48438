import type { Random } from './random.ts';

/** Productions by symbol. `{name}` in a production stands for one of the productions of `name`. */
export type Grammar = Readonly<Record<string, readonly string[]>>;

/** Symbols within symbols that are followed. */
const DEPTH_MAX = 12;

/**
 * Expands `{symbols}` of a template; a symbol that starts with a capital gives its text a capital.
 * @throws RangeError when a symbol is unknown or leads too deep
 */
export function expand(grammar: Grammar, template: string, random: Random, depth = 0): string {
  if (depth > DEPTH_MAX) throw new RangeError(`\`${template}\` leads too deep`);
  return template.replaceAll(/\{([A-Za-z][a-z0-9-]*)\}/g, (_, name: string) => {
    const symbol = name[0]!.toLowerCase() + name.slice(1);
    const productions = grammar[symbol];
    if (!productions) throw new RangeError(`there is no \`${symbol}\` in this grammar`);
    const text = expand(grammar, random.pick(productions), random, depth + 1);
    return symbol === name ? text : text[0]!.toUpperCase() + text.slice(1);
  });
}
