import { CodedError } from '@sallyport/core';
import type { JWTPayload, JWTVerifyGetKey, JWTVerifyOptions } from 'jose';
import type { Fetch, ProviderSettings } from './sign-on.ts';

/** What a provider signs with keys of its own, which it publishes. */
const BY_KEY = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];
/** What it signs with the secret that it shares with its client (OpenID Connect Core 1.0, section 10.1). */
const BY_SECRET = ['HS256', 'HS384', 'HS512'];

/** What of a provider's metadata names its tokens. */
export interface TokenMaker {
  readonly issuer: string;
  readonly jwks_uri?: string | undefined;
}

const library = () => import('jose');

/** Checks that tokens are of an identity provider. */
export class ProviderKeys {
  // Kept, so that tokens that do not verify do not each ask the provider for its keys.
  #known: { uri: string; keys: JWTVerifyGetKey } | null = null;

  async #keys(uri: string, fetchSafely: Fetch): Promise<JWTVerifyGetKey> {
    if (!URL.canParse(uri))
      throw new CodedError('sign-on-failed', 'the identity provider does not say where its keys are');
    if (this.#known?.uri !== uri) {
      const { createRemoteJWKSet, customFetch } = await library();
      const keys = createRemoteJWKSet(new URL(uri), { [customFetch]: fetchSafely as never });
      this.#known = { uri, keys };
    }
    return this.#known.keys;
  }

  /**
   * What a token says that a provider signed for this client.
   * @param asked what the token must be besides @throws Error of the library, CodedError `sign-on-failed`
   */
  async signedBy(
    { issuer, jwks_uri = '' }: TokenMaker,
    { clientId }: ProviderSettings,
    fetchSafely: Fetch,
    token: string,
    asked: JWTVerifyOptions,
  ): Promise<JWTPayload> {
    const { jwtVerify } = await library();
    const common = { issuer, audience: clientId, algorithms: BY_KEY };
    return (await jwtVerify(token, await this.#keys(jwks_uri, fetchSafely), { ...common, ...asked })).payload;
  }

  /**
   * Requires that the provider signed an ID token: what came over TLS may have come through a proxy that ends it.
   * What the token says was checked before, but not that no other client is named (section 3.1.3.7).
   * @throws Error of the library, CodedError `sign-on-failed`
   */
  async requireSigned(
    maker: TokenMaker,
    settings: ProviderSettings,
    fetchSafely: Fetch,
    token: string,
    asked: JWTVerifyOptions,
  ): Promise<void> {
    const { decodeProtectedHeader, jwtVerify } = await library();
    const { alg = '' } = decodeProtectedHeader(token);
    const { clientSecret, clientId } = settings;
    const { azp } =
      clientSecret !== null && BY_SECRET.includes(alg)
        ? (await jwtVerify(token, Buffer.from(clientSecret), { ...asked, algorithms: BY_SECRET })).payload
        : await this.signedBy(maker, settings, fetchSafely, token, asked);
    if (azp !== undefined && azp !== clientId)
      throw new CodedError('sign-on-failed', 'the identity provider speaks to another client');
  }
}
