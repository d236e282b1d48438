import { CodedError } from '@sallyport/core';
import { withClient } from '../client.ts';
import type { Command } from '../commands.ts';
import { print, printJson } from '../output.ts';

interface Reloaded {
  readonly read: readonly string[];
  readonly changed: readonly string[];
  readonly restart: readonly string[];
  readonly warnings: readonly string[];
  readonly policies: string;
}

/** Takes configuration, policies and certificates anew, without dropping a call. */
export const reload: Command = {
  name: 'reload',
  usage: 'reload',
  summary: 'read sallyport.yaml, policies and certificates again, without dropping a call',
  run: (options) =>
    withClient(options, async (client) => {
      if (!client.running)
        throw new CodedError(
          'usage',
          'no server runs on this folder; `sallyport up` reads everything when it starts',
        );
      const done = await client.call<Reloaded>('POST', '/api/v1/reload', {});
      if (options.json) printJson(done);
      else {
        for (const place of done.read) print(`Read ${place}.`);
        print(done.changed.length === 0 ? 'Nothing changed.' : `Changed: ${done.changed.join(', ')}.`);
        for (const warning of done.warnings) print(`Warning: ${warning}.`);
        print(`Policies ${done.policies} decide.`);
        if (done.restart.length > 0) print(`Needs a restart: ${done.restart.join(', ')}.`);
      }
      return 0;
    }),
};
