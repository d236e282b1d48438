import { CodedError } from '@sallyport/core';
import { readRules } from '@sallyport/server';
import type { Command } from '../commands.ts';
import { print, printJson } from '../output.ts';

/** Checks a folder of rules before anything loads it. */
export const guardRules: Command = {
  name: 'guard rules',
  usage: 'guard rules FOLDER',
  summary: 'read a folder of rules and run the tests in each of them',
  options: {},
  run: async (options) => {
    const [folder] = options.positionals;
    if (folder === undefined) throw new CodedError('usage', 'name a folder of rules');
    const { version, rules } = readRules(folder);
    if (options.json) printJson({ version, rules });
    else {
      for (const { id, mode, severity, channels, tests, about } of rules)
        print(
          `${mode === 'shadow' ? 'shadow ' : 'enforce'}  ${severity.padEnd(8)}  ${id}  (${channels.join(', ')}; ${tests.match.length + tests.miss.length} tests)  ${about}`,
        );
      print(`${rules.length} rules, version ${version}: every test holds`);
    }
    return 0;
  },
};
