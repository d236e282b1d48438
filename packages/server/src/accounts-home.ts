import { Accounts, type SecretBox } from '@sallyport/access';
import { open, seal, sealingKey } from '@sallyport/vault';
import { handsOnUntilMs } from './authorisation/handing-on.ts';
import type { Control } from './control.ts';
import type { Installation } from './installation.ts';

/** Seals secrets of people, such as those of authenticator apps, under a data key of their own. */
function secretBox({ dataKeys }: Installation): SecretBox {
  return {
    seal: (context, plain) => {
      const key = sealingKey(dataKeys.ofUse('people', 'always'));
      return Buffer.from(seal(key, context, plain)).toString('base64');
    },
    open: (context, sealed) => {
      const bytes = Buffer.from(sealed, 'base64');
      return open(dataKeys.ofUse('people', 'always').key, context, bytes);
    },
  };
}

/** The accounts of an installation. */
export function openAccounts(control: Control): Accounts {
  const { installation } = control;
  return new Accounts({
    store: installation.store,
    secrets: secretBox(installation),
    roles: () => control.snapshots.policies.roles,
    decidingRoles: () => control.snapshots.policies.rolesThatMay('Person', ['decide-reviews']),
    handsOnUntilMs: (handed, tx) => handsOnUntilMs(control, handed, tx),
    settings: () => {
      const { idleMinutes, sessionHours, breachedPasswords, groupRoles, provisionedPeople, workloads } =
        control.config.access;
      return {
        idleMs: idleMinutes * 60_000,
        sessionMs: sessionHours * 3_600_000,
        breachList: breachedPasswords,
        groupRoles,
        provisionedMax: provisionedPeople,
        jobRules: workloads.length,
      };
    },
  });
}
