import { type IntegrationSnapshot, isSameDestination } from '@sallyport/core';
import { outsideManifest } from './manifest.ts';
import { isMereProposal, stateWords, withReplaced } from './standing.ts';
import type { ThirdParty } from './third-parties.ts';

/** Whether two URLs lead to one place. */
export type SamePlace = (one: string, other: string) => boolean;

/** One place by the same protocol: what an approver saw of its certificate holds. */
const isSameOrigin = (one: string, other: string): boolean =>
  new URL(one).protocol === new URL(other).protocol &&
  isSameDestination(new URL(one).origin, new URL(other).origin);

/** Whether a third party is one that a URL could lead to under another name than its manifest says. */
const isVendor = (party: ThirdParty): boolean => {
  const { kind, approvedAt, status, manifest } = party;
  return (
    kind === 'vendor-model' &&
    !isMereProposal(party) &&
    // Of a proposal that was turned down nothing follows for other systems there.
    (approvedAt !== null || status === 'suspended') &&
    // One whose last system was removed while nothing was wrong with it says nothing of others.
    (status !== 'ended' || manifest.systems.length > 0)
  );
};

/** Places of vendors to whom nothing may go now, whatever leads there. */
export const closedVendors = (
  parties: readonly ThirdParty[],
): { readonly url: string; readonly why: string }[] =>
  withReplaced(parties)
    .filter((one) => isVendor(one) && !one.live)
    .flatMap(({ manifest, name, status, why }) =>
      manifest.origins.map((url) => ({ url, why: `\`${name}\`: ${stateWords(status, why)}` })),
    );

/** The vendor to whom a URL leads by its manifest, under whichever name the system there goes: the one that is live, if any is. */
function behindOrigin(
  parties: readonly ThirdParty[],
  urls: readonly string[],
  isSamePlace: SamePlace,
): ThirdParty | undefined {
  const there = parties.filter(
    (one) =>
      isVendor(one) && one.manifest.origins.some((origin) => urls.some((url) => isSamePlace(origin, url))),
  );
  return there.find(({ live }) => live) ?? there[0];
}

/**
 * The third party behind a system, as the gateway sees it; null where there is none and none is needed.
 * @param system its name, where it is called and what goes through it
 * @param required whether a system elsewhere needs a manifest
 * @param isSamePlace whether two URLs lead to one place
 */
export function behindSystem(
  parties: readonly ThirdParty[],
  system: {
    readonly name: string;
    readonly urls: readonly string[];
    readonly dataClasses: readonly string[];
  },
  required: boolean,
  isSamePlace: SamePlace = isSameDestination,
): IntegrationSnapshot | null {
  const refusing = (name: string, refusal: string): IntegrationSnapshot => ({
    name,
    refusal,
    expiresAtMs: Number.POSITIVE_INFINITY,
    scope: {},
    certificate: 'key',
    certificates: {},
  });
  const all = withReplaced(parties);
  const own = all.filter(
    (one) =>
      one.kind === 'vendor-model' &&
      one.manifest.systems.includes(system.name) &&
      (required || !isMereProposal(one)),
  );
  const one =
    own.find(({ live }) => live) ??
    own[0] ??
    (required ? undefined : behindOrigin(all, system.urls, isSamePlace));
  if (!one) return required ? refusing('', 'no manifest of a vendor names this system') : null;
  if (!one.live) return refusing(one.name, stateWords(one.status, one.why));
  for (const url of system.urls) {
    const { origin } = new URL(url);
    const outside = outsideManifest(one.manifest, {
      origin: one.manifest.origins.find((named) => isSameOrigin(named, url)) ?? origin,
      // One that the manifest does not name is there as another name of one that it does.
      system: own.includes(one) ? system.name : undefined,
      dataClasses: system.dataClasses,
    });
    if (outside !== null) return refusing(one.name, `its manifest does not name ${outside}`);
  }
  const { models, operations, certificate } = one.manifest;
  return {
    name: one.name,
    refusal: null,
    expiresAtMs: Date.parse(one.expiresAt),
    scope: { models, operations },
    certificate,
    // By the origins as the system spells them: what is approved of a place holds for each spelling.
    certificates: Object.fromEntries(
      system.urls.flatMap((url) => {
        const seen = Object.entries(one.seen.certificates).find(([origin]) => isSameOrigin(origin, url))?.[1];
        return seen ? [[new URL(url).origin, seen]] : [];
      }),
    ),
  };
}
