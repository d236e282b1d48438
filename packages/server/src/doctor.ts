import { statfsSync } from 'node:fs';
import { clock } from '@sallyport/core';
import type { Control } from './control.ts';
import { exposure } from './exposure.ts';
import { reachSystems } from './system-reach.ts';

/** One thing the doctor looked at. */
export interface Diagnosis {
  readonly check: string;
  /** Whether it works; a warning does. */
  readonly ok: boolean;
  readonly level: 'ok' | 'warning' | 'bad';
  readonly detail: string;
  /** What to type, when something is wrong. */
  readonly remedy: string | null;
}

const FREE_BYTES_MIN = 512 * 1024 * 1024;
const DAY_MS = 86_400_000;
const SOON_MS = 3 * DAY_MS;
/** Age from which the newest backup is too old. */
const BACKUP_DAYS = 7;

/** Looks at everything that commonly goes wrong and says what to do about it. */
export async function diagnose(control: Control): Promise<Diagnosis[]> {
  const { installation } = control;
  const found: Diagnosis[] = [];
  const add: Add = (check, ok, detail, remedy) =>
    void found.push({ check, ok, level: ok ? 'ok' : 'bad', detail, remedy: ok ? null : remedy });
  const warn: Add = (check, fine, detail, remedy) =>
    void found.push({
      check,
      ok: true,
      level: fine ? 'ok' : 'warning',
      detail,
      remedy: fine ? null : remedy,
    });
  const [major, minor] = process.versions.node.split('.').map(Number) as [number, number];
  add(
    'runtime',
    major > 24 || (major === 24 && minor >= 7),
    `Node ${process.versions.node}`,
    'start with `npm start`, which uses the pinned Node',
  );
  const driftS = Math.round(clock.driftMs() / 1000);
  add(
    'clock',
    Math.abs(driftS) < 5,
    driftS === 0
      ? 'as the machine says'
      : `the machine's clock is ${driftS} s away from where it was at start`,
    'if the machine is right now, restart; until then limits and expiry go on from the time at start',
  );
  const disk = statfsSync(installation.folder);
  const free = disk.bavail * disk.bsize;
  add(
    'disk',
    free > FREE_BYTES_MIN,
    `${Math.floor(free / 1e6)} MB free`,
    `free space on the disk of ${installation.folder}; calls are refused when the record cannot be written`,
  );
  for (const { what, detail, wide, remedy } of await exposure(control)) add(what, !wide, detail, remedy);
  add(
    'root key',
    installation.rootKey.place === 'outside' && !installation.rootKey.exposed,
    installation.rootKey.place === 'outside'
      ? installation.rootKey.exposed
        ? 'other users can read it'
        : 'outside the data folder'
      : 'beside the data',
    installation.rootKey.exposed
      ? `chmod 600 ${installation.rootKey.path}`
      : 'move the root key file out of the data folder and start with --root-key PATH',
  );
  add('record', true, `${installation.ledger.size} entries`, 'sallyport ledger verify');
  add(
    'gateway',
    control.gateway !== null,
    control.gateway ? `${control.gateway.size} workers at ${control.gatewayUrl}` : 'not running',
    'sallyport up',
  );
  for (const { index, why } of await installation.store.exchanges.leftOut())
    add(`entry ${index} of the record`, false, `is in no list: ${why}`, 'report it as a fault of Sallyport');
  for (const { name, why } of control.snapshots.quarantined)
    add(`settings of ${name}`, false, why, `mend what it names, or remove ${name} and add it again`);
  const secretOrigins = await control.secrets.list();
  const systems = await control.systems();
  for (const system of systems) {
    const { name, config } = system;
    if (config.apiKeyRef !== undefined) {
      add(
        `credential of ${name}`,
        control.references.credential(system, secretOrigins) !== null,
        config.apiKeyRef,
        `set the variable or file that ${config.apiKeyRef} names and restart; where it may not be used, \`secrets\` in sallyport.yaml allows it, or \`sallyport upstream add\``,
      );
    }
  }
  const reached = await reachSystems(
    control,
    systems.map(({ name }) => name),
  );
  for (const [name, all] of reached)
    for (const { url, ok, detail, remedy } of all)
      add(all.length === 1 ? `reach ${name}` : `reach ${name} at ${url}`, ok, detail, remedy ?? '');
  await lookAtKeys(control, add);
  await lookAtProtection(control, warn);
  return found;
}

type Add = (check: string, ok: boolean, detail: string, remedy: string) => void;

/** Keys that end soon and have no successor: one of the same name that lives longer. */
async function lookAtKeys(control: Control, add: Add): Promise<void> {
  const now = clock.nowMs();
  const live = (await control.apiKeys.list()).filter(
    (key) => key.revokedAt === null && Date.parse(key.expiresAt) > now,
  );
  const soon = live.filter(
    ({ name, expiresAt }) =>
      Date.parse(expiresAt) - now < SOON_MS &&
      !live.some((other) => other.name === name && other.expiresAt > expiresAt),
  );
  add(
    'keys',
    soon.length === 0,
    soon.length === 0
      ? 'none ends within 3 days without a successor'
      : `${soon.length} end within 3 days: ${soon.map((key) => key.name).join(', ')}`,
    'sallyport key rotate ID',
  );
}

/** What protects the record and the rights besides this program. */
async function lookAtProtection(control: Control, warn: Add): Promise<void> {
  const { config, installation } = control;
  const { made } = await control.backups.last();
  const age = made === null ? null : Math.floor((clock.nowMs() - Date.parse(made.at)) / DAY_MS);
  warn(
    'backup',
    age !== null && age <= BACKUP_DAYS,
    age === null ? 'there is none: what is lost here is lost' : `the newest is ${age} days old`,
    'sallyport backup; `backup` in sallyport.yaml makes them by themselves',
  );
  const { length } = config.record.witnesses;
  warn(
    'witness',
    length > 0,
    length > 0
      ? `${length} sign what the record has said`
      : 'nobody elsewhere remembers the record: who owns this machine could begin another one',
    'run `sallyport witness` on another machine, and name it under record.witnesses',
  );
  const now = clock.nowIso();
  const people = new Map((await installation.store.people.list()).map((one) => [one.id, one]));
  const approvers = (await installation.store.people.grants(now)).filter(
    ({ role, holder }) =>
      role === 'approver' && people.get(holder.replace(/^person:/, ''))?.disabledAt === null,
  );
  warn(
    'approver',
    approvers.length > 0,
    approvers.length > 0
      ? `${approvers.length} may approve`
      : 'nobody may approve what needs a second pair of eyes',
    'sallyport user add NAME --role approver',
  );
}
