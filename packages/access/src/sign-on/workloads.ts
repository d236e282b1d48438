import { hash } from 'node:crypto';
import { CodedError, clock, UnderWay } from '@sallyport/core';
import type { JWTPayload, JWTVerifyGetKey } from 'jose';
import type { AccessHome } from '../people/home.ts';
import { isCanonical, tokenHash } from '../token.ts';
import type { Fetch } from './sign-on.ts';
import { jobOf, type UsedTokens } from './used-tokens.ts';

/** How long keys of an issuer are believed without asking where they are again, in milliseconds. */
const KNOWN_MS = 3_600_000;
/** Oldest token taken, in seconds, whatever it says of itself. */
const AGE_MAX_S = 3_600;
const ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519'];

/** Which tokens of an issuer stand for which service account. */
export interface WorkloadRule {
  readonly name: string;
  readonly issuer: string;
  readonly audience: string;
  /** What claims must say; a star at the end stands for any ending. */
  readonly claims: Readonly<Record<string, string>>;
  readonly allowPrivate: boolean;
}

const library = () => import('jose');

/** Workload identity: what CI and clusters say of a job, in a signed token, instead of a key that lies about. */
export class Workloads {
  readonly #home: AccessHome;
  readonly #used: UsedTokens;
  readonly #issuers = new Map<string, { at: number; keys: JWTVerifyGetKey }>();
  /** Issuers that are asked for their keys now. */
  readonly #asked = new UnderWay<JWTVerifyGetKey>();

  constructor(home: AccessHome, used: UsedTokens) {
    this.#home = home;
    this.#used = used;
  }

  /**
   * Which rule a token of a job meets. The token works once.
   * @param fetchFor what fetches for a rule
   * @throws CodedError `token-invalid`
   */
  async recognise<R extends WorkloadRule>(
    rules: readonly R[],
    fetchFor: (rule: R) => Fetch,
    token: string,
  ): Promise<{ rule: R; subject: string }> {
    const { decodeJwt, jwtVerify } = await library();
    if (!isCanonical(token)) throw new CodedError('token-invalid', 'this is not a JSON Web Token');
    const said = readUnverified(() => decodeJwt(token));
    const candidates = rules.filter(({ issuer }) => issuer === said.iss);
    if (candidates.length === 0)
      throw new CodedError('token-invalid', 'no workload of this issuer is configured');
    let why = 'its claims meet no rule';
    for (const rule of candidates) {
      const verified = await jwtVerify(token, await this.#keys(rule, fetchFor(rule)), {
        issuer: rule.issuer,
        audience: rule.audience,
        algorithms: ALGORITHMS,
        maxTokenAge: AGE_MAX_S,
        requiredClaims: ['iat', 'exp', 'sub'],
        currentDate: new Date(clock.nowMs()),
      }).catch((fault: Error) => {
        why = fault.message;
        return null;
      });
      if (!verified || !meets(rule, verified.payload)) continue;
      await this.#useUp(rule.name, token, verified.payload);
      return { rule, subject: verified.payload.sub! };
    }
    throw new CodedError('token-invalid', `the token is not taken: ${why}`);
  }

  /** Lets a token be exchanged once, however its text is spelled: it is known by what was signed. */
  async #useUp(rule: string, token: string, { iss, jti, sub }: JWTPayload): Promise<void> {
    const signed = token.slice(0, token.lastIndexOf('.'));
    // An issuer gives each token a name of its own; where it gives none, what it signed is the name.
    const name =
      typeof jti === 'string' && jti !== '' ? ['jti', iss, jti] : ['signed', hash('sha256', signed, 'hex')];
    const job = jobOf(rule, sub!);
    const used = { kind: 'workload', token: tokenHash(JSON.stringify(name)), ...job } as const;
    await this.#used.ready();
    await this.#home.store.change(async () => {
      if (this.#used.of(used.kind, used.token))
        throw new CodedError('token-invalid', 'this token was exchanged before');
      this.#used.requireRoom(job);
      return { result: undefined, event: this.#used.use(used) };
    });
  }

  async #keys({ issuer }: WorkloadRule, fetchSafely: Fetch): Promise<JWTVerifyGetKey> {
    const known = this.#issuers.get(issuer);
    if (known && clock.nowMs() - known.at < KNOWN_MS) return known.keys;
    return this.#asked.of(issuer, () => this.#ask(issuer, fetchSafely));
  }

  async #ask(issuer: string, fetchSafely: Fetch): Promise<JWTVerifyGetKey> {
    const { createRemoteJWKSet, customFetch } = await library();
    const where = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
    const metadata = await fetchSafely(where)
      .then(async (response) => (await response.json()) as { issuer?: unknown; jwks_uri?: unknown } | null)
      .catch((cause: Error) => {
        throw new CodedError('token-invalid', `the issuer \`${issuer}\` cannot be asked for its keys`, {
          cause,
        });
      });
    const uri = typeof metadata?.jwks_uri === 'string' ? URL.parse(metadata.jwks_uri) : null;
    if (metadata?.issuer !== issuer || uri === null)
      throw new CodedError('token-invalid', `\`${issuer}\` does not say where its keys are`);
    const keys = createRemoteJWKSet(uri, { [customFetch]: fetchSafely as never });
    this.#issuers.set(issuer, { at: clock.nowMs(), keys });
    return keys;
  }
}

function readUnverified(read: () => JWTPayload): JWTPayload {
  try {
    return read();
  } catch (cause) {
    throw new CodedError('token-invalid', 'this is not a JSON Web Token', { cause });
  }
}

/** Whether claims say what a rule asks for. */
function meets({ claims }: WorkloadRule, payload: JWTPayload): boolean {
  return Object.entries(claims).every(([name, wanted]) => {
    const said = Object.hasOwn(payload, name) ? payload[name] : undefined;
    if (typeof said !== 'string') return false;
    return wanted.endsWith('*') ? said.startsWith(wanted.slice(0, -1)) : said === wanted;
  });
}
