import { resolve } from 'node:path';
import { CodedError } from '@sallyport/core';
import { withClient } from '../client.ts';
import type { Command } from '../commands.ts';
import { print, printJson, table } from '../output.ts';

interface System {
  readonly name: string;
  readonly dialect: string;
  readonly mode: string;
  readonly urls: readonly string[];
  readonly apiKeyRef: string | null;
  readonly demo: boolean;
  readonly origin: string;
}

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
    // A path is meant from here; the server may work elsewhere.
    const apiKeyRef = named?.startsWith('file:') ? `file:${resolve(named.slice(5))}` : named;
    const system = await withClient(
      options,
      (client) =>
        client.call<System>('POST', '/api/v1/systems', {
          name,
          dialect: options.needed('dialect'),
          urls,
          allowPrivate: options.flag('allow-private'),
          mode: options.text('mode') ?? 'observe',
          models: options.texts('model'),
          canaries: options.texts('canary'),
          ...(apiKeyRef === undefined ? {} : { apiKeyRef }),
        }),
      true,
    );
    if (options.json) printJson(system);
    else
      print(
        `${system.name} is behind the gates, in ${system.mode} mode.`,
        `Now make a key for it: sallyport key create --name NAME --systems ${system.name}`,
      );
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
