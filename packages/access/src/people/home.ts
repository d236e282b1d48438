import { hash } from 'node:crypto';
import { CodedError, PERSON_NAME_MARKS, PERSON_NAME_MAX } from '@sallyport/core';
import { ADMINISTRATOR_ROLE, UNPRIVILEGED_ROLE } from '@sallyport/policy';
import type { Connection, GrantRow, Store } from '@sallyport/store';
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
  /** People whom a provider may keep here by SCIM; no limit when absent. */
  readonly provisionedMax?: number;
  /** Rules for jobs of platforms that the configuration has; 1 when absent. */
  readonly jobRules?: number;
  /** What a hash of a password costs; what is right for production when absent. */
  readonly hashCost?: HashCost;
}

/** What lets another into an account: a set-up link, or a link to a subject of the provider. */
export interface HandedOn {
  /** The actor who made it. */
  readonly maker: string;
  readonly personId: string;
  /** Where it was made from. */
  readonly address: string;
  /** Whether the account was added together with it: no one was in it before. */
  readonly added: boolean;
}

/** Where accounts live. */
export interface AccessHome {
  readonly store: Store;
  readonly secrets: SecretBox;
  settings(): AccessSettings;
  /** Roles that some policy speaks of. */
  roles(): ReadonlySet<string>;
  /** Roles with which a person may decide on reviews. */
  decidingRoles(): ReadonlySet<string>;
  /** Until when its maker may let others into an account, in milliseconds; 0 where they may not now. Asked at each use. */
  handsOnUntilMs(handed: HandedOn, tx?: Connection): Promise<number>;
}

/** Where somebody signs in from. */
export interface From {
  /** Address of the client, proxies that are trusted left out. */
  readonly address: string;
  /** What the browser says it is. */
  readonly agent: string;
  /** Token of the device, when the browser has one. */
  readonly device: string | null;
  /** Hash of what the page holds that signs in, when it is a page. */
  readonly page?: string | null;
}

/** Level that somebody with these grants needs to do anything. */
export function levelNeeded(grants: readonly Pick<GrantRow, 'role'>[]): number {
  if (grants.some(({ role }) => role === ADMINISTRATOR_ROLE)) return LEVEL.resistant;
  return grants.some(({ role }) => role !== UNPRIVILEGED_ROLE) ? LEVEL.two : LEVEL.one;
}

/** What names to sign in with are made of at providers: an address at most, with the marks of guests. */
const PERSON_NAME = new RegExp(`^[A-Za-z0-9${PERSON_NAME_MARKS}]{1,${PERSON_NAME_MAX}}$`);

/**
 * Lower case and without blanks around, as names are kept. Letters are those of ASCII: two names that look alike, or that
 * become the same in another spelling, cannot both be there.
 * @throws CodedError `request-invalid`
 */
export function personName(name: string): string {
  const own = name.trim();
  // What begins like an id would be taken for one, or for somebody who was removed.
  if (!PERSON_NAME.test(own) || /^(?:removed-)?per_/i.test(own))
    throw new CodedError(
      'request-invalid',
      `the name to sign in with must be 1 to ${PERSON_NAME_MAX} letters without accents, digits or . _ @ + - ' ! # ^ ~, without spaces, and not begin like an id (per_)`,
    );
  return own.toLowerCase();
}

/** The first name that may be one here, of those that a provider knows; else one made from its subject. */
export function providedName(names: readonly string[], externalId: string): string {
  for (const name of names)
    try {
      return personName(name);
    } catch {
      // The next may be.
    }
  return `sso-${hash('sha256', externalId, 'hex').slice(0, 16)}`;
}

/** Longest name that is shown. */
const SHOWN_CHARACTERS_MAX = 128;

/** A name as it is shown: without characters that are not seen or that turn the text round. */
export const shownName = (text: string): string =>
  text
    .normalize('NFC')
    .replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, '')
    .trim()
    .slice(0, SHOWN_CHARACTERS_MAX);
