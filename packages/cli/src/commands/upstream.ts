import { resolve } from 'node:path';
import { CodedError, plural } from '@sallyport/core';
import { type Client, withClient } from '../client.ts';
import type { Command } from '../commands.ts';
import { print, printJson, table } from '../output.ts';

interface System {
  readonly name: string;
  readonly dialect: string;
  readonly mode: string;
  readonly urls: readonly string[];
  readonly apiKeyRef: string | null;
  readonly models: readonly string[];
  readonly demo: boolean;
  readonly origin: string;
}

interface Reach {
  readonly url: string;
  readonly ok: boolean;
  readonly detail: string;
  readonly remedy: string | null;
}

const connectionOf = async (client: Client, name: string): Promise<readonly Reach[]> =>
  (
    await client.call<{ connections: Reach[] }>(
      'POST',
      `/api/v1/systems/${encodeURIComponent(name)}/connection`,
    )
  ).connections;

function printConnections(connections: readonly Reach[]): void {
  for (const { url, ok, detail, remedy } of connections) {
    print(`${ok ? 'ok  ' : 'BAD '} ${url}: ${detail}`);
    if (remedy !== null) print(`       ${remedy}`);
  }
}

/** A reference as it is meant from here: a path is relative to this folder, and the server may work elsewhere. */
const hereRef = (ref: string): string => (ref.startsWith('file:') ? `file:${resolve(ref.slice(5))}` : ref);

interface Key {
  readonly id: string;
  readonly name: string;
  readonly systems: readonly string[];
  readonly revokedAt: string | null;
}

/** Keys that are good. */
const liveKeys = async (client: Client): Promise<readonly Key[]> =>
  (await client.call<{ keys: Key[] }>('GET', '/api/v1/keys')).keys.filter(
    ({ revokedAt }) => revokedAt === null,
  );

/** Puts an AI system behind the gates. */
export const upstreamAdd: Command = {
  name: 'upstream add',
  usage:
    'upstream add NAME --dialect openai|anthropic|ollama|oip --url URL [--api-key-ref env:VAR] [--allow-private] [--mode observe|enforce]',
  summary: 'put an AI system behind the gates',
  options: {
    dialect: { type: 'string' },
    url: { type: 'string', multiple: true },
    'api-key-ref': { type: 'string' },
    'allow-private': { type: 'boolean' },
    mode: { type: 'string' },
    model: { type: 'string', multiple: true },
    canary: { type: 'string', multiple: true },
  },
  async run(options) {
    const [name, ...more] = options.positionals;
    if (name === undefined || more.length > 0)
      throw new CodedError('usage', 'name one system: sallyport upstream add NAME --dialect … --url …');
    const urls = options.texts('url');
    if (urls.length === 0) throw new CodedError('usage', '--url is needed');
    const named = options.text('api-key-ref');
    const apiKeyRef = named && hereRef(named);
    const { system, connections } = await withClient(
      options,
      async (client) => {
        const added = await client.call<System>('POST', '/api/v1/systems', {
          name,
          dialect: options.needed('dialect'),
          urls,
          allowPrivate: options.flag('allow-private'),
          mode: options.text('mode') ?? 'observe',
          models: options.texts('model'),
          canaries: options.texts('canary'),
          ...(apiKeyRef === undefined ? {} : { apiKeyRef }),
        });
        return { system: added, connections: await connectionOf(client, added.name) };
      },
      true,
    );
    const reached = connections.every(({ ok }) => ok);
    if (options.json) printJson({ ...system, connections });
    else {
      print(
        `${system.name} is behind the gates, in ${system.mode} mode${reached ? '' : ', and calls to it fail as it is now'}.`,
      );
      printConnections(connections);
      if (system.models.length === 0 && system.dialect !== 'oip')
        print(
          `No models are named, so clients that list models see only \`${name}\`: sallyport upstream edit ${name} --model MODEL`,
        );
      print(
        reached
          ? `Now make a key for it: sallyport key create --name NAME --systems ${system.name}`
          : `Ask again when it is mended: sallyport upstream test ${system.name}`,
      );
    }
    return 0;
  },
};

/** Limits as `NAME=NUMBER`; `default` brings back the default. @throws CodedError `usage` */
function limitsOf(texts: readonly string[]): Record<string, number | null> {
  return Object.fromEntries(
    texts.map((text) => {
      const [, name, value] = /^(\w+)=(\d+|default)$/.exec(text) ?? [];
      if (name === undefined || value === undefined)
        throw new CodedError('usage', `a limit is NAME=NUMBER or NAME=default, not \`${text}\``);
      return [name, value === 'default' ? null : Number(value)];
    }),
  );
}

/** Changes settings of an AI system. */
export const upstreamEdit: Command = {
  name: 'upstream edit',
  usage:
    'upstream edit NAME [--url URL] [--api-key-ref env:VAR|none] [--allow-private|--public-only] [--mode observe|enforce] [--model MODEL] [--canary TEXT] [--limit requestsPerMinute=N]',
  summary: 'change the address, credential, mode or limits of a system; what is not named stays',
  options: {
    url: { type: 'string', multiple: true },
    'api-key-ref': { type: 'string' },
    'allow-private': { type: 'boolean' },
    'public-only': { type: 'boolean' },
    mode: { type: 'string' },
    model: { type: 'string', multiple: true },
    canary: { type: 'string', multiple: true },
    limit: { type: 'string', multiple: true },
  },
  async run(options) {
    const [name, ...more] = options.positionals;
    if (name === undefined || more.length > 0)
      throw new CodedError('usage', 'name one system: sallyport upstream edit NAME --url …');
    const several = (option: string): string[] | undefined =>
      options.texts(option).length > 0 ? options.texts(option) : undefined;
    const ref = options.text('api-key-ref');
    const limits = several('limit');
    const change = {
      urls: several('url'),
      apiKeyRef: ref === 'none' ? null : ref && hereRef(ref),
      allowPrivate: options.flag('public-only') ? false : options.flag('allow-private') || undefined,
      mode: options.text('mode'),
      models: several('model'),
      canaries: several('canary'),
      limits: limits && limitsOf(limits),
    };
    const { system, connections } = await withClient(
      options,
      async (client) => {
        const path = `/api/v1/systems/${encodeURIComponent(name)}/settings`;
        const changed = await client.call<System>('POST', path, change);
        return { system: changed, connections: await connectionOf(client, name) };
      },
      true,
    );
    if (options.json) printJson({ ...system, connections });
    else {
      const reached = connections.every(({ ok }) => ok);
      print(
        `${name} is changed, in ${system.mode} mode${reached ? '' : ', and calls to it fail as it is now'}.`,
      );
      printConnections(connections);
    }
    return 0;
  },
};

/** Reaches an AI system as its calls do. */
export const upstreamTest: Command = {
  name: 'upstream test',
  usage: 'upstream test NAME',
  summary: 'reach a system as its calls do, and say what came of it',
  async run(options) {
    const [name, ...more] = options.positionals;
    if (name === undefined || more.length > 0)
      throw new CodedError('usage', 'name one system: sallyport upstream test NAME');
    const connections = await withClient(options, (client) => connectionOf(client, name));
    if (options.json) printJson({ connections });
    else printConnections(connections);
    return connections.every(({ ok }) => ok) ? 0 : 1;
  },
};

/** Removes an AI system. */
export const upstreamRemove: Command = {
  name: 'upstream remove',
  usage: 'upstream remove NAME',
  summary: 'take a system away, and say which keys that changes',
  async run(options) {
    const [name, ...more] = options.positionals;
    if (name === undefined || more.length > 0)
      throw new CodedError('usage', 'name one system: sallyport upstream remove NAME');
    await withClient(options, async (client) => {
      const before = (await liveKeys(client)).filter(({ systems }) => systems.includes(name));
      if (!options.json && before.length > 0)
        print(`${plural(before.length, 'key')} opened ${name}: ${before.map((key) => key.name).join(', ')}.`);
      await client.call('DELETE', `/api/v1/systems/${encodeURIComponent(name)}`);
      const left = new Map((await liveKeys(client)).map((key) => [key.id, key.systems]));
      const keys = before.map(({ id, systems, ...key }) => ({
        id,
        name: key.name,
        before: systems,
        after: left.get(id) ?? [],
        revoked: !left.has(id),
      }));
      if (options.json) return printJson({ name, removed: true, keys });
      print(`${name} is removed; what it was called is still in the record.`);
      for (const key of keys)
        print(
          key.revoked
            ? `  ${key.name} (${key.id}) opened nothing else and is revoked`
            : `  ${key.name} (${key.id}) opened ${key.before.join(', ')}; now ${key.after.join(', ') || 'nothing'}`,
        );
    });
    return 0;
  },
};

/** Lists the AI systems. */
export const upstreamList: Command = {
  name: 'upstream list',
  usage: 'upstream list',
  summary: 'list the AI systems',
  async run(options) {
    const { systems } = await withClient(options, (client) =>
      client.call<{ systems: System[] }>('GET', '/api/v1/systems'),
    );
    if (options.json) printJson({ systems });
    else {
      print(
        ...table(
          ['NAME', 'DIALECT', 'MODE', 'ORIGIN', 'CREDENTIAL', 'ADDRESS'],
          systems.map((system) => [
            system.name,
            system.dialect,
            system.mode,
            system.origin,
            system.apiKeyRef ?? '-',
            system.urls.join(' '),
          ]),
        ),
      );
    }
    return 0;
  },
};

/** Changes whether a system is only observed. */
export const upstreamMode: Command = {
  name: 'upstream mode',
  usage: 'upstream mode NAME observe|enforce',
  summary: 'watch a system, or enforce its policy',
  async run(options) {
    const [name, mode] = options.positionals;
    if (name === undefined || mode === undefined)
      throw new CodedError('usage', 'name a system and a mode: sallyport upstream mode NAME observe|enforce');
    const system = await withClient(options, (client) =>
      client.call<System>('POST', `/api/v1/systems/${encodeURIComponent(name)}/mode`, { mode }),
    );
    if (options.json) printJson(system);
    else print(`${system.name} is in ${system.mode} mode.`);
    return 0;
  },
};
