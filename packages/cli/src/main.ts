import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CodedError, ERRORS, fileFault, toCodedError } from '@sallyport/core';
import { COMMANDS, findCommand } from './commands.ts';
import { parseOptions } from './options.ts';
import { linesOf, print, printFault, printJson } from './output.ts';
import { requireNoSurplus } from './surplus.ts';

/** Exit codes: 0 fine, 1 findings, 2 wrong usage or configuration, 3 could not do it. */
function exitCodeOf(fault: CodedError): number {
  if (fault.code === 'gate-closed' || fault.code === 'signature-invalid') return 1;
  return [
    'usage',
    'config-invalid',
    'policy-invalid',
    'rules-invalid',
    'profile-invalid',
    'request-invalid',
    'system-unknown',
    'not-found',
    'conflict',
    'tls-required',
    'owner-untrusted',
  ].includes(fault.code)
    ? 2
    : 3;
}

const HELP: ReadonlySet<string> = new Set(['help', '--help', '-h']);
const VERSION: ReadonlySet<string> = new Set(['version', '--version', '-V']);

/** The version of this program, as its package says. */
function ownVersion(): string {
  const text = readFileSync(join(import.meta.dirname, '../package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/** Which commands there are; of some words, only those that begin with them. */
async function help(words: readonly string[]): Promise<string[]> {
  const asked = COMMANDS.filter(({ name }) => words.every((word, i) => name.split(' ')[i] === word));
  const commands = await Promise.all((asked.length > 0 ? asked : COMMANDS).map((row) => row.load()));
  return [
    ...(words.length > 0 && asked.length > 0
      ? []
      : ['Two gates around every AI call, and a record that cannot be quietly rewritten.', '']),
    ...commands.flatMap(({ usage, summary }) => [`  sallyport ${usage}`, `      ${summary}`]),
    '',
    '`sallyport --version` says which version this is.',
    'Every command takes --data DIR (default .sallyport), --root-key FILE, --config FILE and --format json.',
  ];
}

async function main(argv: readonly string[]): Promise<number> {
  const [first = 'help'] = argv;
  if (VERSION.has(first)) {
    print(`sallyport ${ownVersion()}`);
    return 0;
  }
  const last = argv.at(-1) ?? '';
  if (HELP.has(first) || (last.startsWith('-') && HELP.has(last))) {
    const said = argv.filter((word) => !HELP.has(word));
    const options = said.findIndex((word) => word.startsWith('-'));
    const words = said.slice(0, options < 0 ? said.length : options);
    print(...(await help(words)));
    return argv.length === 0 ? 2 : 0;
  }
  const found = findCommand(argv);
  if (!found)
    throw new CodedError(
      'usage',
      COMMANDS.some(({ name }) => name.startsWith(`${argv[0]} `))
        ? `there is no command \`${argv.slice(0, 2).join(' ')}\`; see sallyport help ${argv[0]}`
        : `there is no command \`${argv.slice(0, 2).join(' ')}\``,
    );
  const command = await found.row.load();
  const options = parseOptions(found.rest, command.options ?? {});
  requireNoSurplus(command, options.positionals);
  return command.run(options);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (fault) {
  const coded = fileFault(toCodedError(fault));
  const asJson = process.argv.join(' ').includes('--format json') || process.argv.includes('--format=json');
  const { action } = ERRORS[coded.code];
  if (asJson) printJson({ error: { code: coded.code, message: coded.message, action } });
  printFault(`sallyport: ${coded.message}`, `  ${action} (${coded.code})`);
  // What a server answered comes without what caused it there.
  if (coded.code === 'internal' && coded.cause !== undefined)
    printFault(...linesOf(String((coded.cause as Error)?.stack ?? coded.cause)));
  process.exitCode = exitCodeOf(coded);
}
