import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Config, newEvent, toCodedError } from '@sallyport/core';
import type { Control } from './control.ts';
import { takeAwayUngiven } from './group-roles.ts';
import { log } from './log.ts';
import { uncallable } from './uncallable.ts';

/** What a reload did. */
export interface Reloaded {
  /** Files and folders that it read, by their whole paths. */
  readonly read: readonly string[];
  /** Top-level settings that are different now. */
  readonly changed: readonly string[];
  /** Settings that differ in the file and need a restart to take effect. */
  readonly restart: readonly string[];
  /** What of it will not work as it stands, in sentences: systems to which no call goes. */
  readonly warnings: readonly string[];
  /** Version of the policies that decide now. */
  readonly policies: string;
  /** Version of the rules over texts that decide now. */
  readonly rules: string;
}

/** Settings that the listeners and the database were opened with. */
function fixed(config: Config): Readonly<Record<string, unknown>> {
  const { gateway, control, database } = config;
  return {
    'gateway.host': gateway.host,
    'gateway.port': gateway.port,
    'gateway.tls': gateway.tls !== undefined,
    'control.host': control.host,
    'control.port': control.port,
    'control.hosts': control.hosts,
    'control.tls': control.tls !== undefined,
    database,
  };
}

/** What is read anew: the configuration, and the folders and certificates that it names. */
function readPlaces({ config, configFile }: Control): string[] {
  const { policies, rules, gateway, control } = config;
  const named = [policies, rules, gateway.tls?.certFile, control.tls?.certFile];
  return [
    ...(configFile === null
      ? []
      : [existsSync(configFile) ? configFile : `${configFile} (not there: everything has its default)`]),
    ...named.flatMap((path) => (path === undefined ? [] : [resolve(path)])),
  ];
}

const differ = (a: unknown, b: unknown): boolean => JSON.stringify(a) !== JSON.stringify(b);

/** What a change of configuration would touch. */
function compare(before: Config, after: Config): { changed: string[]; restart: string[] } {
  const changed = Object.keys(after).filter((name) =>
    differ(before[name as keyof Config], after[name as keyof Config]),
  );
  const [old, next] = [fixed(before), fixed(after)];
  return { changed, restart: Object.keys(next).filter((name) => differ(old[name], next[name])) };
}

/** Systems of the file to which no call would go. */
const warningsOf = ({ systems }: Config): string[] =>
  Object.entries(systems).flatMap(([name, { urls, allowPrivate }]) =>
    uncallable(urls, allowPrivate).map(
      (why) => `system \`${name}\`: ${why}; until then calls to it are refused`,
    ),
  );

/**
 * Takes the configuration, its policies and its certificates anew, without dropping a call. What is not valid never
 * loads: the one before stays, and that is an event.
 * @throws CodedError `config-invalid`, `policy-invalid` and others, naming what is wrong
 */
export async function reload(control: Control, actor: string, load: () => Config): Promise<Reloaded> {
  const before = control.config;
  let after: Config;
  let compared: ReturnType<typeof compare>;
  try {
    const read = load();
    compared = compare(before, read);
    // What needs a restart stays as the listeners were opened.
    after = {
      ...read,
      gateway: { ...read.gateway, host: before.gateway.host, port: before.gateway.port },
      control: { ...read.control, host: before.control.host, port: before.control.port },
      database: before.database,
    };
    control.snapshots.check(after);
    await control.snapshots.certificates.renew(after, control.installation);
    await control.snapshots.use(after);
    control.config = after;
    await control.publish();
  } catch (fault) {
    await keepOn(control, before);
    const { code, message } = toCodedError(fault);
    await control.installation.announce(
      newEvent('configuration-refused', { actor, subject: 'organisation', data: { code, message } }),
    );
    throw fault;
  }
  control.useCertificate();
  await takeAwayUngiven(control);
  const policies = control.snapshots.policies.version;
  const rules = control.snapshots.rules.version;
  await control.installation.announce(
    newEvent('configuration-loaded', {
      actor,
      subject: 'organisation',
      data: { ...compared, policies, rules },
    }),
  );
  return { ...compared, warnings: warningsOf(control.config), read: readPlaces(control), policies, rules };
}

/** Goes on with the configuration before, where the gateway did not take the next one. */
async function keepOn(control: Control, before: Config): Promise<void> {
  if (control.config === before) return;
  control.config = before;
  try {
    await control.snapshots.use(before);
    await control.publish();
  } catch (fault) {
    log('error', 'the configuration before is not published again', { fault: (fault as Error).message });
  }
}
