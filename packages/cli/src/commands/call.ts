import { CodedError } from '@sallyport/core';
import { withClient } from '../client.ts';
import type { Command } from '../commands.ts';
import { linesOf, print, printJson } from '../output.ts';

interface Tried {
  readonly exchange: string;
  readonly status: number;
  readonly outcome: string;
  readonly code: string | null;
  readonly stages: readonly { readonly stage: string; readonly ms: number; readonly verdict: string }[];
  readonly answer: string;
}

/** One test call through both gates. */
export const call: Command = {
  name: 'call',
  usage: 'call NAME --text TEXT [--model MODEL] [--explain]',
  summary: 'make one test call; --explain prints each stage with its time and verdict',
  options: { text: { type: 'string' }, model: { type: 'string' }, explain: { type: 'boolean' } },
  run: (options) =>
    withClient(options, async (client) => {
      const [name] = options.positionals;
      if (name === undefined) throw new CodedError('usage', 'name the system to call');
      if (!client.running)
        throw new CodedError('usage', 'no server runs on this folder; start one with `sallyport up`');
      const model = options.text('model');
      const tried = await client.call<Tried>('POST', `/api/v1/systems/${encodeURIComponent(name)}/try`, {
        text: options.needed('text'),
        ...(model === undefined ? {} : { model }),
      });
      if (options.json) printJson(tried);
      else {
        print(
          `${tried.exchange}  ${tried.outcome}, status ${tried.status}${tried.code ? `, ${tried.code}` : ''}`,
        );
        if (options.flag('explain')) {
          const width = Math.max(...tried.stages.map(({ stage }) => stage.length));
          for (const { stage, ms, verdict } of tried.stages)
            print(`  ${stage.padEnd(width)}  ${ms.toFixed(2).padStart(9)} ms  ${verdict}`);
        }
        print('', ...linesOf(tried.answer));
      }
      return tried.outcome === 'answered' ? 0 : 1;
    }),
};
