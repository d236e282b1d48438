import { CodedError } from '@sallyport/core';
import { withClient } from '../client.ts';
import type { Command } from '../commands.ts';
import { print, printJson, table } from '../output.ts';

interface Hold {
  readonly id: string;
  readonly system: string;
  readonly reason: string;
  readonly placedAt: string;
  readonly placedBy: string;
  readonly liftedAt: string | null;
}

/** Lists legal holds. */
export const holdList: Command = {
  name: 'hold list',
  usage: 'hold list',
  summary: 'list legal holds, those that were lifted too',
  async run(options) {
    const { holds } = await withClient(options, (client) =>
      client.call<{ holds: Hold[] }>('GET', '/api/v1/holds'),
    );
    if (options.json) printJson({ holds });
    else
      print(
        ...table(
          ['ID', 'SYSTEM', 'PLACED', 'BY', 'LIFTED', 'REASON'],
          holds.map(({ id, system, placedAt, placedBy, liftedAt, reason }) => [
            id,
            system,
            placedAt.slice(0, 10),
            placedBy,
            liftedAt?.slice(0, 10) ?? '-',
            reason,
          ]),
        ),
      );
    return 0;
  },
};

/** Places a legal hold. */
export const holdPlace: Command = {
  name: 'hold place',
  usage: 'hold place SYSTEM --reason TEXT',
  summary: 'keep all that was said to and by a system, whatever its retention, until the hold is lifted',
  options: { reason: { type: 'string' } },
  async run(options) {
    const [system] = options.positionals;
    if (system === undefined) throw new CodedError('usage', 'name a system');
    const reason = options.needed('reason');
    const hold = await withClient(options, (client) =>
      client.call<Hold>('POST', '/api/v1/holds', { system, reason }),
    );
    if (options.json) printJson(hold);
    else print(`${hold.id}: nothing of ${hold.system} expires or is destroyed until it is lifted`);
    return 0;
  },
};

/** Lifts a legal hold. */
export const holdLift: Command = {
  name: 'hold lift',
  usage: 'hold lift ID',
  summary: 'lift a legal hold',
  async run(options) {
    const [id] = options.positionals;
    if (id === undefined) throw new CodedError('usage', 'name a hold, as `sallyport hold list` shows it');
    const hold = await withClient(options, (client) =>
      client.call<Hold>('POST', `/api/v1/holds/${encodeURIComponent(id)}/lift`, {}),
    );
    if (options.json) printJson(hold);
    else print(`the hold on ${hold.system} is lifted`);
    return 0;
  },
};
