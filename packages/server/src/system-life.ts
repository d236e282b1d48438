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
  if ((await control.installation.store.holds.systems()).has(name))
    throw new CodedError('conflict', `a legal hold stands on \`${name}\`; an administrator lifts it first`);
  const judged = (await control.systems()).find(
    (one) => one.name !== name && one.config.judge?.system === name,
  );
  if (judged)
    throw new CodedError('conflict', `\`${name}\` judges calls to \`${judged.name}\`; change that first`);
}

/** Writes what was decided in a transaction. @returns what is to be recorded */
type Ending = (tx: Connection) => Promise<SallyportEvent[]>;

/**
 * Ends everything that points to a system by its name: another that is made under that name later is another system, and
 * nothing of the first opens it. What slips in between reading and writing is ended when the name is taken again.
 * @returns what does so in the transaction that removes the system, or makes the next
 */
export async function endBound(control: Control, actor: string, name: string): Promise<Ending> {
  const endings = await Promise.all(
    [endKeys, endGrants, endManifests, endServing].map((end) => end(control, actor, name)),
  );
  return async (tx) => {
    const events: SallyportEvent[] = [];
    for (const end of endings) events.push(...(await end(tx)));
    return events;
  };
}

/** Keys that open this system alone are revoked, and are keys of no other; others open what is left. */
async function endKeys({ installation }: Control, actor: string, name: string): Promise<Ending> {
  const { keys } = installation.store;
  const bound = (await keys.list()).filter(({ systems }) => systems.includes(name));
  return async (tx) => {
    const events: SallyportEvent[] = [];
    for (const { id, systems, program, demo, revokedAt } of bound) {
      const left = systems.filter((one) => one !== name);
      const about = { actor, subject: `key:${id}`, demo };
      await keys.narrow(tx, id, left.length > 0 || program !== null ? left : [removedName(name)]);
      if (revokedAt !== null) continue;
      if (left.length > 0 || program !== null) {
        events.push(
          newEvent('key-narrowed', { ...about, data: { systems: left, reason: WHY, system: name } }),
        );
      } else {
        await keys.revoke(tx, id, clock.nowIso());
        events.push(newEvent('key-revoked', { ...about, data: { reason: WHY, system: name } }));
      }
    }
    return events;
  };
}

/** Roles that were held on it are taken away. */
async function endGrants({ accounts, installation }: Control, actor: string, name: string): Promise<Ending> {
  return async (tx) => {
    const held = await installation.store.people.grants(clock.nowIso(), undefined, tx);
    const events: SallyportEvent[] = [];
    for (const { id, holder, system } of held)
      if (system === name) events.push(...(await accounts.directory.takeAway(tx, actor, holder, id, WHY)));
    return events;
  };
}

/** Manifests of third parties name it no more; one that named nothing else ends. */
async function endManifests({ installation }: Control, actor: string, name: string): Promise<Ending> {
  const { integrations } = installation.store;
  const rows = await integrations.list();
  return async (tx) => {
    const events: SallyportEvent[] = [];
    for (const row of rows) {
      const manifest = JSON.parse(row.manifest) as { systems: string[] };
      if (!manifest.systems.includes(name) || row.status === 'ended') continue;
      const systems = manifest.systems.filter((one) => one !== name);
      // One that is suspended stays so: another name for the same place must not be free of it.
      const ends = systems.length === 0 && (row.status === 'approved' || row.approvedAt === null);
      await integrations.put(tx, {
        ...row,
        manifest: JSON.stringify({ ...manifest, systems }),
        ...(ends ? { status: 'ended' as const, why: WHY } : {}),
      });
      const about = { actor, subject: `integration:${row.name}`, data: { systems, why: WHY, system: name } };
      events.push(newEvent(ends ? 'integration-ended' : 'integration-narrowed', about));
    }
    return events;
  };
}

/** What served there serves no more, and what was told of it is no longer told. */
async function endServing({ installation }: Control, actor: string, name: string): Promise<Ending> {
  const { inventory } = installation.store;
  const place = `system:${name}`;
  const now = (await inventory.deployments(true)).find((one) => one.place === place);
  const untold = assetFactsSchema.parse({});
  return async (tx) => {
    const events: SallyportEvent[] = [];
    if (now) {
      await inventory.deploy(tx, place, clock.nowIso(), null);
      const data = { digest: now.digest, why: WHY };
      events.push(newEvent('version-withdrawn', { actor, subject: place, data }));
    }
    await inventory.retire(tx, name);
    const asset = await inventory.asset('system', name, tx);
    if (asset && JSON.stringify({ ...asset, ...untold }) !== JSON.stringify(asset)) {
      await inventory.putAsset(tx, { ...asset, ...untold, updatedAt: clock.nowIso() });
      events.push(newEvent('asset-changed', { actor, subject: place, data: { owner: null, why: WHY } }));
    }
    return events;
  };
}
