import { existsSync, readdirSync, type Stats, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { type Config, isLoopback } from '@sallyport/core';
import type { Control } from './control.ts';

/** What lies open, or does not. */
export interface Exposure {
  readonly what: string;
  readonly detail: string;
  /** Whether it is open wider than it need be. */
  readonly wide: boolean;
  /** What to do about that. */
  readonly remedy: string;
}

const WINDOWS = process.platform === 'win32';

function ownerOf({ uid }: Stats): string {
  const own = userInfo();
  return own.uid === uid ? `user ${own.username}` : `user ${uid}`;
}

/** Whether others of a kind can go through every folder above. @param bit `x` of the group or of everybody */
function reached(path: string, bit: number): boolean {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    if ((statSync(folder).mode & bit) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}

/** Who can read or change a file or folder, by its mode and by those of the folders above. */
export function readersOf(path: string): { readonly who: string; readonly wide: boolean } {
  const stats = statSync(path);
  if (WINDOWS) return { who: 'see its access control list', wide: false };
  const others = (stats.mode & 0o006) !== 0 && reached(path, 0o001);
  const group = (stats.mode & 0o060) !== 0 && reached(path, 0o010);
  if (others) return { who: 'every user of this machine', wide: true };
  if (group) return { who: `${ownerOf(stats)} and group ${stats.gid}`, wide: true };
  return { who: `${ownerOf(stats)} alone`, wide: false };
}

function place(what: string, path: string, mode: string): Exposure[] {
  if (!existsSync(path)) return [];
  const { who, wide } = readersOf(path);
  return [{ what, detail: `${path}: open to ${who}`, wide, remedy: `chmod ${mode} ${path}` }];
}

function listener(
  what: string,
  { host, tls }: Config['gateway'] | Config['control'],
  url: string | null,
): Exposure {
  const from = isLoopback(host)
    ? 'from this machine alone'
    : host === '0.0.0.0' || host === '::'
      ? 'from every network that this machine is in'
      : `from the network of ${host}`;
  const detail = `${url ?? host}: reached ${from}, ${tls ? 'with TLS' : 'without TLS'}`;
  return {
    what,
    detail,
    wide: !tls && !isLoopback(host),
    remedy: `set \`${what === 'gateway' ? 'gateway' : 'control'}.tls\``,
  };
}

/** The widest open of the files in a folder. */
function widest(folder: string): string | undefined {
  return readdirSync(folder)
    .map((name) => join(folder, name))
    .find((path) => readersOf(path).wide);
}

/** Files that the configuration names as secrets, wherever it does: members that end in `Ref`, and keys of TLS. */
function secretFiles(config: Config): string[] {
  const found: string[] = [];
  const look = (value: unknown, name: string): void => {
    if (typeof value === 'string') {
      if (/Refs?$/.test(name) && value.startsWith('file:')) found.push(value.slice('file:'.length));
      else if (name === 'keyFile') found.push(value);
    } else if (Array.isArray(value)) for (const one of value) look(one, name);
    else if (typeof value === 'object' && value !== null)
      for (const [member, one] of Object.entries(value)) look(one, member);
  };
  look(config, '');
  return found;
}

function secrets({ secrets: { folder } }: Config, names: readonly string[]): Exposure[] {
  const found: Exposure[] = [];
  if (folder !== undefined)
    if (existsSync(folder)) {
      found.push(...place('folder of secrets', folder, '700'));
      const open = readersOf(folder).wide ? undefined : widest(folder);
      if (open !== undefined) found.push(...place('secret', open, '600'));
    } else
      found.push({
        what: 'folder of secrets',
        detail: `${folder} is not there`,
        wide: true,
        remedy: 'make it, or take `secrets.folder` out of sallyport.yaml',
      });
  // What is not set is open to nobody; the doctor says so.
  const variables = names.filter((name) => isSet(name));
  const { username } = userInfo();
  if (variables.length > 0)
    found.push({
      what: 'variables that systems may name',
      detail: `${variables.join(', ')}: open to ${WINDOWS ? 'this user' : username === 'root' ? 'user root alone' : `user ${username} and root`}`,
      wide: false,
      remedy: '',
    });
  return found;
}

const isSet = (variable: string): boolean => (process.env[variable] ?? '') !== '';

/** Variables of the environment that systems may name, by the configuration or by a command. */
async function namedVariables({ config, secrets }: Control): Promise<string[]> {
  const byCommand = (await secrets.list())
    .filter(({ byOwner, status, ref }) => byOwner && status === 'approved' && ref.startsWith('env:'))
    .map(({ ref }) => ref.slice(4));
  return [...new Set([...config.secrets.environment, ...byCommand])];
}

/** Those of them that are not set. */
export const unsetVariables = async (control: Control): Promise<string[]> =>
  (await namedVariables(control)).filter((name) => !isSet(name));

/** What is reached from where, and which secrets are readable by whom. */
export async function exposure(control: Control): Promise<Exposure[]> {
  const { config, installation, gatewayUrl, controlUrl } = control;
  const { path } = installation.rootKey;
  const byCommand = (await control.secrets.list())
    .filter(({ byOwner, status, ref }) => byOwner && status === 'approved' && ref.startsWith('file:'))
    .map(({ ref }) => ref.slice('file:'.length));
  const files = new Set([...secretFiles(config), ...byCommand].map((file) => resolve(file)));
  return [
    listener('gateway', config.gateway, gatewayUrl),
    listener('console', config.control, controlUrl),
    ...place('data folder', installation.folder, '700'),
    ...place('root key', path, '600'),
    ...place('keys beside the root', installation.ring.folder, '700'),
    ...secrets(config, await namedVariables(control)),
    ...[...files].flatMap((file) => place('secret', file, '600')),
  ];
}

/** Whether others than its owner could change the configuration file, which decides what may be named. */
export function configExposure(path: string | undefined): Exposure[] {
  const file = resolve(path ?? 'sallyport.yaml');
  if (!existsSync(file) || WINDOWS || (statSync(file).mode & 0o022) === 0) return [];
  return [
    {
      what: 'configuration file',
      detail: `${file}: others than its owner may change it`,
      wide: true,
      remedy: `chmod go-w ${file}`,
    },
  ];
}
