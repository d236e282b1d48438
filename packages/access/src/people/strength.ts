import { CodedError } from '@sallyport/core';
import type { FactorKind, SessionRow } from '@sallyport/store';

/** Levels of a session: one factor, two, one that resists phishing. */
export const LEVEL = { one: 1, two: 2, resistant: 3 } as const;

/**
 * The order of strength: the level that a factor gives together with what comes before it. Recovery codes stand in for
 * an authenticator app and can be phished like its codes; what cannot is a passkey.
 */
const LEVEL_OF: Readonly<Record<FactorKind, number>> = {
  'recovery-code': LEVEL.two,
  totp: LEVEL.two,
  passkey: LEVEL.resistant,
};

/** How long a proof counts as fresh, in milliseconds; as in `safeguards.cedar`. */
export const FRESH_MS = 5 * 60_000;

/** Level of the strongest of some factors; that of a password, or of the word of a provider, where there is none. */
export const strongest = (kinds: Iterable<FactorKind>): number =>
  Math.max(LEVEL.one, ...[...kinds].map((kind) => LEVEL_OF[kind]));

/**
 * What proves the person of a session again: not less than the session was proven with, or a weaker proof would pass for
 * a stronger one. Only the first session is taken for more than any factor gave it.
 */
export const levelToProve = ({ level, methods }: SessionRow, kinds: Iterable<FactorKind>): number =>
  methods.includes('set-up-link') ? Math.min(level, strongest(kinds)) : level;

/**
 * Factors and passwords change only for whoever has just proven the strongest factor that is enrolled: a code that was
 * phished never becomes a passkey of somebody who has one.
 * @param kinds that are enrolled
 * @throws CodedError `proof-needed`
 */
export function requireStrongest(session: SessionRow, kinds: Iterable<FactorKind>, nowMs: number): void {
  if (session.level < strongest(kinds))
    throw new CodedError(
      'proof-needed',
      strongest(kinds) === LEVEL.resistant
        ? 'your account has a passkey: prove with it that it is you'
        : 'your account has a second factor: prove with it that it is you',
    );
  if (!(nowMs - Date.parse(session.provenAt) <= FRESH_MS)) throw new CodedError('proof-needed');
}
