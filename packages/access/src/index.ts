/**
 * Who somebody is, and what they hold: API keys of programs; passwords, passkeys, authenticator apps, recovery codes,
 * sessions and roles of people.
 *
 * Call first: {@link issueKey} and {@link KeyRing} for programs, {@link Accounts} for people.
 * Do not trust it with: what somebody may do. That is `policy`.
 */
export { addressBlock, TrustedProxies } from './address.ts';
export { type IssuedKey, issueKey, KEY_PATTERN, KeyRing, type KeyVerdict } from './api-key.ts';
export { type ClientCertificate, clientCertificate, tlsServerOptions } from './client-certificate.ts';
export type { RelyingParty } from './factors/passkeys.ts';
export { PASSWORD_CHARACTERS_MIN } from './factors/password.ts';
export { behindSystem, closedVendors, type SamePlace } from './integrations/behind-system.ts';
export { type EgressCall, type Seen, type ToolDefinition, toolDigest } from './integrations/manifest.ts';
export {
  type EgressDecision,
  type Observe,
  ThirdParties,
  type ThirdParty,
} from './integrations/third-parties.ts';
export { outsideScope, type ScopedCall } from './key-scope.ts';
export { LISTENER_OPTIONS, Listener } from './listener.ts';
export { connectionsWithin, openFilesMax, openFilesState } from './open-files.ts';
export { Accounts } from './people/accounts.ts';
export { BREAK_GLASS_MINUTES_MAX } from './people/break-glass.ts';
export type { PersonView } from './people/directory.ts';
export type { Proof } from './people/factors.ts';
export type { NewGrant } from './people/grants.ts';
export {
  type AccessHome,
  type AccessSettings,
  type From,
  type HandedOn,
  levelNeeded,
  type SecretBox,
} from './people/home.ts';
export type { Begun, Who } from './people/sessions.ts';
export { LEVEL } from './people/strength.ts';
export { countAccounts } from './people/unused.ts';
export type { KnownProgram, ProgramView } from './programs.ts';
export type { ReviewView } from './reviews/reviews.ts';
export { type Decided, itemsDigest } from './reviews/statement.ts';
export type { KnownUser, ProvisionedGroup, ProvisionedUser } from './sign-on/provisioner.ts';
export type { ProviderSettings } from './sign-on/sign-on.ts';
export type { WorkloadRule } from './sign-on/workloads.ts';
export { newToken, tokenHash } from './token.ts';
