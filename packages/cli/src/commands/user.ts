import { CodedError, clock, parseDurationMs } from '@sallyport/core';
import { withClient } from '../client.ts';
import type { Command } from '../commands.ts';
import type { Options } from '../options.ts';
import { print, printJson, table } from '../output.ts';

interface Grant {
  readonly id: string;
  readonly role: string;
  readonly system: string;
  readonly expiresAt: string | null;
}
interface Person {
  readonly id: string;
  readonly name: string;
  readonly disabledAt: string | null;
  readonly stillIn: readonly { readonly name: string }[];
  readonly factors: readonly string[];
  readonly grants: readonly Grant[];
}

const named = (options: Options): string => {
  const [name] = options.positionals;
  if (name === undefined) throw new CodedError('usage', 'name a person: sallyport user list shows them');
  return name;
};
const pathOf = (options: Options): string => `/api/v1/people/${encodeURIComponent(named(options))}`;

/** Roles as options write them: `operator`, or `operator@chat`. */
export function grantsOf(options: Options): { role: string; system?: string; expiresAt?: string }[] {
  const life = options.text('expires');
  const expiresAt =
    life === undefined ? undefined : new Date(clock.nowMs() + parseDurationMs(life)).toISOString();
  return options.texts('role').map((text) => {
    const [role = '', system] = text.split('@');
    return {
      role,
      ...(system === undefined ? {} : { system }),
      ...(expiresAt === undefined ? {} : { expiresAt }),
    };
  });
}

const grantWords = ({ role, system, expiresAt }: Grant): string =>
  `${role}${system === '*' ? '' : `@${system}`}${expiresAt ? ` until ${expiresAt.slice(0, 10)}` : ''}`;

const ROLE_OPTIONS = { role: { type: 'string', multiple: true }, expires: { type: 'string' } } as const;

/** Lists people with accounts. */
export const userList: Command = {
  name: 'user list',
  usage: 'user list',
  summary: 'people with accounts, the roles that they hold and the factors that they have',
  async run(options) {
    const { people } = await withClient(options, (client) =>
      client.call<{ people: Person[] }>('GET', '/api/v1/people'),
    );
    if (options.json) printJson({ people });
    else if (people.length === 0) print('No account is set up; sallyport up prints a set-up link.');
    else
      print(
        ...table(
          ['NAME', 'STATE', 'FACTORS', 'ROLES'],
          people.map((person) => [
            person.name,
            person.disabledAt ? 'shut out' : 'active',
            person.factors.join(', ') || 'password only',
            person.grants.map((grant) => `${grantWords(grant)} (${grant.id})`).join('; ') || 'none',
          ]),
        ),
      );
    return 0;
  },
};

/** Adds somebody. */
export const userAdd: Command = {
  name: 'user add',
  usage: 'user add NAME [--role ROLE[@SYSTEM]]… [--expires 90d] [--email ADDRESS]',
  summary: 'add a person; prints once the link with which they choose a password',
  options: { ...ROLE_OPTIONS, email: { type: 'string' } },
  async run(options) {
    const email = options.text('email');
    const made = await withClient(options, (client) =>
      client.call<{ person: Person; link: string }>('POST', '/api/v1/people', {
        name: named(options),
        ...(email === undefined ? {} : { email }),
        grants: grantsOf(options),
      }),
    );
    if (options.json) printJson(made);
    else print(made.link, '', `For ${made.person.name} alone; it works once, within a day.`);
    return 0;
  },
};

/** Gives somebody roles. */
export const userGrant: Command = {
  name: 'user grant',
  usage: 'user grant NAME --role ROLE[@SYSTEM]… [--expires 90d]',
  summary: 'give a person a role, on one system or on every one; their sessions end',
  options: ROLE_OPTIONS,
  async run(options) {
    const grants = grantsOf(options);
    if (grants.length === 0) throw new CodedError('usage', '--role is needed');
    const given = await withClient(options, async (client) => {
      const out: Grant[] = [];
      for (const grant of grants)
        out.push(await client.call<Grant>('POST', `${pathOf(options)}/grants`, grant));
      return out;
    });
    if (options.json) printJson({ grants: given });
    else for (const grant of given) print(`${named(options)} holds ${grantWords(grant)} (${grant.id}).`);
    return 0;
  },
};

/** Takes a role away. */
export const userUngrant: Command = {
  name: 'user ungrant',
  usage: 'user ungrant NAME GRANT',
  summary: 'take a role away, at once; user list shows the ids of grants',
  async run(options) {
    const [, grant] = options.positionals;
    if (grant === undefined) throw new CodedError('usage', 'name a person and the id of a grant');
    await withClient(options, (client) =>
      client.call('DELETE', `${pathOf(options)}/grants/${encodeURIComponent(grant)}`),
    );
    if (options.json) printJson({ removed: grant });
    else print(`${named(options)} holds it no more.`);
    return 0;
  },
};

const switched = (word: 'disable' | 'enable', summary: string, done: string): Command => ({
  name: `user ${word}`,
  usage: `user ${word} NAME`,
  summary,
  async run(options) {
    const person = await withClient(options, (client) =>
      client.call<Person>('POST', `${pathOf(options)}/${word}`, {}),
    );
    if (options.json) printJson(person);
    else
      print(
        `${person.name} ${done}`,
        ...person.stillIn.map(({ name }) => `${name}, another account of the same person, is still open.`),
      );
    return 0;
  },
});

/** Shuts somebody out. */
export const userDisable = switched(
  'disable',
  'shut a person out, at once',
  'is shut out; every session is over.',
);
/** Lets somebody in again. */
export const userEnable = switched('enable', 'let a person in again', 'may sign in again.');

/** Says which user of this machine a person is. */
export const userSame: Command = {
  name: 'user same',
  usage: 'user same NAME [USER]',
  summary:
    'say which user of this machine a person is: they approve nothing that this user did; no USER ends it',
  async run(options) {
    const [, user = null] = options.positionals;
    const person = await withClient(options, (client) =>
      client.call<Person>('POST', `${pathOf(options)}/local-user`, { user }),
    );
    if (options.json) printJson(person);
    else
      print(user === null ? `${person.name} is no user of this machine.` : `${person.name} is ${user} here.`);
    return 0;
  },
};

/** Makes a link with which somebody chooses a new password. */
export const userLink: Command = {
  name: 'user link',
  usage: 'user link NAME',
  summary: 'a new set-up link for a person who lost their factors; using it voids them',
  async run(options) {
    const made = await withClient(options, (client) =>
      client.call<{ link: string; expiresAt: string }>('POST', `${pathOf(options)}/link`, {}),
    );
    if (options.json) printJson(made);
    else print(made.link, '', `For ${named(options)} alone; it works once, until ${made.expiresAt}.`);
    return 0;
  },
};
