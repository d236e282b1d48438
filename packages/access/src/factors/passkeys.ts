import { CodedError } from '@sallyport/core';
import type {
  AuthenticationResponseJSON,
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
  RegistrationResponseJSON,
} from '@simplewebauthn/server';

/** The site that passkeys are for. */
export interface RelyingParty {
  /** Host name of the console. */
  readonly id: string;
  /** Scheme, host and port of the console. */
  readonly origin: string;
}

/** What is kept of a passkey. */
export interface StoredPasskey {
  /** COSE public key, base64url. */
  readonly publicKey: string;
  readonly transports: readonly string[];
  /** Kind of authenticator, as it says of itself. */
  readonly aaguid: string;
  /** Whether copies of it are kept elsewhere, such as with a platform. */
  readonly backedUp: boolean;
}

// Loaded when somebody first uses a passkey: nothing else needs it.
const library = () => import('@simplewebauthn/server');

/** What a browser is asked to make. The challenge in it works once. */
export async function passkeyCreation(
  site: RelyingParty,
  person: { readonly id: string; readonly name: string; readonly displayName: string },
  known: readonly string[],
): Promise<PublicKeyCredentialCreationOptionsJSON> {
  const { generateRegistrationOptions } = await library();
  return generateRegistrationOptions({
    rpName: 'Sallyport',
    rpID: site.id,
    userID: new Uint8Array(Buffer.from(person.id)),
    userName: person.name,
    userDisplayName: person.displayName,
    attestationType: 'none',
    excludeCredentials: known.map((id) => ({ id })),
    authenticatorSelection: { residentKey: 'preferred', userVerification: 'required' },
  });
}

/**
 * Checks what a browser made (WebAuthn Level 3, section 7.1): this challenge, this origin, this site, and that the
 * authenticator verified its user.
 * @throws CodedError `factor-invalid`
 */
export async function verifyCreation(
  site: RelyingParty,
  challenge: string,
  response: RegistrationResponseJSON,
): Promise<{ handle: string; counter: number; passkey: StoredPasskey }> {
  const { verifyRegistrationResponse } = await library();
  const result = await verifyRegistrationResponse({
    response,
    expectedChallenge: challenge,
    expectedOrigin: site.origin,
    expectedRPID: site.id,
    requireUserVerification: true,
  }).catch(refuse);
  if (!result.verified) throw new CodedError('factor-invalid', 'the passkey does not verify');
  const { credential, aaguid, credentialBackedUp } = result.registrationInfo;
  return {
    handle: credential.id,
    counter: credential.counter,
    passkey: {
      publicKey: Buffer.from(credential.publicKey).toString('base64url'),
      transports: credential.transports ?? [],
      aaguid,
      backedUp: credentialBackedUp,
    },
  };
}

/**
 * What a browser is asked to sign.
 * @param allowed credential ids; any passkey of the site when empty @param challenge by chance when absent
 */
export async function passkeyRequest(
  site: RelyingParty,
  allowed: readonly string[] = [],
  challenge?: Uint8Array,
): Promise<PublicKeyCredentialRequestOptionsJSON> {
  const { generateAuthenticationOptions } = await library();
  return generateAuthenticationOptions({
    rpID: site.id,
    userVerification: 'required',
    allowCredentials: allowed.map((id) => ({ id })),
    ...(challenge === undefined ? {} : { challenge: new Uint8Array(challenge) }),
  });
}

/**
 * Checks a signature of a passkey (WebAuthn Level 3, section 7.2).
 * @returns its signature counter @throws CodedError `factor-invalid`
 */
export async function verifyPasskey(
  site: RelyingParty,
  challenge: string,
  response: AuthenticationResponseJSON,
  stored: StoredPasskey & { readonly handle: string; readonly counter: number },
): Promise<number> {
  const { verifyAuthenticationResponse } = await library();
  const result = await verifyAuthenticationResponse({
    response,
    expectedChallenge: challenge,
    expectedOrigin: site.origin,
    expectedRPID: site.id,
    requireUserVerification: true,
    credential: {
      id: stored.handle,
      publicKey: new Uint8Array(Buffer.from(stored.publicKey, 'base64url')),
      counter: stored.counter,
    },
  }).catch(refuse);
  if (!result.verified) throw new CodedError('factor-invalid', 'the passkey does not verify');
  return result.authenticationInfo.newCounter;
}

/** Words of the library say what did not match, and hold nothing secret. */
function refuse(fault: unknown): never {
  const words = fault instanceof Error ? fault.message.split('\n')[0]!.slice(0, 200) : 'unreadable';
  throw new CodedError('factor-invalid', `the passkey does not verify: ${words}`);
}
