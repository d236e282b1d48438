import { CodedError, type Condition, type TextRule } from '@sallyport/core';
import type { Command } from '../commands.ts';
import { print, printJson } from '../output.ts';

/** Checks a folder of rules before anything loads it. */
export const guardRules: Command = {
  name: 'guard rules',
  usage: 'guard rules FOLDER',
  summary: 'read a folder of rules and conditions and run the tests in each of them',
  options: {},
  run: async (options) => {
    const [folder] = options.positionals;
    if (folder === undefined) throw new CodedError('usage', 'name a folder of rules');
    const { readRules } = await import('@sallyport/server');
    const { version, rules, conditions } = readRules(folder);
    if (options.json) printJson({ version, rules, conditions });
    else {
      const line = (rule: TextRule | Condition, about: string): void =>
        print(
          `${rule.mode === 'shadow' ? 'shadow ' : 'enforce'}  ${rule.severity.padEnd(8)}  ${rule.id}  (${about}; ${rule.tests.match.length + rule.tests.miss.length} tests)  ${rule.about}`,
        );
      for (const rule of rules) line(rule, rule.channels.join(', '));
      for (const one of conditions) line(one, `each ${one.on}`);
      print(
        `${rules.length} rules and ${conditions.length} conditions, version ${version}: every test holds`,
      );
    }
    return 0;
  },
};
