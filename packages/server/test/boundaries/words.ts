import assert from 'node:assert/strict';
import type { Random } from '@sallyport/attacks';
import { CodedError } from '@sallyport/core';
import { COMMANDS, findCommand } from '../../../cli/src/commands.ts';
import { parseOptions } from '../../../cli/src/options.ts';
import { requireNoSurplus } from '../../../cli/src/surplus.ts';
import type { Boundary } from './boundary.ts';

const WORDS = [
  ...['--', '-', '--format', 'json', '--format=yaml', '--data', '--root-key=', '--config', '-h', '--no-such'],
  ...['\u001b[2J', '../../etc/passwd', '', ' ', '🙂', '\u202e', 'x'.repeat(5_000), '-1', '1e9', '__proto__'],
  ...['--__proto__', '--constructor=x', 'a=b', '--=', '---', "'; rm -rf /", '@', '*', 'per_1', 'constructor'],
];

/** Words of a command line: each is used, or refused in words; none is overlooked. */
export async function commandWords(): Promise<Boundary> {
  const commands = await Promise.all(COMMANDS.map(({ load }) => load()));
  const words = (random: Random): string[] => {
    const { name, options = {} } = random.pick(commands);
    const known = Object.keys(options).map((one) => `--${one}`);
    const more = Array.from({ length: random.below(6) }, () => random.pick([...WORDS, ...known]));
    const all = [...name.split(' '), ...more];
    if (random.chance(0.1)) all.splice(random.below(all.length), 1);
    return all;
  };
  const parse = async (argv: readonly string[]): Promise<void> => {
    const found = findCommand(argv);
    if (!found) return;
    const command = await found.row.load();
    const options = parseOptions(found.rest, command.options ?? {});
    requireNoSurplus(command, options.positionals);
    const own = Object.keys(command.options ?? {});
    const taken = options.positionals.length + own.flatMap((one) => options.texts(one)).length;
    assert.ok(taken <= argv.length, 'no word is taken twice');
  };
  return {
    name: 'words of commands',
    deadlineMs: 5_000,
    send: async (random) => {
      const argv = words(random);
      try {
        await parse(argv);
      } catch (fault) {
        assert.ok(fault instanceof CodedError, `${JSON.stringify(argv)} ends in ${String(fault)}`);
        assert.equal(fault.code, 'usage');
      }
      assert.equal(({} as Record<string, unknown>)['x'], undefined, 'no word changes what objects are');
    },
    honest: () => parse(['key', 'list', '--format', 'json']),
    close: async () => {},
  };
}
