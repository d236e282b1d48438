import { type AccessHome, Accounts, type From } from '@sallyport/access';
import { defaultPolicyText, PolicySet } from '@sallyport/policy';
import type { Store } from '@sallyport/store';

/** Hashes that cost little, for tests: what they protect is made up. */
export const CHEAP = { memory: 1_024, passes: 1 };
export const PASSWORD = 'correct horse battery staple';
export const SITE = { id: 'localhost', origin: 'http://localhost:8081' };

/** Accounts over a store, without a server. Secrets are sealed by nothing here. */
export function accountsOver(
  store: Store,
  settings: Partial<ReturnType<AccessHome['settings']>> = {},
): Accounts {
  const policies = PolicySet.load(defaultPolicyText());
  return new Accounts({
    store,
    roles: () => policies.roles,
    decidingRoles: () => policies.rolesThatMay('Person', ['decide-reviews']),
    handsOnUntilMs: async () => Number.POSITIVE_INFINITY,
    settings: () => ({ idleMs: 1_800_000, sessionMs: 43_200_000, hashCost: CHEAP, ...settings }),
    secrets: {
      seal: (context, plain) => `${context}|${Buffer.from(plain).toString('hex')}`,
      open: (context, sealed) => {
        const [bound, hex] = sealed.split('|');
        if (bound !== context) throw new Error(`sealed as ${bound}, opened as ${context}`);
        return Buffer.from(hex!, 'hex');
      },
    },
  });
}

let addresses = 0;

/** Where a test signs in from: another address each time, where none is given. */
export function from(address?: string, device: string | null = null): From {
  const n = addresses++;
  return { address: address ?? `10.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`, agent: 'test', device };
}
