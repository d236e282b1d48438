import { CodedError, clock, isFullDisk, newEvent, UnderWay } from '@sallyport/core';
import type { JWTPayload } from 'jose';
import type { Configuration } from 'openid-client';
import type { Directory } from '../people/directory.ts';
import type { AccessHome, From } from '../people/home.ts';
import type { Begun, PersonSessions } from '../people/sessions.ts';
import { Throttle } from '../people/throttle.ts';
import { isCanonical, newToken, tokenHash } from '../token.ts';
import { grantsOf, idOf, provenAt, provenBy, SKEW_S, sessionOf, textOf } from './claims.ts';
import { ProviderKeys } from './provider-keys.ts';
import { SignOnStates } from './states.ts';

/** How long somebody may take at the identity provider, in milliseconds. */
const STATE_MS = 10 * 60_000;
/** How long what a provider says of itself is believed without asking again, in milliseconds. */
const DISCOVERED_MS = 3_600_000;
/** A logout token is taken for this long after it was issued, in seconds. */
const LOGOUT_AGE_S = 120;
/** People who are at the provider at a time. */
const STATES_MAX = 50_000;
const LOGOUT_EVENT = 'http://schemas.openid.net/event/backchannel-logout';

/** An identity provider, as configured. */
export interface ProviderSettings {
  readonly issuer: string;
  readonly clientId: string;
  /** Null for a client that is known by PKCE alone. */
  readonly clientSecret: string | null;
  readonly scopes: readonly string[];
  /** Claim that lists groups. */
  readonly groupsClaim: string;
  /** Roles of each group: `operator`, or `operator@chat`. */
  readonly roles: Readonly<Record<string, readonly string[]>>;
  /** Lets the provider live at a private address, and at loopback without TLS. */
  readonly allowPrivate: boolean;
  /** Claim by which SCIM knows people as `externalId`. */
  readonly scimIdClaim: string;
}

/** How somebody signs on. */
export interface SignOnAsked {
  /** Where the provider sends the browser back to. */
  readonly redirectUri: string;
  /** Page that they wanted. */
  readonly next: string;
  /** Whether the provider is to ask them again, whatever it knows. */
  readonly fresh: boolean;
  /** What the page holds, hashed: the session is bound to it. */
  readonly page: string | null;
  /** Where they ask from: whoever begins too often is forgotten before others are. */
  readonly address: string;
}

/** What is fetched is fetched by this. Port: whoever wires it checks addresses. */
export type Fetch = typeof fetch;

// Loaded at the first sign-on: nothing else needs it.
const oidc = () => import('openid-client');

/** Signs people on through an identity provider (OpenID Connect Core 1.0, code flow with PKCE). */
export class SignOn {
  readonly #home: AccessHome;
  readonly #directory: Directory;
  readonly #sessions: PersonSessions;
  readonly #throttle: Throttle;
  readonly #states = new SignOnStates(STATES_MAX);
  /** The provider that is asked for its configuration now. */
  readonly #asked = new UnderWay<Configuration>();
  #known: { key: string; at: number; configuration: Configuration } | null = null;
  readonly #keys = new ProviderKeys();

  constructor(home: AccessHome, directory: Directory, sessions: PersonSessions) {
    this.#home = home;
    this.#directory = directory;
    this.#sessions = sessions;
    this.#throttle = new Throttle(home.store.tickets);
  }

  async #configuration(settings: ProviderSettings, fetchSafely: Fetch): Promise<Configuration> {
    const { issuer, clientId, clientSecret, allowPrivate } = settings;
    const secret = clientSecret === null ? null : tokenHash(clientSecret);
    const key = JSON.stringify([issuer, clientId, secret, allowPrivate]);
    if (this.#known?.key === key && clock.nowMs() - this.#known.at < DISCOVERED_MS)
      return this.#known.configuration;
    return this.#asked.of(key, () => this.#ask(key, settings, fetchSafely));
  }

  async #ask(key: string, settings: ProviderSettings, fetchSafely: Fetch): Promise<Configuration> {
    const { discovery, customFetch, clockTolerance, allowInsecureRequests, ClientSecretPost, None } =
      await oidc();
    const issuer = new URL(settings.issuer);
    const auth = settings.clientSecret === null ? None() : ClientSecretPost(settings.clientSecret);
    // Without TLS only where the address cannot leave this machine.
    const insecure = issuer.protocol === 'http:' && settings.allowPrivate && isLoopback(issuer.hostname);
    const configuration = await discovery(issuer, settings.clientId, { [clockTolerance]: SKEW_S }, auth, {
      [customFetch]: fetchSafely as never,
      ...(insecure ? { execute: [allowInsecureRequests] } : {}),
    }).catch(unreachable);
    this.#known = { key, at: clock.nowMs(), configuration };
    return configuration;
  }

  /**
   * Where a browser goes to sign on.
   * @returns the address, and a token for a cookie that binds the answer to this browser
   */
  async begin(
    settings: ProviderSettings,
    fetchSafely: Fetch,
    { redirectUri, next, fresh, page, address }: SignOnAsked,
  ): Promise<{ url: string; state: string }> {
    const configuration = await this.#configuration(settings, fetchSafely);
    const { randomPKCECodeVerifier, calculatePKCECodeChallenge, randomNonce, buildAuthorizationUrl } =
      await oidc();
    const state = newToken();
    const verifier = randomPKCECodeVerifier();
    const nonce = randomNonce();
    const now = clock.nowMs();
    const { tickets } = this.#home.store;
    const gone = this.#states.add(tokenHash(state), address, now, now + STATE_MS);
    if (gone !== null) await tickets.forget('sign-on', gone);
    // Those of before this process began, too.
    await tickets.makeRoom('sign-on', STATES_MAX);
    await tickets.put({
      hash: tokenHash(state),
      kind: 'sign-on',
      personId: null,
      data: { verifier, nonce, next, redirectUri, fresh, page },
      createdAt: new Date(now).toISOString(),
      expiresAt: new Date(now + STATE_MS).toISOString(),
    });
    const url = buildAuthorizationUrl(configuration, {
      redirect_uri: redirectUri,
      scope: settings.scopes.join(' '),
      code_challenge: await calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state,
      nonce,
      // Asked for each time, so that the provider says when it last asked somebody (OpenID Connect Core 1.0, 3.1.2.1).
      ...(fresh
        ? { max_age: '0', prompt: 'login' }
        : { max_age: String(Math.floor(this.#home.settings().sessionMs / 1_000)) }),
    });
    return { url: url.href, state };
  }

  /** Whether a page of the console began the sign-on of a state, and is to finish it. */
  async isOfPage(state: string): Promise<boolean> {
    const ticket = await this.#home.store.tickets.open('sign-on', tokenHash(state), clock.nowIso());
    return typeof ticket?.data['page'] === 'string';
  }

  /**
   * Takes the answer of the provider: its state works once, in the browser and for the page that began. Cookies are shared
   * between the ports of a host, so another program there could have its own state come back in somebody else's browser.
   * @param cookie the token that the browser kept @param from with what its page holds
   * @throws CodedError `sign-on-failed`, `not-permitted`
   */
  async finish(
    settings: ProviderSettings,
    fetchSafely: Fetch,
    answer: URLSearchParams,
    cookie: string | null,
    from: From,
  ): Promise<{ begun: Begun; next: string }> {
    const { store } = this.#home;
    const state = answer.get('state') ?? '';
    if (cookie === null || cookie !== state)
      throw new CodedError('sign-on-failed', 'this browser did not begin this sign-on; begin again');
    const ticket = await store.change(async (tx) => ({
      result: await store.tickets.use(tx, 'sign-on', tokenHash(state), clock.nowIso()),
      event: [],
    }));
    if (!ticket)
      throw new CodedError('sign-on-failed', 'that took too long, or was used already; begin again');
    if ((ticket.data['page'] ?? null) !== (from.page ?? null))
      throw new CodedError('sign-on-failed', 'this page did not begin this sign-on; begin again');
    const configuration = await this.#configuration(settings, fetchSafely);
    const { authorizationCodeGrant } = await oidc();
    const { verifier, nonce, next, redirectUri } = ticket.data as Record<string, string>;
    const url = new URL(redirectUri!);
    url.search = answer.toString();
    const tokens = await authorizationCodeGrant(configuration, url, {
      pkceCodeVerifier: verifier!,
      expectedNonce: nonce!,
      expectedState: state,
      idTokenExpected: true,
    }).catch(unvouched);
    const maker = configuration.serverMetadata();
    await this.#keys
      .requireSigned(maker, settings, fetchSafely, tokens.id_token!, { clockTolerance: SKEW_S })
      .catch(unvouched);
    const claims = tokens.claims()!;
    const subject = idOf(claims.sub);
    if (subject === null)
      throw new CodedError('sign-on-failed', 'the identity provider does not say who this is');
    const at = provenAt(claims['auth_time'], clock.nowMs());
    if (ticket.data['fresh'] === true && at < Date.parse(ticket.createdAt) - SKEW_S * 1_000)
      throw new CodedError('sign-on-failed', 'the identity provider did not ask again who you are');
    const email = claims['email_verified'] === true ? textOf(claims['email']) : undefined;
    const person = await this.#directory.fromProvider({
      externalId: `${claims.iss}|${subject}`,
      scimId: idOf(claims[settings.scimIdClaim]),
      // What somebody is called there is a wish; what they are is the subject.
      names: [textOf(claims['preferred_username']), email, subject].filter((one) => one !== undefined),
      displayName: textOf(claims['name']),
      email,
      grants: grantsOf(claims[settings.groupsClaim], settings.roles),
    });
    const begun = await store.change(async (tx) => {
      const done = await this.#sessions.begin(tx, person, from, {
        ...provenBy(claims),
        providerSession: sessionOf(claims),
        at: new Date(Math.min(at, clock.nowMs())).toISOString(),
      });
      return { result: done.begun, event: done.event };
    });
    return { begun, next: next! };
  }

  /**
   * Ends sessions that the provider says are over (OpenID Connect Back-Channel Logout 1.0, section 2.6).
   * @throws CodedError `sign-on-failed` when the token is not what it should be
   */
  async backChannelLogout(settings: ProviderSettings, fetchSafely: Fetch, token: string): Promise<number> {
    const { store } = this.#home;
    const claims = await this.#logoutClaims(settings, fetchSafely, token);
    const now = clock.nowMs();
    const person =
      claims.sub === undefined ? null : await store.people.byExternalId(`${claims.iss}|${claims.sub}`);
    // What it names has to be so, all of it: a session of somebody else is not theirs.
    if (claims.sub !== undefined && person === null) return 0;
    const providerSession = sessionOf(claims);
    const which = {
      ...(person === null ? {} : { personId: person.id }),
      ...(providerSession === null ? {} : { providerSession }),
    };
    const used = tokenHash(`logout ${claims.iss} ${claims.jti}`);
    return store.shutOut(async (tx) => {
      // The token works once.
      await store.tickets
        .put(
          {
            hash: used,
            kind: 'logout',
            personId: null,
            data: {},
            createdAt: new Date(now).toISOString(),
            // As long as its own time could be right by the clock of the provider.
            expiresAt: new Date(now + (LOGOUT_AGE_S + 2 * SKEW_S) * 1_000).toISOString(),
          },
          tx,
        )
        .catch((cause: Error) => {
          if (isFullDisk(cause)) throw cause;
          throw new CodedError('sign-on-failed', 'this logout token was used before', { cause });
        });
      const subject = person ? `person:${person.id}` : 'organisation';
      const event = await this.#sessions.end(
        tx,
        'identity-provider',
        subject,
        which,
        'ended at the identity provider',
      );
      return { result: event ? (event.data['sessions'] as string[]).length : 0, event: event ?? [] };
    });
  }

  async #logoutClaims(settings: ProviderSettings, fetchSafely: Fetch, token: string): Promise<JWTPayload> {
    if (!isCanonical(token)) throw new CodedError('sign-on-failed', 'this is not a logout token');
    const maker = (await this.#configuration(settings, fetchSafely)).serverMetadata();
    // Explicitly typed, so that no other token of the provider is taken for one.
    const asked = {
      typ: 'logout+jwt',
      maxTokenAge: LOGOUT_AGE_S,
      clockTolerance: SKEW_S,
      requiredClaims: ['iat', 'jti', 'events'],
    };
    const payload = await this.#keys
      .signedBy(maker, settings, fetchSafely, token, asked)
      .catch((cause: Error) => {
        throw new CodedError('sign-on-failed', `the logout token does not verify: ${cause.message}`, {
          cause,
        });
      });
    const events = payload['events'] as Record<string, unknown> | undefined;
    if (
      typeof events !== 'object' ||
      events === null ||
      !Object.hasOwn(events, LOGOUT_EVENT) ||
      typeof events[LOGOUT_EVENT] !== 'object' ||
      events[LOGOUT_EVENT] === null ||
      typeof payload.jti !== 'string' ||
      payload['nonce'] !== undefined
    )
      throw new CodedError('sign-on-failed', 'this is not a logout token');
    const named = [payload.sub, payload['sid']].filter((one) => one !== undefined);
    if (named.length === 0 || named.some((one) => idOf(one) === null))
      throw new CodedError('sign-on-failed', 'the logout token names no person');
    return payload;
  }

  /** Records that signing on failed, and why; those of one address up to a limit. */
  async failed(fault: CodedError, from: From): Promise<void> {
    if (await this.#throttle.tooMany('sign-on', from.address, clock.nowMs())) return;
    // Who could not be told from another account, so that an administrator may link them.
    const why = fault.code === 'conflict' ? { why: fault.message } : {};
    const data = { what: 'sign-on', address: from.address, code: fault.code, ...why };
    await this.#home.store.announce(
      newEvent('sign-in-failed', { actor: 'anonymous', subject: 'organisation', data }),
    );
  }
}

const isLoopback = (host: string): boolean => /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(host);

function unvouched(cause: Error): never {
  throw new CodedError('sign-on-failed', `the identity provider did not vouch: ${cause.message}`, { cause });
}

function unreachable(cause: Error): never {
  throw new CodedError('sign-on-failed', `the identity provider cannot be asked: ${cause.message}`, {
    cause,
  });
}
