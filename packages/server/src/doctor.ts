import { statfsSync } from 'node:fs';
import { openFilesMax, openFilesState } from '@sallyport/access';
import { clock, plural } from '@sallyport/core';
import type { SystemScope } from './authorisation/system-scope.ts';
import { backingOff } from './backing-off.ts';
import { holdsAgain, REVOKE_AGAIN, restoredNote } from './backups/restored-note.ts';
import type { Control } from './control.ts';
import { exposure, unsetVariables } from './exposure.ts';
import { unknownRoles } from './group-roles.ts';
import type { Installation } from './installation.ts';
import { credentialsOf, remedyOf } from './secrets/credentials.ts';
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

/** Whether the root is kept as it should be, in words, and what to do where it is not. */
function rootKeyState({ rootKey: { place, exposed, path } }: Installation): [boolean, string, string] {
  if (place === 'missing')
    return [
      false,
      'its file is gone, and without it the next start opens nothing',
      `put it back as ${path} before you stop the server`,
    ];
  if (place === 'beside-the-data')
    return [
      false,
      'beside the data',
      'move the root key file out of the data folder and start with --root-key PATH',
    ];
  return exposed
    ? [false, 'other users can read it', `chmod 600 ${path}`]
    : [true, 'outside the data folder', ''];
}

/**
 * Looks at everything that commonly goes wrong and says what to do about it.
 * @param scope systems that the answer may tell of
 */
export async function diagnose(control: Control, scope: SystemScope): Promise<Diagnosis[]> {
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
  warn('open files', ...openFilesState(openFilesMax()));
  for (const { what, detail, wide, remedy } of await exposure(control)) add(what, !wide, detail, remedy);
  add('root key', ...rootKeyState(installation));
  const restored = restoredNote(installation.folder);
  if (restored)
    warn(
      'restored data',
      false,
      `as of ${restored.asOf}, restored ${restored.at}: ${holdsAgain(restored.asOf)}`,
      `${REVOKE_AGAIN}; remove ${restored.file} when that is done`,
    );
  const { fault } = installation.seen;
  add(
    'record',
    fault === null,
    fault ?? plural(installation.ledger.size, 'entry', 'entries'),
    'sallyport ledger verify',
  );
  add(
    'gateway',
    control.gateway !== null,
    control.gateway ? `${plural(control.gateway.size, 'worker')} at ${control.gatewayUrl}` : 'not running',
    'sallyport up',
  );
  for (const { index, why } of await installation.store.exchanges.leftOut())
    add(`entry ${index} of the record`, false, `is in no list: ${why}`, 'report it as a fault of Sallyport');
  for (const { name, why } of scope.visible(control.snapshots.quarantined, (one) => one.name))
    add(`settings of ${name}`, false, why, `mend what it names, or remove ${name} and add it again`);
  const unset = await unsetVariables(control);
  warn(
    'variables of the environment',
    unset.length === 0,
    unset.length === 0 ? 'each that systems may name is set' : `not set: ${unset.join(', ')}`,
    'set it where the server is started and restart; a system that names it gets no call until then',
  );
  const unknown = unknownRoles(control);
  warn(
    'roles of groups',
    unknown.length === 0,
    unknown.length === 0 ? 'each is one that some policy speaks of' : `unknown: ${unknown.join('; ')}`,
    'name roles that policies speak of: the console lists them under Policies; until then no one gets these',
  );
  const { systems } = scope;
  for (const credential of await credentialsOf(control, systems)) {
    const { system, ref, lack } = credential;
    add(`credential of ${system}`, lack === null, lack ?? ref, remedyOf(credential));
  }
  const reached = await reachSystems(
    control,
    systems.map(({ name }) => name),
  );
  for (const [name, all] of reached)
    for (const { url, ok, detail, remedy } of all)
      add(all.length === 1 ? `reach ${name}` : `reach ${name} at ${url}`, ok, detail, remedy ?? '');
  const backsOff = backingOff(control);
  for (const [name, why] of scope.visible([...backsOff], ([one]) => one))
    warn(
      `calls to ${name}`,
      false,
      why,
      `see that it works; until then its callers come back later (\`backOff\`)`,
    );
  await lookAtKeys(control, scope, add);
  await lookAtProtection(control, warn);
  return found;
}

type Add = (check: string, ok: boolean, detail: string, remedy: string) => void;

/** Keys that end soon and have no successor: one of the same name that lives longer. */
async function lookAtKeys(control: Control, scope: SystemScope, add: Add): Promise<void> {
  const now = clock.nowMs();
  const live = (await control.apiKeys.list()).filter(
    (key) =>
      key.revokedAt === null && Date.parse(key.expiresAt) > now && key.systems.every((one) => scope.has(one)),
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
      : `${plural(soon.length, 'ends', 'end')} within 3 days: ${soon.map((key) => key.name).join(', ')}`,
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
    age === null ? 'there is none: what is lost here is lost' : `the newest is ${plural(age, 'day')} old`,
    config.backup
      ? 'sallyport backup'
      : 'name a folder in sallyport.yaml, as `backup: { folder: /mnt/elsewhere }`, and they are made regularly; for a single one: sallyport backup FILE --to RECIPIENT',
  );
  const { length } = config.record.witnesses;
  warn(
    'witness',
    length > 0,
    length > 0
      ? `${plural(length, 'signs', 'sign')} what the record has said`
      : 'there are no witnesses: the owner of this machine could replace the record',
    'run `sallyport witness` on another machine, and name it under record.witnesses',
  );
  const now = clock.nowIso();
  const people = new Map((await installation.store.people.list()).map((one) => [one.id, one]));
  const isHere = (id: string): boolean => {
    const { disabledAt, password, externalId } = people.get(id) ?? { disabledAt: '' };
    return disabledAt === null && (password ?? externalId ?? null) !== null;
  };
  const approvers = (await installation.store.people.grants(now)).filter(
    ({ role, holder }) => role === 'approver' && isHere(holder.replace(/^person:/, '')),
  );
  warn(
    'approver',
    approvers.length > 0,
    approvers.length > 0
      ? `${approvers.length} may approve`
      : 'no account whose owner signed in may approve what needs a second pair of eyes',
    'sallyport user add NAME --role approver',
  );
}
