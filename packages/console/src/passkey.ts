import {
  type PublicKeyCredentialCreationOptionsJSON,
  type PublicKeyCredentialRequestOptionsJSON,
  startAuthentication,
  startRegistration,
} from '@simplewebauthn/browser';
import type { PasskeyRequest } from './accounts.ts';

/** What the browser says when somebody changed their mind, or has no passkey for this site. */
const words = (fault: unknown): Error =>
  fault instanceof Error && fault.name === 'NotAllowedError'
    ? new Error('the browser gave no passkey: none is here for this site, or the question was dismissed')
    : fault instanceof Error && fault.name === 'InvalidStateError'
      ? new Error('this device holds a passkey for your account already')
      : new Error(
          `the browser can use no passkey here (${fault instanceof Error ? fault.name : 'unknown'}): it needs a secure address that is a name, not a number`,
        );

/** Makes a passkey. @throws Error in words */
export async function createPasskey({
  ticket,
  options,
}: PasskeyRequest): Promise<{ ticket: string; passkey: unknown }> {
  try {
    const optionsJSON = options as unknown as PublicKeyCredentialCreationOptionsJSON;
    return { ticket, passkey: await startRegistration({ optionsJSON }) };
  } catch (fault) {
    throw words(fault);
  }
}

/** Signs with a passkey. @throws Error in words */
export async function signWithPasskey({
  ticket,
  options,
}: PasskeyRequest): Promise<{ ticket: string; passkey: unknown }> {
  try {
    const optionsJSON = options as unknown as PublicKeyCredentialRequestOptionsJSON;
    return { ticket, passkey: await startAuthentication({ optionsJSON }) };
  } catch (fault) {
    throw words(fault);
  }
}
