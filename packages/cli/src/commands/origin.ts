import { readFileSync } from 'node:fs';
import { CodedError, LET_GO_ON } from '@sallyport/core';
import { withClient } from '../client.ts';
import type { Command } from '../commands.ts';
import { print, printJson, table } from '../output.ts';

interface Source {
  readonly id: string;
  readonly pattern: string;
  readonly licence: string;
  readonly status: string;
  readonly expiresAt: string;
}

/** Lists sources of data. */
export const sourceList: Command = {
  name: 'source list',
  usage: 'source list',
  summary: 'sources that data may come from; what comes from elsewhere is refused',
  async run(options) {
    const { sources } = await withClient(options, (client) =>
      client.call<{ sources: Source[] }>('GET', '/api/v1/sources'),
    );
    if (options.json) printJson({ sources });
    else
      print(
        ...table(
          ['ID', 'STATE', 'UNTIL', 'LICENCE', 'SOURCE'],
          sources.map((one) => [one.id, one.status, one.expiresAt.slice(0, 10), one.licence, one.pattern]),
        ),
      );
    return 0;
  },
};

/** Proposes a source. */
export const sourcePropose: Command = {
  name: 'source propose',
  usage: 'source propose ADDRESS [--licence NAME] [--note TEXT] [--days 365]',
  summary: 'propose a source of data; another person approves it in the console',
  options: { licence: { type: 'string' }, note: { type: 'string' }, days: { type: 'string' } },
  async run(options) {
    const [pattern] = options.positionals;
    if (pattern === undefined) throw new CodedError('usage', 'name an address or a path');
    const done = await withClient(options, (client) =>
      client.call<Source>('POST', '/api/v1/sources', {
        pattern,
        licence: options.text('licence'),
        note: options.text('note'),
        days: options.whole('days', 1, 1098),
      }),
    );
    if (options.json) printJson(done);
    else print(`${done.pattern} is proposed until ${done.expiresAt.slice(0, 10)}`);
    return 0;
  },
};

/** Ends a source. */
export const sourceEnd: Command = {
  name: 'source end',
  usage: 'source end ID',
  summary: 'take no more data from a source',
  async run(options) {
    const [id] = options.positionals;
    if (id === undefined) throw new CodedError('usage', 'name a source by its id');
    const done = await withClient(options, (client) =>
      client.call<Source>('POST', `/api/v1/sources/${encodeURIComponent(id)}/end`),
    );
    if (options.json) printJson(done);
    else print(`nothing more is taken from ${done.pattern}`);
    return 0;
  },
};

interface Use {
  readonly fingerprint: string;
  readonly serviceName: string;
  readonly kind: string;
  readonly what: string;
  readonly place: string;
  readonly decision: string | null;
  readonly registered: boolean;
}

/** Lists uses of AI that were found. */
export const useList: Command = {
  name: 'ai-use list',
  usage: 'ai-use list',
  summary:
    'uses of AI that scans of watched sources and logs found, and what was decided; exit 1 where a decision is missing',
  async run(options) {
    const { uses, leftOut } = await withClient(options, (client) =>
      client.call<{ uses: Use[]; leftOut: number }>('GET', '/api/v1/ai-uses'),
    );
    if (options.json) printJson({ uses, leftOut });
    else {
      print(
        ...table(
          ['FINGERPRINT', 'SERVICE', 'SEEN AS', 'WHERE', 'REGISTERED', 'DECISION'],
          uses.map((one) => [
            one.fingerprint,
            one.serviceName,
            `${one.kind} ${one.what}`,
            one.place,
            one.registered ? 'yes' : 'no',
            one.decision ?? 'none yet',
          ]),
        ),
      );
      if (leftOut > 0) print(`${leftOut} more are not listed`);
    }
    return uses.some(({ decision }) => decision === null) ? 1 : 0;
  },
};

/** Decides about a use of AI. */
export const useDecide: Command = {
  name: 'ai-use decide',
  usage: 'ai-use decide FINGERPRINT|--service ID stop --reason TEXT [--owner NAME] [--days N]',
  summary:
    'decide that a use of AI, or every use of a service, must stop; only an approver may let it go on, in the console',
  options: {
    service: { type: 'string' },
    reason: { type: 'string' },
    owner: { type: 'string' },
    days: { type: 'string' },
  },
  async run(options) {
    const service = options.text('service');
    const [first, second] = options.positionals;
    const decision = service === undefined ? second : first;
    if ((LET_GO_ON as readonly (string | undefined)[]).includes(decision))
      throw new CodedError(
        'usage',
        'only an approver may let it go on, in the console under AI use; commands approve nothing',
      );
    if (decision !== 'stop') throw new CodedError('usage', 'decide `stop`');
    const done = await withClient(options, async (client) => {
      const { uses, services } = await client.call<{
        uses: { fingerprint: string; digest: string }[];
        services: Record<string, string>;
      }>('GET', '/api/v1/ai-uses');
      const digest =
        service === undefined
          ? uses.find(({ fingerprint }) => fingerprint === first)?.digest
          : services[service];
      if (digest === undefined) throw new CodedError('not-found', 'nothing of that was found');
      return client.call<{ decided: number }>('POST', '/api/v1/ai-uses/decide', {
        ...(service === undefined ? { fingerprint: first } : { service }),
        digest,
        decision,
        reason: options.needed('reason'),
        owner: options.text('owner'),
        days: options.whole('days', 1, 366),
      });
    });
    if (options.json) printJson(done);
    else print(`${decision}: ${done.decided} uses`);
    return 0;
  },
};

/** Shows what came of what. */
export const lineageShow: Command = {
  name: 'lineage show',
  usage: 'lineage show [NODE]',
  summary: 'what led to a node, such as `model:NAME@LABEL`, and what it led to',
  async run(options) {
    const [node] = options.positionals;
    const query = node === undefined ? '' : `?node=${encodeURIComponent(node)}`;
    const graph = await withClient(options, (client) =>
      client.call<{ edges: { source: string; target: string; relation: string; at: string }[] }>(
        'GET',
        `/api/v1/lineage${query}`,
      ),
    );
    if (options.json) printJson(graph);
    else
      print(
        ...table(
          ['FROM', '', 'TO', 'SINCE'],
          graph.edges.map(({ source, relation, target, at }) => [source, relation, target, at.slice(0, 10)]),
        ),
      );
    return 0;
  },
};

/** Takes in events of OpenLineage. */
export const lineageImport: Command = {
  name: 'lineage import',
  usage: 'lineage import FILE',
  summary: 'take in events of OpenLineage: one JSON object, a list of them, or one on each line',
  async run(options) {
    const [path] = options.positionals;
    if (path === undefined) throw new CodedError('usage', 'name a file of events');
    let events: unknown[];
    try {
      const text = readFileSync(path, 'utf8').trim();
      events = text.startsWith('[')
        ? (JSON.parse(text) as unknown[])
        : text.includes('\n{')
          ? text.split('\n').map((line) => JSON.parse(line) as unknown)
          : [JSON.parse(text)];
    } catch (fault) {
      throw new CodedError('usage', `\`${path}\` holds no events: ${(fault as Error).message}`);
    }
    const done = await withClient(options, async (client) => {
      let edges = 0;
      for (const event of events)
        edges += (await client.call<{ edges: number }>('POST', '/api/v1/lineage', event)).edges;
      return { events: events.length, edges };
    });
    if (options.json) printJson(done);
    else print(`${done.events} events, ${done.edges} steps of lineage`);
    return 0;
  },
};

/** Measures a third party. */
export const assess: Command = {
  name: 'assess',
  usage: 'assess INTEGRATION',
  summary:
    'measure a third party: what its endpoints speak, how its calls went, what was found; valid for 90 days',
  async run(options) {
    const [name] = options.positionals;
    if (name === undefined) throw new CodedError('usage', 'name an integration');
    const one = await withClient(options, (client) =>
      client.call<{
        score: number;
        expiresAt: string;
        facts: { what: string; good: boolean | null; points: number }[];
      }>('POST', `/api/v1/assessments/${encodeURIComponent(name)}`),
    );
    if (options.json) printJson(one);
    else
      print(
        `${name}: ${one.score} of 100, until ${one.expiresAt.slice(0, 10)}`,
        ...one.facts.map(
          ({ what, good, points }) => `  ${good === null ? '?' : good ? '+' : '-'} ${what} (${points})`,
        ),
      );
    return 0;
  },
};
