import { hash } from 'node:crypto';
import { CodedError, type KeyProvider } from '@sallyport/core';

/** What was answered. */
export interface TransitAnswer {
  readonly status: number;
  readonly text: string;
}

/** A key of the transit engine of Vault or OpenBao. */
export interface TransitSettings {
  /** Such as `https://vault.example:8200`. */
  readonly url: string;
  /** Where the engine is mounted, usually `transit`. */
  readonly mount: string;
  /** Name of the key; of a type with associated data (`aes256-gcm96`). */
  readonly key: string;
  readonly namespace?: string | undefined;
  /** The token, read anew each time: it may be renewed. */
  readonly token: () => string | null;
  /** Posts JSON. Where it may go, and how long it may take, is decided by whoever gives it. @throws Error where nobody answers */
  readonly post: (
    url: string,
    headers: Readonly<Record<string, string>>,
    body: string,
  ) => Promise<TransitAnswer>;
}

const NAME = /^[A-Za-z0-9][\w.-]{0,127}$/;
const ATTEMPTS = 3;
const PAUSE_MS = 200;
const PLAINTEXT = /^[A-Za-z0-9+/]+={0,2}$/;
const CIPHERTEXT = /^vault:v\d+:[A-Za-z0-9+/=]+$/;

const unavailable = (why: string, cause?: unknown): CodedError =>
  new CodedError('key-provider-unavailable', `the transit engine ${why}`, { cause });

/** Words of an answer that failed, and nothing of what was sent. */
function words(text: string): string {
  try {
    const { errors } = JSON.parse(text) as { errors?: unknown };
    return Array.isArray(errors) ? errors.map(String).join('; ').slice(0, 200) : '';
  } catch {
    return '';
  }
}

/** What an answer holds; nothing where it is not what the engine answers. */
function dataOf(text: string): Record<string, unknown> {
  try {
    const { data } = JSON.parse(text) as { data?: unknown };
    return typeof data === 'object' && data !== null ? (data as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/**
 * A root that never leaves Vault or OpenBao: keys are wrapped and unwrapped there
 * (https://openbao.org/api-docs/secret/transit/, "Encrypt data", "Decrypt data").
 * @throws CodedError `config-invalid`
 */
export function transitRoot(settings: TransitSettings): KeyProvider {
  const { url, mount, key, namespace, token, post } = settings;
  if (!mount.split('/').every((part) => NAME.test(part)) || !NAME.test(key))
    throw new CodedError('config-invalid', '`keys.transit`: mount and key are names');
  const base = `${url.replace(/(?<!\/)\/+$/, '')}/v1/${mount}`;
  const ask = async (what: 'encrypt' | 'decrypt', body: object): Promise<Record<string, unknown>> => {
    const secret = token();
    if (secret === null) throw unavailable('needs a token, and `keys.transit.tokenRef` holds none');
    const headers = {
      'content-type': 'application/json',
      'x-vault-request': 'true',
      'x-vault-token': secret,
      ...(namespace === undefined ? {} : { 'x-vault-namespace': namespace }),
    };
    for (let attempt = 1; ; attempt++) {
      let answer: TransitAnswer;
      try {
        answer = await post(`${base}/${what}/${key}`, headers, JSON.stringify(body));
      } catch (cause) {
        if (cause instanceof CodedError) throw cause;
        if (attempt < ATTEMPTS) {
          await new Promise((go) => setTimeout(go, PAUSE_MS * attempt));
          continue;
        }
        throw unavailable(`at ${base} does not answer`, cause);
      }
      const { status, text } = answer;
      if (status === 200) return dataOf(text);
      if ((status >= 500 || status === 429) && attempt < ATTEMPTS) {
        await new Promise((go) => setTimeout(go, PAUSE_MS * attempt));
        continue;
      }
      if (status === 403) throw unavailable('refuses the token; see its policy for this key');
      if (status === 400 && what === 'decrypt')
        throw new CodedError(
          'root-key-wrong',
          `the key \`${key}\` of the transit engine does not open this data folder`,
        );
      throw unavailable(`answers ${status}: ${words(text)}`);
    }
  };
  return {
    id: hash('sha256', `sallyport transit root\0${base}\0${namespace ?? ''}\0${key}`, 'hex').slice(0, 16),
    kind: 'transit',
    async wrap(plain, context) {
      const { ciphertext } = await ask('encrypt', {
        plaintext: Buffer.from(plain).toString('base64'),
        associated_data: Buffer.from(context).toString('base64'),
      });
      if (typeof ciphertext !== 'string' || !CIPHERTEXT.test(ciphertext))
        throw unavailable('answers with something that is no ciphertext');
      return Buffer.from(ciphertext);
    },
    async unwrap(wrapped, context) {
      const ciphertext = Buffer.from(wrapped).toString('latin1');
      if (!CIPHERTEXT.test(ciphertext))
        throw new CodedError('root-key-wrong', 'it was not wrapped by a transit engine');
      const { plaintext } = await ask('decrypt', {
        ciphertext,
        associated_data: Buffer.from(context).toString('base64'),
      });
      if (typeof plaintext !== 'string' || !PLAINTEXT.test(plaintext))
        throw unavailable('answers with something that is no plaintext');
      return Buffer.from(plaintext, 'base64');
    },
  };
}
