import type { IntegrationKind } from '@sallyport/core';
import type { ThirdParty } from './third-parties.ts';

/** Manifests of one party that wait to be let go, at most. */
export const REPLACED_MAX = 8;

/** What of a manifest that a proposal replaces stays closed until somebody approves that. */
export interface Replaced {
  readonly kind: IntegrationKind;
  readonly origins: readonly string[];
  readonly systems: readonly string[];
  readonly status: ThirdParty['status'];
  /** Why it was stopped; empty where it was not. */
  readonly why: string;
  readonly approvedAt: string | null;
}

/** A proposal takes nothing away, where none is needed: what it replaces does, or earlier versions kept nothing of that. */
export const isMereProposal = ({ status, approvedAt, replaces }: ThirdParty): boolean =>
  status === 'proposed' && (approvedAt === null || replaces.length > 0);

/** Why one that is not live is not, in words. */
export const stateWords = (status: ThirdParty['status'], why: string): string =>
  status === 'proposed'
    ? 'it waits for approval'
    : status === 'approved'
      ? 'its approval expired'
      : `it is ${status}${why ? `: ${why}` : ''}`;

/** What another proposal for a party has to keep: what was approved or stopped, and was not let go. */
export function replacedBy(known: ThirdParty): readonly Replaced[] {
  if (isMereProposal(known)) return known.replaces;
  const { kind, manifest, status, why, approvedAt } = known;
  const own = { kind, origins: manifest.origins, systems: manifest.systems, status, why, approvedAt };
  const what = (one: Replaced): string => JSON.stringify([one.kind, one.origins, one.systems]);
  return [...known.replaces.filter((one) => what(one) !== what(own)), own];
}

/** Parties, and before each what it replaces, as parties that are closed. */
export const withReplaced = (parties: readonly ThirdParty[]): ThirdParty[] =>
  parties.flatMap((party) => [
    ...party.replaces.map(({ origins, systems, status, why, ...rest }): ThirdParty => {
      const isStopped = status === 'suspended' || status === 'ended';
      return {
        ...party,
        ...rest,
        manifest: { ...party.manifest, origins: [...origins], systems: [...systems] },
        status: isStopped ? status : 'proposed',
        why: isStopped ? `${why ? `${why}; ` : ''}${stateWords('proposed', '')}` : '',
        live: false,
        replaces: [],
      };
    }),
    party,
  ]);
