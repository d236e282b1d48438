import { readFileSync } from 'node:fs';
import { CodedError } from '@sallyport/core';
import { parse } from 'yaml';
import { withClient } from '../client.ts';
import type { Command } from '../commands.ts';
import type { Options } from '../options.ts';
import { print, printJson, table } from '../output.ts';

interface Integration {
  readonly name: string;
  readonly kind: string;
  readonly status: string;
  readonly live: boolean;
  readonly why: string;
  readonly expiresAt: string;
  readonly manifest: { readonly origins: readonly string[] };
}
interface Listed {
  readonly integrations: readonly Integration[];
  readonly elsewhere: readonly {
    readonly by: string;
    readonly origin: string;
    readonly manifest: string | null;
  }[];
}

const named = (options: Options): string => {
  const [name] = options.positionals;
  if (name === undefined)
    throw new CodedError('usage', 'name an integration: sallyport integration list shows them');
  return name;
};
const pathOf = (options: Options): string => `/api/v1/integrations/${encodeURIComponent(named(options))}`;

/** Lists third parties. */
export const integrationList: Command = {
  name: 'integration list',
  usage: 'integration list',
  summary: 'third parties and what they are approved for, and places that no manifest names',
  async run(options) {
    const listed = await withClient(options, (client) => client.call<Listed>('GET', '/api/v1/integrations'));
    if (options.json) printJson(listed);
    else {
      const without = listed.elsewhere.filter(({ manifest }) => manifest === null);
      print(
        ...table(
          ['NAME', 'KIND', 'STATE', 'UNTIL', 'WHERE', 'WHY'],
          listed.integrations.map(({ name, kind, status, expiresAt, manifest, why }) => [
            name,
            kind,
            status,
            expiresAt.slice(0, 10),
            manifest.origins.join(', '),
            why,
          ]),
        ),
        ...(without.length > 0
          ? ['', 'Talked to without a manifest:', ...without.map(({ by, origin }) => `  ${origin} by ${by}`)]
          : []),
      );
    }
    return 0;
  },
};

/** Proposes a manifest. */
export const integrationPropose: Command = {
  name: 'integration propose',
  usage: 'integration propose NAME --kind vendor-model --manifest FILE [--owner PERSON] [--days 365]',
  summary: 'propose what a third party may do; a person with the role approver approves it',
  options: {
    kind: { type: 'string' },
    manifest: { type: 'string' },
    owner: { type: 'string' },
    days: { type: 'string' },
  },
  async run(options) {
    const file = options.needed('manifest');
    let manifest: unknown;
    try {
      manifest = parse(readFileSync(file, 'utf8'));
    } catch {
      throw new CodedError('usage', `${file} cannot be read as YAML`);
    }
    const [owner, days] = [options.text('owner'), options.text('days')];
    const proposed = await withClient(options, (client) =>
      client.call<Integration>('POST', '/api/v1/integrations', {
        name: named(options),
        kind: options.needed('kind'),
        manifest,
        ...(owner === undefined ? {} : { owner }),
        ...(days === undefined ? {} : { days: Number(days) }),
      }),
    );
    if (options.json) printJson(proposed);
    else
      print(`${proposed.name} waits for a person with the role approver, in the console under Integrations.`);
    return 0;
  },
};

const stopped = (word: 'suspend' | 'end', summary: string, done: string): Command => ({
  name: `integration ${word}`,
  usage: `integration ${word} NAME [--why TEXT]`,
  summary,
  options: { why: { type: 'string' } },
  async run(options) {
    const why = options.text('why');
    const one = await withClient(options, (client) =>
      client.call<Integration>('POST', `${pathOf(options)}/${word}`, why === undefined ? {} : { why }),
    );
    if (options.json) printJson(one);
    else print(`${one.name} ${done}`);
    return 0;
  },
});

/** Refuses everything to a third party until somebody approves it again. */
export const integrationSuspend = stopped(
  'suspend',
  'refuse everything to a third party at once, until it is approved again',
  'is suspended: nothing goes to it.',
);
/** Ends a third party. */
export const integrationEnd = stopped(
  'end',
  'end a third party; only another proposal brings it back',
  'is ended.',
);
