import { assetFactsSchema, CodedError, clock, newEvent, type SallyportEvent } from '@sallyport/core';
import { type Connection, removedName } from '@sallyport/store';
import type { Control } from './control.ts';

/** Why what was bound to a removed system is over, as events say it. */
const WHY = 'its system was removed';

/**
 * A system cannot go, nor another come under its name, while somebody else's decision hangs on that name.
 * @throws CodedError `conflict`
 */
export async function requireUnbound(control: Control, name: string): Promise<void> {
  await requireNotHeld(control, name);
  const judged = (await control.systems()).find(
    (one) => one.name !== name && one.config.judge?.system === name,
  );
  if (judged)
    throw new CodedError('conflict', `\`${name}\` judges calls to \`${judged.name}\`; change that first`);
}

/** @throws CodedError `conflict` */
export async function requireNotHeld(
  { installation }: Control,
  name: string,
  tx?: Connection,
): Promise<void> {
  if ((await installation.store.holds.systems(tx)).has(name))
    throw new CodedError('conflict', `a legal hold stands on \`${name}\`; an administrator lifts it first`);
}

/**
 * Ends everything that points to a system by its name, in the transaction that removes it or makes the next: another that
 * is made under that name later is another system, and nothing of the first opens it. All of it is read there: what was
 * decided since the request came, a suspension or a hold, stands.
 * @returns what is to be recorded @throws CodedError `conflict`
 */
export async function endBound(
  control: Control,
  tx: Connection,
  actor: string,
  name: string,
): Promise<SallyportEvent[]> {
  await control.installation.store.people.oneAtATime(tx);
  await requireNotHeld(control, name, tx);
  const events: SallyportEvent[] = [];
  for (const end of [endKeys, endGrants, endManifests, endInventory])
    events.push(...(await end(control, tx, actor, name)));
  return events;
}

/** Ends one kind of what points to a system. @returns what is to be recorded */
type End = (control: Control, tx: Connection, actor: string, name: string) => Promise<SallyportEvent[]>;

/** Keys that open this system alone are revoked, and are keys of no other; others open what is left. */
const endKeys: End = async ({ installation }, tx, actor, name) => {
  const { keys } = installation.store;
  const events: SallyportEvent[] = [];
  for (const { id, systems, program, demo, revokedAt } of await keys.list(tx)) {
    if (!systems.includes(name)) continue;
    const left = systems.filter((one) => one !== name);
    const about = { actor, subject: `key:${id}`, demo };
    await keys.narrow(tx, id, left.length > 0 || program !== null ? left : [removedName(name)]);
    if (revokedAt !== null) continue;
    if (left.length > 0 || program !== null) {
      events.push(newEvent('key-narrowed', { ...about, data: { systems: left, reason: WHY, system: name } }));
    } else {
      await keys.revoke(tx, id, clock.nowIso());
      events.push(newEvent('key-revoked', { ...about, data: { reason: WHY, system: name } }));
    }
  }
  return events;
};

/** Roles that were held on it are taken away. */
const endGrants: End = async ({ accounts, installation }, tx, actor, name) => {
  const held = await installation.store.people.grants(clock.nowIso(), undefined, tx);
  const events: SallyportEvent[] = [];
  for (const { id, holder, system } of held)
    if (system === name) events.push(...(await accounts.directory.takeAway(tx, actor, holder, id, WHY)));
  return events;
};

/** Manifests of third parties name it no more; one that named nothing else ends. */
const endManifests: End = async ({ installation }, tx, actor, name) => {
  const { integrations } = installation.store;
  const events: SallyportEvent[] = [];
  for (const row of await integrations.list(tx)) {
    const manifest = JSON.parse(row.manifest) as { systems: string[] };
    const replaced = JSON.parse(row.replaces ?? '[]') as { systems: string[] }[];
    const isReplaced = replaced.some((one) => one.systems.includes(name));
    const isNamed = manifest.systems.includes(name) && row.status !== 'ended';
    if (!isNamed && !isReplaced) continue;
    const without = (names: readonly string[]): string[] => names.filter((one) => one !== name);
    const systems = isNamed ? without(manifest.systems) : manifest.systems;
    // One that is suspended stays so: another name for the same place must not be free of it.
    const ends = isNamed && systems.length === 0 && (row.status === 'approved' || row.approvedAt === null);
    await integrations.put(tx, {
      ...row,
      manifest: JSON.stringify({ ...manifest, systems }),
      ...(isReplaced
        ? { replaces: JSON.stringify(replaced.map((one) => ({ ...one, systems: without(one.systems) }))) }
        : {}),
      ...(ends ? { status: 'ended' as const, why: WHY } : {}),
    });
    const about = { actor, subject: `integration:${row.name}`, data: { systems, why: WHY, system: name } };
    events.push(newEvent(ends ? 'integration-ended' : 'integration-narrowed', about));
  }
  return events;
};

/**
 * The model that served at a system serves there no more. It was promoted to one place: another is neither under its gates
 * nor under a legal hold.
 * @returns what is to be recorded @throws CodedError `conflict`
 */
export async function endServing(
  control: Control,
  tx: Connection,
  actor: string,
  name: string,
  why = 'its system leads elsewhere',
): Promise<SallyportEvent[]> {
  await requireNotHeld(control, name, tx);
  const { inventory } = control.installation.store;
  const place = `system:${name}`;
  const now = (await inventory.deployments(true, tx)).find((one) => one.place === place);
  if (!now) return [];
  await inventory.deploy(tx, place, clock.nowIso(), null);
  return [newEvent('version-withdrawn', { actor, subject: place, data: { digest: now.digest, why } })];
}

/** What served there serves no more, and what was told of it is no longer told. */
const endInventory: End = async (control, tx, actor, name) => {
  const { inventory } = control.installation.store;
  const place = `system:${name}`;
  const untold = assetFactsSchema.parse({});
  const events = await endServing(control, tx, actor, name, WHY);
  await inventory.retire(tx, name);
  const asset = await inventory.asset('system', name, tx);
  if (asset && JSON.stringify({ ...asset, ...untold }) !== JSON.stringify(asset)) {
    await inventory.putAsset(tx, { ...asset, ...untold, updatedAt: clock.nowIso() });
    events.push(newEvent('asset-changed', { actor, subject: place, data: { owner: null, why: WHY } }));
  }
  return events;
};
