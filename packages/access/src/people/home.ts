import { CodedError } from '@sallyport/core';
import { ADMINISTRATOR_ROLE, UNPRIVILEGED_ROLE } from '@sallyport/policy';
import type { GrantRow, Store } from '@sallyport/store';
import type { HashCost } from '../factors/password.ts';
import { LEVEL } from './strength.ts';

/** Seals small secrets of people. Port: the vault does it. */
export interface SecretBox {
  /** @param context what it is, bound to the result @returns text */
  seal(context: string, plain: Uint8Array): string;
  /** @throws CodedError `sealed-content-unreadable` */
  open(context: string, sealed: string): Uint8Array;
}

/** What an organisation decides about accounts. */
export interface AccessSettings {
  /** How long a session lives while nobody does anything, in milliseconds. */
  readonly idleMs: number;
  /** How long a session lives at most, in milliseconds. */
  readonly sessionMs: number;
  /** File of breached passwords. */
  readonly breachList?: string | undefined;
  /** Roles of groups that an identity provider keeps here, by the name of the group: `operator@chat`. */
  readonly groupRoles?: Readonly<Record<string, readonly string[]>>;
  /** What a hash of a password costs; what is right for production when absent. */
  readonly hashCost?: HashCost;
}

/** Where accounts live. */
export interface AccessHome {
  readonly store: Store;
  readonly secrets: SecretBox;
  settings(): AccessSettings;
  /** Roles that some policy speaks of. */
  roles(): ReadonlySet<string>;
}

/** Where somebody signs in from. */
export interface From {
  /** Address of the client, proxies that are trusted left out. */
  readonly address: string;
  /** What the browser says it is. */
  readonly agent: string;
  /** Token of the device, when the browser has one. */
  readonly device: string | null;
}

/** Level that somebody with these grants needs to do anything. */
export function levelNeeded(grants: readonly Pick<GrantRow, 'role'>[]): number {
  if (grants.some(({ role }) => role === ADMINISTRATOR_ROLE)) return LEVEL.resistant;
  return grants.some(({ role }) => role !== UNPRIVILEGED_ROLE) ? LEVEL.two : LEVEL.one;
}

/** Lower case and without blanks around, as names are kept. @throws CodedError `request-invalid` */
export function personName(name: string): string {
  const own = name.trim().toLowerCase();
  if (!/^[\w.@+-]{1,64}$/.test(own))
    throw new CodedError('request-invalid', 'the name must be 1 to 64 letters, digits or . _ @ + -');
  return own;
}
