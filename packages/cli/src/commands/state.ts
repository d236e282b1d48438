import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { CodedError } from '@sallyport/core';
import { withClient } from '../client.ts';
import type { Command } from '../commands.ts';
import { print, printJson, table } from '../output.ts';

interface Listed {
  readonly rows: readonly { readonly row: string; readonly words: string }[];
}

/** Lists what in the state does not follow from the record. */
export const stateList: Command = {
  name: 'state',
  usage: 'state',
  summary: 'list rows that grant something and do not follow from the record; exit 1 where there are any',
  async run(options) {
    const listed = await withClient(options, (client) => client.call<Listed>('GET', '/api/v1/state'));
    if (options.json) printJson(listed);
    else if (listed.rows.length === 0) print('every row that grants something follows from the record');
    else
      print(
        ...table(
          ['ROW', 'WHY IT COUNTS FOR NOTHING'],
          listed.rows.map(({ row, words }) => [row, words]),
        ),
        '',
        'Someone changed these behind the product. Remove or revoke what you do not know, and make it again; what you know',
        'to be right counts again with `sallyport state accept ROW --reason TEXT`.',
      );
    return listed.rows.length === 0 ? 0 : 1;
  },
};

/** Takes a row for right. */
export const stateAccept: Command = {
  name: 'state accept',
  usage: 'state accept ROW --reason TEXT',
  summary: 'take a row that does not follow from the record for right as it is; recorded, with who said so',
  options: { reason: { type: 'string' } },
  async run(options) {
    const [row] = options.positionals;
    if (row === undefined) throw new CodedError('usage', 'name a row, as `sallyport state` lists it');
    const reason = options.needed('reason');
    const left = await withClient(options, (client) =>
      client.call<Listed>('POST', '/api/v1/state/accept', { row, reason }),
    );
    if (options.json) printJson(left);
    else print(`\`${row}\` counts again; ${left.rows.length} rows are left`);
    return 0;
  },
};

/** Has the file of the state take no more room than it needs. */
export const stateCompact: Command = {
  name: 'state compact',
  usage: 'state compact',
  summary:
    'rewrite state.db without unused room, while no server runs; from then on it shrinks as rows expire',
  async run(options) {
    const data = resolve(options.data);
    const file = join(data, 'state.db');
    if (!existsSync(file))
      throw new CodedError(
        'usage',
        `there is no \`state.db\` in \`${data}\`: PostgreSQL frees unused room on its own`,
      );
    const { compactSqlite, DataFolderLock } = await import('@sallyport/store');
    const lock = DataFolderLock.acquire(data);
    try {
      const { before, after } = compactSqlite(file);
      if (options.json) printJson({ before, after });
      else print(`\`${file}\` took ${before} bytes, and takes ${after}`);
    } finally {
      lock.release();
    }
    return 0;
  },
};
