import { CodedError } from '@sallyport/core';
import { type Client, withClient } from '../client.ts';
import type { Command } from '../commands.ts';
import type { Options } from '../options.ts';
import { print, printJson, table } from '../output.ts';

interface Key {
  readonly id: string;
  readonly name: string;
  readonly prefix: string;
  readonly systems: readonly string[];
  readonly expiresAt: string;
  readonly revokedAt: string | null;
  readonly ownerLeft: { readonly endsAt: string } | null;
}

const LIMITS: Readonly<Record<string, [option: string, most: number]>> = {
  requestsPerMinute: ['requests-per-minute', 10_000_000],
  tokensPerMinute: ['tokens-per-minute', 1_000_000_000],
  concurrent: ['concurrent', 100_000],
  spendMicroUsdPerDay: ['spend-micro-usd-per-day', 1_000_000_000_000],
};

/** What narrows a key, out of the options. */
function scopeOf(options: Options): Record<string, unknown> {
  const list = (name: string): string[] | undefined =>
    options
      .text(name)
      ?.split(',')
      .map((one) => one.trim())
      .filter((one) => one !== '');
  const [models, operations, addresses, certificates, days] = [
    'models',
    'operations',
    'addresses',
    'certificates',
    'days',
  ].map(list);
  const hours = options.text('hours');
  const [from, until] = hours?.split('-') ?? [];
  if (hours !== undefined && until === undefined)
    throw new CodedError('usage', '--hours takes a span such as 08:00-17:00');
  if (hours === undefined && (days || options.text('zone') !== undefined))
    throw new CodedError('usage', '--days and --zone narrow --hours; name those too');
  const zone = options.text('zone');
  return {
    ...(models && { models }),
    ...(operations && { operations }),
    ...(addresses && { addresses }),
    ...(certificates && { certificates }),
    ...(hours !== undefined && {
      hours: { from, until, ...(days && { days }), ...(zone !== undefined && { zone }) },
    }),
  };
}

/** Makes an API key and shows it, once. */
export const keyCreate: Command = {
  name: 'key create',
  usage:
    'key create --name NAME --systems NAME[,NAME] [--expires 30d] [--models NAME,GPT-*] [--operations NAME,…] [--addresses RANGE,…] [--certificates sha256:HEX,…] [--hours 08:00-17:00 [--days mon,tue] [--zone Europe/Zurich]] [--requests-per-minute N] [--tokens-per-minute N] [--concurrent N]',
  summary: 'make an API key; it is shown once',
  options: {
    name: { type: 'string' },
    systems: { type: 'string' },
    expires: { type: 'string' },
    models: { type: 'string' },
    operations: { type: 'string' },
    addresses: { type: 'string' },
    certificates: { type: 'string' },
    hours: { type: 'string' },
    days: { type: 'string' },
    zone: { type: 'string' },
    ...Object.fromEntries(Object.values(LIMITS).map(([option]) => [option, { type: 'string' as const }])),
  },
  async run(options) {
    const limits = Object.fromEntries(
      Object.entries(LIMITS).flatMap(([field, [option, most]]) => {
        const value = options.whole(option, 0, most);
        return value === undefined ? [] : [[field, value]];
      }),
    );
    const expires = options.text('expires');
    const made = await withClient(options, (client) =>
      client.call<{ id: string; key: string; expiresAt: string }>('POST', '/api/v1/keys', {
        name: options.needed('name'),
        systems: options
          .needed('systems')
          .split(',')
          .map((name) => name.trim())
          .filter((name) => name !== ''),
        limits,
        scope: scopeOf(options),
        ...(expires === undefined ? {} : { expires }),
      }),
    );
    if (options.json) printJson(made);
    else
      print(
        made.key,
        '',
        `Id ${made.id}, until ${made.expiresAt}. This is the only time the key is shown.`,
        'Programs call the gateway, unless it is set otherwise http://127.0.0.1:8080: the base URL of an OpenAI client ends in /v1, that of an Anthropic or Ollama client does not.',
      );
    return 0;
  },
};

/** Lists the API keys, without their secrets. */
export const keyList: Command = {
  name: 'key list',
  usage: 'key list',
  summary: 'list the API keys',
  async run(options) {
    const { keys } = await withClient(options, (client) =>
      client.call<{ keys: Key[] }>('GET', '/api/v1/keys'),
    );
    if (options.json) printJson({ keys });
    else {
      print(
        ...table(
          ['ID', 'PREFIX', 'NAME', 'SYSTEMS', 'STATE'],
          keys.map((key) => [key.id, key.prefix, key.name, key.systems.join(','), stateOf(key)]),
        ),
      );
    }
    return 0;
  },
};

const stateOf = ({ revokedAt, expiresAt, ownerLeft }: Key): string => {
  if (revokedAt) return `revoked ${revokedAt}`;
  return ownerLeft && ownerLeft.endsAt < expiresAt
    ? `until ${ownerLeft.endsAt}, for its owner left`
    : `until ${expiresAt}`;
};

/** The id of a key that is named by it, or by a name that one live key has. @throws CodedError `not-found` */
async function idOf(client: Client, named: string): Promise<string> {
  if (named.startsWith('key_')) return named;
  const { keys } = await client.call<{ keys: Key[] }>('GET', '/api/v1/keys');
  const own = keys.filter(({ name, revokedAt }) => name === named && revokedAt === null);
  if (own.length === 1) return own[0]!.id;
  throw new CodedError(
    'not-found',
    own.length === 0
      ? `no key that is live is called \`${named}\`: sallyport key list shows them`
      : `${own.length} live keys are called \`${named}\`: name the id of one, ${own.map(({ id }) => id).join(' or ')}`,
  );
}

/** Says who answers for an API key. */
export const keyOwner: Command = {
  name: 'key owner',
  usage: 'key owner ID NAME',
  summary: 'say who answers for an API key; one whose owner left ends some days later',
  async run(options) {
    const [id, owner] = options.positionals;
    if (id === undefined || owner === undefined)
      throw new CodedError('usage', 'name the id of a key, and a person');
    const key = await withClient(options, (client) =>
      client.call<Key>('POST', `/api/v1/keys/${encodeURIComponent(id)}/owner`, { owner }),
    );
    if (options.json) printJson(key);
    else print(`${owner} answers for ${key.id} (${key.name}).`);
    return 0;
  },
};

/** Makes the successor of an API key; both are good for a while. */
export const keyRotate: Command = {
  name: 'key rotate',
  usage: 'key rotate ID [--overlap 24h] [--expires 30d]',
  summary: 'make the successor of an API key; both are good for the overlap, then the old one ends',
  options: { overlap: { type: 'string' }, expires: { type: 'string' } },
  async run(options) {
    const [id] = options.positionals;
    if (id === undefined)
      throw new CodedError('usage', 'name the id of a key: sallyport key list shows them');
    const [overlap, expires] = [options.text('overlap'), options.text('expires')];
    const made = await withClient(options, (client) =>
      client.call<{ id: string; key: string; expiresAt: string; overlapUntil: string }>(
        'POST',
        `/api/v1/keys/${encodeURIComponent(id)}/rotate`,
        { ...(overlap !== undefined && { overlap }), ...(expires !== undefined && { expires }) },
      ),
    );
    if (options.json) printJson(made);
    else
      print(
        made.key,
        '',
        `Id ${made.id}, until ${made.expiresAt}. This is the only time the key is shown.`,
        `${id} is good until ${made.overlapUntil}; put the new key where it was before then.`,
      );
    return 0;
  },
};

/** Revokes an API key; in force when the command ends. */
export const keyRevoke: Command = {
  name: 'key revoke',
  usage: 'key revoke ID|NAME',
  summary: 'revoke an API key, and those that it was rotated to, at once',
  async run(options) {
    const [named] = options.positionals;
    if (named === undefined)
      throw new CodedError('usage', 'name a key, or its id: sallyport key list shows them');
    const key = await withClient(options, async (client) =>
      client.call<Key & { readonly successors: readonly string[] }>(
        'POST',
        `/api/v1/keys/${encodeURIComponent(await idOf(client, named))}/revoke`,
        {},
      ),
    );
    if (options.json) printJson(key);
    else {
      print(`${key.id} (${key.name}) is revoked.`);
      if (key.successors.length > 0) print(`So is what it was rotated to: ${key.successors.join(', ')}.`);
    }
    return 0;
  },
};
