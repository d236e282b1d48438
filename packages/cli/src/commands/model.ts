import { resolve } from 'node:path';
import { CodedError, RISK_TIERS } from '@sallyport/core';
import { withClient } from '../client.ts';
import type { Command } from '../commands.ts';
import { type Options, positional, readText } from '../options.ts';
import { print, printJson, table } from '../output.ts';

interface Asset {
  readonly kind: string;
  readonly name: string;
  readonly owner: string | null;
  readonly risk: string;
  readonly purpose: string;
  readonly versions: number;
  readonly serving: readonly string[];
}
interface Version {
  readonly label: string;
  readonly digest: string;
  readonly bytes: number;
  readonly files: number;
  readonly createdAt: string;
  readonly createdBy: string;
  readonly gates: readonly { readonly name: string; readonly open: boolean; readonly why: string }[];
  readonly serving: readonly string[];
}
interface Deployment {
  readonly place: string;
  readonly version: string;
  readonly at: string;
  readonly endedAt: string | null;
}

const part = encodeURIComponent;

/** What is told of an asset, as options give it. */
export const FACT_OPTIONS = {
  owner: { type: 'string' },
  purpose: { type: 'string' },
  risk: { type: 'string' },
  'data-class': { type: 'string', multiple: true },
  source: { type: 'string' },
  licence: { type: 'string' },
  supplier: { type: 'string' },
} as const satisfies Command['options'];

/** The same in words. */
export const FACT_USAGE =
  '[--owner NAME] [--purpose TEXT] [--risk TIER] [--data-class NAME]… [--source ADDRESS] [--licence NAME] [--supplier NAME]';

/** Facts of an asset that were given. @throws CodedError `usage` */
export function factsOf(options: Options): Record<string, unknown> {
  const risk = options.text('risk');
  if (risk !== undefined && !(RISK_TIERS as readonly string[]).includes(risk))
    throw new CodedError('usage', `--risk is one of ${RISK_TIERS.join(', ')}`);
  const given = {
    owner: options.text('owner'),
    purpose: options.text('purpose'),
    risk,
    source: options.text('source'),
  };
  const more = { licence: options.text('licence'), supplier: options.text('supplier') };
  const classes = options.texts('data-class');
  const all = { ...given, ...more, ...(classes.length > 0 ? { dataClasses: classes } : {}) };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

function showVersion({ label, digest, bytes, files, createdAt, createdBy, gates, serving }: Version): void {
  print(
    `${label}  sha256:${digest.slice(0, 16)}…  ${files} files, ${bytes} bytes  by ${createdBy} on ${createdAt.slice(0, 10)}`,
    ...(serving.length > 0 ? [`    serves at ${serving.join(', ')}`] : []),
    ...gates.map(({ name, open, why }) => `    ${open ? 'open  ' : 'closed'}  ${name.padEnd(9)} ${why}`),
  );
}

/** Lists the inventory. */
export const inventoryList: Command = {
  name: 'inventory list',
  usage: 'inventory list',
  summary: 'systems, models, data sets and endpoints, who answers for them, and what is not registered',
  async run(options) {
    const listed = await withClient(options, (client) =>
      client.call<{ assets: Asset[]; unregistered: string[] }>('GET', '/api/v1/inventory'),
    );
    if (options.json) printJson(listed);
    else
      print(
        ...table(
          ['KIND', 'NAME', 'RISK', 'OWNER', 'VERSIONS', 'SERVES', 'PURPOSE'],
          listed.assets.map((one) => [
            one.kind,
            one.name,
            one.risk,
            one.owner ?? '',
            String(one.versions),
            one.serving.join(', '),
            one.purpose.slice(0, 60),
          ]),
        ),
        ...(listed.unregistered.length > 0
          ? ['', `Systems without an owner: ${listed.unregistered.join(', ')}`]
          : []),
      );
    return 0;
  },
};

/** Puts something into the inventory. */
export const inventorySet: Command = {
  name: 'inventory set',
  usage: `inventory set system|model|dataset|endpoint NAME ${FACT_USAGE}`,
  summary: 'put something into the inventory, or change what is told of it',
  options: FACT_OPTIONS,
  async run(options) {
    const kind = positional(options, 0, 'a kind: system, model, dataset or endpoint');
    const name = positional(options, 1, 'what is registered');
    const asset = await withClient(options, (client) =>
      client.call<Asset>('POST', '/api/v1/inventory', { kind, name, facts: factsOf(options) }),
    );
    if (options.json) printJson(asset);
    else print(`${asset.kind} ${asset.name} is in the inventory`);
    return 0;
  },
};

/** Shows a model with its versions. */
export const modelShow: Command = {
  name: 'model show',
  usage: 'model show NAME [--dataset]',
  summary: 'versions of a model, which of their gates are open, and what serves',
  options: { dataset: { type: 'boolean' } },
  async run(options) {
    const kind = options.flag('dataset') ? 'dataset' : 'model';
    const path = `/api/v1/inventory/${kind}/${part(positional(options, 0, 'a model'))}`;
    const shown = await withClient(options, (client) =>
      client.call<{ asset: Asset; versions: Version[]; deployments: Deployment[] }>('GET', path),
    );
    if (options.json) printJson(shown);
    else {
      print(`${shown.asset.name}: ${shown.asset.purpose || 'no purpose is told'} (${shown.asset.risk})`);
      for (const version of shown.versions) showVersion(version);
    }
    return shown.versions.some(({ serving, gates }) => serving.length > 0 && gates.some(({ open }) => !open))
      ? 1
      : 0;
  },
};

/** Registers a version. */
export const modelRegister: Command = {
  name: 'model register',
  usage: `model register PATH [--name NAME] [--label LABEL] [--signature FILE] [--from DATASET]… [--revision R] [--dataset] ${FACT_USAGE}`,
  summary:
    'hash, store sealed and scan a version: a folder, a file, a Hugging Face cache, an MLflow folder or an OCI layout',
  options: {
    name: { type: 'string' },
    label: { type: 'string' },
    signature: { type: 'string' },
    from: { type: 'string', multiple: true },
    revision: { type: 'string' },
    dataset: { type: 'boolean' },
    ...FACT_OPTIONS,
  },
  async run(options) {
    const path = resolve(positional(options, 0, 'a folder or a file'));
    const signature = options.text('signature');
    const version = await withClient(
      options,
      (client) =>
        client.call<Version>('POST', '/api/v1/versions', {
          kind: options.flag('dataset') ? 'dataset' : 'model',
          path,
          name: options.text('name'),
          label: options.text('label'),
          revision: options.text('revision'),
          signature: signature === undefined ? undefined : readText(signature),
          from: options.texts('from'),
          facts: factsOf(options),
        }),
      true,
    );
    if (options.json) printJson(version);
    else showVersion(version);
    return version.gates.some(({ name, open }) => !open && ['scanned', 'findings'].includes(name)) ? 1 : 0;
  },
};

/** Has a version serve. */
export const modelPromote: Command = {
  name: 'model promote',
  usage: 'model promote NAME LABEL --to system:NAME|endpoint:NAME',
  summary: 'have a version serve at a place; refused while one of its gates is closed',
  options: { to: { type: 'string' } },
  async run(options) {
    const [name, label] = [positional(options, 0, 'a model'), positional(options, 1, 'a version of it')];
    const done = await withClient(options, (client) =>
      client.call<{ place: string; digest: string }>(
        'POST',
        `/api/v1/models/${part(name)}/${part(label)}/promote`,
        {
          place: options.needed('to'),
        },
      ),
    );
    if (options.json) printJson(done);
    else print(`${name} ${label} serves at ${done.place}`);
    return 0;
  },
};

/** Goes back to what served before. */
export const modelRollback: Command = {
  name: 'model rollback',
  usage: 'model rollback system:NAME|endpoint:NAME',
  summary: 'have a place serve what it served before, in one step',
  async run(options) {
    const place = positional(options, 0, 'a place: system:NAME or endpoint:NAME');
    const done = await withClient(options, (client) =>
      client.call<{ place: string; digest: string }>('POST', '/api/v1/places/rollback', { place }),
    );
    if (options.json) printJson(done);
    else print(`${done.place} serves sha256:${done.digest.slice(0, 16)}… again`);
    return 0;
  },
};

/** Has nothing serve at a place. */
export const modelWithdraw: Command = {
  name: 'model withdraw',
  usage: 'model withdraw system:NAME|endpoint:NAME',
  summary: 'have nothing serve at a place',
  async run(options) {
    const place = positional(options, 0, 'a place: system:NAME or endpoint:NAME');
    const done = await withClient(options, (client) =>
      client.call<{ place: string }>('POST', '/api/v1/places/withdraw', { place }),
    );
    if (options.json) printJson(done);
    else print(`nothing serves at ${done.place}`);
    return 0;
  },
};

/** Unpacks what serves. */
export const modelLoad: Command = {
  name: 'model load',
  usage: 'model load NAME --place system:NAME|endpoint:NAME --to DIR',
  summary:
    'unpack what serves at a place into a folder, every byte verified; anything else is refused and noted',
  options: { place: { type: 'string' }, to: { type: 'string' } },
  async run(options) {
    const name = positional(options, 0, 'a model');
    const to = resolve(options.needed('to'));
    const done = await withClient(options, (client) =>
      client.call<{ label: string; digest: string; files: number }>(
        'POST',
        `/api/v1/models/${part(name)}/load`,
        {
          place: options.needed('place'),
          to,
        },
      ),
    );
    if (options.json) printJson(done);
    else print(`${name} ${done.label}: ${done.files} files in ${to}, sha256:${done.digest}`);
    return 0;
  },
};

/** Keeps the result of a test. */
export const modelTest: Command = {
  name: 'model test',
  usage: 'model test NAME LABEL --summary TEXT [--failed]',
  summary: 'keep what a test said of a version, as a signed attestation; one that failed closes its gate',
  options: { summary: { type: 'string' }, failed: { type: 'boolean' } },
  async run(options) {
    const [name, label] = [positional(options, 0, 'a model'), positional(options, 1, 'a version of it')];
    const said = await withClient(options, (client) =>
      client.call<object>('POST', `/api/v1/models/${part(name)}/${part(label)}/tests`, {
        passed: !options.flag('failed'),
        summary: options.needed('summary'),
      }),
    );
    if (options.json) printJson(said);
    else print('kept');
    return 0;
  },
};
