import { CodedError } from '@sallyport/core';
import { withClient } from '../client.ts';
import type { Command } from '../commands.ts';
import type { Options } from '../options.ts';
import { print, printJson, table } from '../output.ts';
import { grantsOf } from './user.ts';

interface Program {
  readonly id: string;
  readonly name: string;
  readonly purpose: string;
  readonly disabledAt: string | null;
  readonly grants: readonly { readonly id: string; readonly role: string; readonly system: string }[];
}

const named = (options: Options): string => {
  const [name] = options.positionals;
  if (name === undefined) throw new CodedError('usage', 'name a program: sallyport program list shows them');
  return name;
};
const pathOf = (options: Options): string => `/api/v1/programs/${encodeURIComponent(named(options))}`;

/** Lists service accounts. */
export const programList: Command = {
  name: 'program list',
  usage: 'program list',
  summary: 'service accounts, with the roles that they hold',
  async run(options) {
    const { programs } = await withClient(options, (client) =>
      client.call<{ programs: Program[] }>('GET', '/api/v1/programs'),
    );
    if (options.json) printJson({ programs });
    else
      print(
        ...table(
          ['NAME', 'STATE', 'ROLES', 'PURPOSE'],
          programs.map((program) => [
            program.name,
            program.disabledAt ? 'shut out' : 'active',
            program.grants
              .map(({ role, system }) => `${role}${system === '*' ? '' : `@${system}`}`)
              .join(', ') || 'none',
            program.purpose,
          ]),
        ),
      );
    return 0;
  },
};

/** Adds a service account. */
export const programAdd: Command = {
  name: 'program add',
  usage: 'program add NAME --purpose TEXT [--owner PERSON] [--role ROLE[@SYSTEM]]… [--expires 90d]',
  summary: 'add a service account: a program with keys and roles of its own',
  options: {
    purpose: { type: 'string' },
    owner: { type: 'string' },
    role: { type: 'string', multiple: true },
    expires: { type: 'string' },
  },
  async run(options) {
    const owner = options.text('owner');
    const made = await withClient(options, (client) =>
      client.call<Program>('POST', '/api/v1/programs', {
        name: named(options),
        purpose: options.needed('purpose'),
        ...(owner === undefined ? {} : { owner }),
        grants: grantsOf(options),
      }),
    );
    if (options.json) printJson(made);
    else print(`${made.name} is added (${made.id}); sallyport program key ${made.name} makes a key for it.`);
    return 0;
  },
};

/** Makes a key of a service account and shows it, once. */
export const programKey: Command = {
  name: 'program key',
  usage: 'program key NAME [--systems NAME,…] [--expires 30d]',
  summary: 'make a key of a service account; with no systems it opens the control plane alone. Shown once',
  options: { systems: { type: 'string' }, expires: { type: 'string' } },
  async run(options) {
    const expires = options.text('expires');
    const systems = (options.text('systems') ?? '').split(',').map((name) => name.trim());
    const made = await withClient(options, (client) =>
      client.call<{ id: string; key: string; expiresAt: string }>('POST', `${pathOf(options)}/keys`, {
        systems: systems.filter((name) => name !== ''),
        ...(expires === undefined ? {} : { expires }),
      }),
    );
    if (options.json) printJson(made);
    else
      print(made.key, '', `Id ${made.id}, until ${made.expiresAt}. This is the only time the key is shown.`);
    return 0;
  },
};

/** Says who answers for a service account. */
export const programOwner: Command = {
  name: 'program owner',
  usage: 'program owner NAME PERSON',
  summary: 'say who answers for a service account and its keys',
  async run(options) {
    const owner = options.positionals[1];
    if (owner === undefined) throw new CodedError('usage', 'name a service account, and a person');
    const program = await withClient(options, (client) =>
      client.call<Program>('POST', `${pathOf(options)}/owner`, { owner }),
    );
    if (options.json) printJson(program);
    else print(`${owner} answers for ${program.name}.`);
    return 0;
  },
};

const switched = (word: 'disable' | 'enable', summary: string, done: string): Command => ({
  name: `program ${word}`,
  usage: `program ${word} NAME`,
  summary,
  async run(options) {
    const program = await withClient(options, (client) =>
      client.call<Program>('POST', `${pathOf(options)}/${word}`, {}),
    );
    if (options.json) printJson(program);
    else print(`${program.name} ${done}`);
    return 0;
  },
});

/** Shuts a service account out. */
export const programDisable = switched(
  'disable',
  'shut a service account out, with all its keys, at once',
  'is shut out; none of its keys works.',
);
/** Lets a service account in again. */
export const programEnable = switched('enable', 'let a service account in again', 'is in again.');
