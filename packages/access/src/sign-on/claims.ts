import { isStorable } from '@sallyport/core';
import type { NewGrant } from '../people/grants.ts';
import type { Proven } from '../people/sessions.ts';
import { LEVEL } from '../people/strength.ts';

/** What a token of a provider says: any JSON, whatever a standard asks for. */
export type Claims = Readonly<Record<string, unknown>>;

/** Longest subject or session of a provider, in characters (OpenID Connect Core 1.0, section 2). */
const ID_CHARACTERS_MAX = 255;
const TEXT_CHARACTERS_MAX = 254;
const GROUPS_MAX = 2_000;
/** How far the clock of a provider may differ from ours, in seconds. */
export const SKEW_S = 60;
/** Ways of proving oneself that resist phishing: RFC 8176, and the ACR values of OpenID's EAP profile. */
const RESISTANT = ['hwk', 'phr', 'phrh'];
const TWO = ['mfa', 'otp', 'mca'];

/** An id as it is, or null where it is none. It is never cut or replaced: two that differ in one character are two. */
export const idOf = (said: unknown): string | null =>
  typeof said === 'string' && said !== '' && said.length <= ID_CHARACTERS_MAX && isStorable(said)
    ? said
    : null;

/** A text for people to read. */
export const textOf = (said: unknown): string | undefined =>
  typeof said === 'string' && said !== '' && isStorable(said)
    ? said.slice(0, TEXT_CHARACTERS_MAX).toWellFormed()
    : undefined;

/** Texts of a list. What stands there otherwise is none: as a text it could say something else. */
const textsOf = (said: unknown): string[] =>
  (Array.isArray(said) ? said : []).filter((one) => typeof one === 'string');

/** The session at the provider, or null where it names none. */
export function sessionOf({ iss, sid }: Claims): string | null {
  const id = idOf(sid);
  return id === null ? null : `${String(iss)}|${id}`;
}

/** When the provider says that it last asked somebody, in milliseconds; long ago where it does not say, or says what is to come. */
export const provenAt = (said: unknown, nowMs: number): number =>
  typeof said === 'number' && said > 0 && said * 1_000 <= nowMs + SKEW_S * 1_000 ? said * 1_000 : 0;

/** How strongly the provider says that somebody was proven. */
export function provenBy({ amr, acr }: Claims): Proven {
  const said = [...textsOf(amr), ...textsOf([acr])];
  if (said.some((one) => RESISTANT.includes(one)))
    return { level: LEVEL.resistant, methods: ['provider', 'provider-passkey'] };
  if (said.some((one) => TWO.includes(one)))
    return { level: LEVEL.two, methods: ['provider', 'provider-mfa'] };
  return { level: LEVEL.one, methods: ['provider'] };
}

/** The roles of somebody's groups: names, or numbers that are names. @param roles of each group */
export function grantsOf(claim: unknown, roles: Readonly<Record<string, readonly string[]>>): NewGrant[] {
  const groups = (Array.isArray(claim) ? claim : [claim])
    .slice(0, GROUPS_MAX)
    .flatMap((group) => (typeof group === 'string' || typeof group === 'number' ? [String(group)] : []));
  const texts = new Set(groups.flatMap((group) => (Object.hasOwn(roles, group) ? roles[group]! : [])));
  return [...texts].map((text) => {
    const [role = '', system] = text.split('@');
    return { role, system };
  });
}
