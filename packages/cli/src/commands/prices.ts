import { CodedError, type PriceRow, plural, priceRowsSchema } from '@sallyport/core';
import { parse } from 'yaml';
import { withClient } from '../client.ts';
import type { Command } from '../commands.ts';
import { print, printJson, table } from '../output.ts';
import { readText } from '../read-text.ts';

interface Loaded {
  readonly version: string;
  readonly prices: readonly PriceRow[];
  /** What any other model of a system costs. */
  readonly systems: readonly (Omit<PriceRow, 'model'> & { readonly system: string })[];
}

/** Columns that hold words. */
const WORDS: ReadonlySet<string> = new Set(['model', 'system']);

/** Rows of comma-separated values under the names of their columns; what is empty is left out. */
function readCsv(text: string): unknown {
  const [head = '', ...lines] = text
    .replace(/^\u{feff}/u, '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const names = head.split(',').map((name) => name.trim());
  return lines.map((line) => {
    const cells = line.split(',').map((cell) => cell.trim());
    return Object.fromEntries(
      cells.flatMap((cell, n) =>
        cell === '' ? [] : [[names[n] ?? '', WORDS.has(names[n] ?? '') ? cell : Number(cell)]],
      ),
    );
  });
}

/** A table of prices. @throws CodedError `usage` naming what is wrong */
function readPrices(path: string): PriceRow[] {
  const text = readText(path);
  let read: unknown;
  try {
    read = path.endsWith('.csv') ? readCsv(text) : parse(text);
  } catch {
    throw new CodedError('usage', `\`${path}\` is neither YAML nor JSON`);
  }
  const rows = priceRowsSchema.safeParse(
    Array.isArray(read) ? read : (read as { prices?: unknown } | null)?.prices,
  );
  if (rows.success) return rows.data;
  const [issue] = rows.error.issues;
  throw new CodedError('usage', `\`${path}\`: \`${issue!.path.join('.') || 'prices'}\` ${issue!.message}`);
}

/** Loads a table of prices. */
export const pricesImport: Command = {
  name: 'prices import',
  usage: 'prices import FILE.yaml|FILE.json|FILE.csv',
  summary: 'load what the tokens of models cost, in the place of all that was loaded before',
  async run(options) {
    const [path] = options.positionals;
    if (path === undefined) throw new CodedError('usage', 'name a file of prices');
    const prices = readPrices(path);
    const loaded = await withClient(options, (client) =>
      client.call<Loaded>('POST', '/api/v1/prices', { prices }),
    );
    if (options.json) printJson(loaded);
    else
      print(
        `${plural(loaded.prices.length, 'price is', 'prices are')} loaded; calls from now on are counted by them`,
      );
    return 0;
  },
};

const dollars = (price: number | undefined): string => (price === undefined ? '–' : String(price));

/** Lists the table of prices. */
export const pricesList: Command = {
  name: 'prices list',
  usage: 'prices list',
  summary: 'list what the tokens of models cost, in US dollars a million',
  async run(options) {
    const loaded = await withClient(options, (client) => client.call<Loaded>('GET', '/api/v1/prices'));
    if (options.json) printJson(loaded);
    else if (loaded.prices.length + loaded.systems.length === 0)
      print('no prices are set: load some with `sallyport prices import FILE`');
    else
      print(
        ...table(
          [
            'MODEL',
            'SYSTEM',
            'INPUT',
            'OUTPUT',
            'CACHE READ',
            'CACHE WRITE',
            'REASONING',
            'AUDIO IN',
            'AUDIO OUT',
          ],
          [...loaded.prices, ...loaded.systems.map((row) => ({ ...row, model: '(any other)' }))].map(
            (row) => [
              row.model,
              row.system ?? 'any',
              dollars(row.inputPerMillion),
              dollars(row.outputPerMillion),
              dollars(row.cacheReadPerMillion),
              dollars(row.cacheWritePerMillion),
              dollars(row.reasoningPerMillion),
              dollars(row.audioInputPerMillion),
              dollars(row.audioOutputPerMillion),
            ],
          ),
        ),
      );
    return 0;
  },
};
