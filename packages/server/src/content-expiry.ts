import { CodedError, clock, newEvent, newId, type SallyportEvent } from '@sallyport/core';
import type { HoldRow } from '@sallyport/store';
import type { Control } from './control.ts';
import { dayBefore, keptDays } from './kept-days.ts';

/** Keys that one event names: an entry of the log is short. */
const KEYS_PER_EVENT_MAX = 256;
const REASON_CHARACTERS_MAX = 500;

const PURPOSE = 'system:';

/**
 * Destroys the data keys of days whose content may not be read any longer, system by system; those on hold stay. The
 * record of the calls stays whole.
 */
export async function expireContent(control: Control): Promise<void> {
  const { config, installation } = control;
  const { dataKeys } = installation;
  const held = await systemsOnHold(control);
  const general = config.record.contentDays;
  const daysOf = await keptDays(control);
  // By keys: of a system that was removed, content can still be read.
  for (const purpose of new Set(dataKeys.list().map((key) => key.purpose))) {
    if (!purpose.startsWith(PURPOSE)) continue;
    const name = purpose.slice(PURPOSE.length);
    const { own, since } = daysOf(name);
    const days = own.contentDays ?? general;
    if (days === undefined || held.has(name)) continue;
    const before = dayBefore(days);
    // What was said to a system that was removed, or to an earlier one of this name, goes by the rule of all.
    const ofOthers = general === undefined ? '' : dayBefore(general);
    const over = dataKeys
      .list()
      .filter(
        (key) =>
          key.purpose === purpose &&
          key.day < before &&
          (key.day < ofOthers || (since !== null && key.day >= since)),
      );
    if (over.length === 0) continue;
    const from = over.reduce((first, { day }) => (day < first ? day : first), before);
    for (let at = 0; at < over.length; at += KEYS_PER_EVENT_MAX) {
      const ids = over.slice(at, at + KEYS_PER_EVENT_MAX).map(({ id }) => id);
      // First the intention: a crash between leaves an expiry that was recorded and is done at the next round.
      const event = newEvent('content-expired', {
        actor: 'sallyport',
        subject: purpose,
        data: { before, from, days, keys: ids.length, ids },
      });
      if (!(await announceUnheld(control, name, event))) break;
      for (const id of ids) dataKeys.destroy(id);
    }
  }
}

/**
 * Records the intention to destroy what a system's calls said, unless a legal hold that came meanwhile stands on it: one
 * that is recorded before holds.
 * @returns whether it is recorded
 */
export function announceUnheld(
  { installation: { store } }: Control,
  system: string,
  event: SallyportEvent,
): Promise<boolean> {
  return store.change(async (tx) => {
    await store.people.oneAtATime(tx);
    const isHeld = (await store.holds.systems(tx)).has(system);
    return { result: !isHeld, event: isHeld ? [] : event };
  });
}

/** Systems of which nothing is destroyed: those on hold, and those that lead to the same place under another name. */
export async function systemsOnHold(control: Control): Promise<Set<string>> {
  const held = await control.installation.store.holds.systems();
  const systems = await control.systems();
  const places = systems.filter(({ name }) => held.has(name)).flatMap(({ config }) => config.urls);
  if (places.length > 0) await control.places.look(systems.flatMap(({ config }) => config.urls));
  for (const { name, config } of systems) if (control.places.anySame(config.urls, places)) held.add(name);
  return held;
}

/** Places a legal hold on a system. @throws CodedError `system-unknown`, `request-invalid` */
export async function placeHold(
  control: Control,
  actor: string,
  system: string,
  reason: string,
): Promise<HoldRow> {
  await control.requireNamed([system]);
  if (reason.trim() === '' || reason.length > REASON_CHARACTERS_MAX)
    throw new CodedError('request-invalid', `say why, in up to ${REASON_CHARACTERS_MAX} characters`);
  const { store } = control.installation;
  const hold = { id: newId('hld'), system, reason, placedAt: clock.nowIso(), placedBy: actor };
  await store.change(async (tx) => {
    await store.people.oneAtATime(tx);
    // Removed meanwhile, nothing of it would be held under that name.
    if (!Object.hasOwn(control.config.systems, system) && !(await store.systems.isThere(tx, system)))
      throw new CodedError('system-unknown', `no system \`${system.slice(0, 64)}\` is known`);
    await store.holds.place(tx, hold);
    const event = newEvent('hold-placed', {
      actor,
      subject: `system:${system}`,
      data: { id: hold.id, reason },
    });
    return { result: undefined, event };
  });
  return { ...hold, liftedAt: null, liftedBy: null };
}

/** Lifts a legal hold. @throws CodedError `not-found` */
export async function liftHold(control: Control, actor: string, id: string): Promise<HoldRow> {
  const { store } = control.installation;
  return store.change(async (tx) => {
    const hold = (await store.holds.list(tx)).find((one) => one.id === id);
    const at = clock.nowIso();
    if (!hold || !(await store.holds.lift(tx, id, at, actor)))
      throw new CodedError('not-found', `no hold \`${id.slice(0, 40)}\` stands`);
    return {
      result: { ...hold, liftedAt: at, liftedBy: actor },
      event: newEvent('hold-lifted', { actor, subject: `system:${hold.system}`, data: { id } }),
    };
  });
}
