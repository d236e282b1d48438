import { readFileSync } from 'node:fs';
import { hostname, networkInterfaces } from 'node:os';
import { CodedError, type Config, clock, isLoopback, type ListenerTls } from '@sallyport/core';
import { type KeyRing, type RootKey, writeDurably } from '@sallyport/vault';
import type { Control } from '../control.ts';
import { type IssuedCertificate, LocalAuthority } from './local-authority.ts';

type Listener = Config['gateway'] | Config['control'];
type ListenerName = 'gateway' | 'control';

const DAY_MS = 86_400_000;
/** A generated certificate is renewed when it has this long to go. */
const RENEW_MS = 30 * DAY_MS;
const NAMES_MAX = 64;

/** Where the certificate of the local authority lies for those who are to trust it. */
export const authorityPath = ({ path }: Pick<RootKey, 'path'>, id: string): string =>
  `${path}.${id}.authority.pem`;

/** Names by which a listener is reached, as far as this machine knows. */
function namesOf({ host, tls }: Listener): string[] {
  const isAny = host === '0.0.0.0' || host === '::';
  const addresses = Object.values(networkInterfaces())
    .flatMap((all) => all ?? [])
    // An address of one link only has a zone, which certificates do not know.
    .filter(({ address }) => !address.startsWith('fe80:'))
    .map(({ address }) => address);
  const here = isAny || isLoopback(host) ? ['localhost', '127.0.0.1', '::1'] : [];
  const names = [...(tls?.names ?? []), ...(isAny ? [hostname(), ...addresses] : [host]), ...here];
  return [...new Set(names)].slice(0, NAMES_MAX);
}

/** @throws CodedError `tls-required` for a listener that is reached from elsewhere and has no TLS */
export function requireTls(config: Pick<Config, ListenerName>): void {
  for (const name of ['gateway', 'control'] as const) {
    const { host, tls } = config[name];
    if (!tls && !isLoopback(host))
      throw new CodedError(
        'tls-required',
        `\`${name}.host\` is \`${host}\`: an address other than loopback needs \`${name}.tls\`, with files of your own or \`generated: true\``,
      );
  }
}

/** Certificates of the listeners: files of whoever runs this, or issued by an authority of the installation's own. */
export class ListenerCertificates {
  #authority: LocalAuthority | null = null;
  readonly #issued = new Map<ListenerName, IssuedCertificate>();

  /** Has those issued that are generated, or about to expire. @returns whether any is new */
  async renew(
    config: Pick<Config, ListenerName>,
    { folder, ring, id, rootKey }: { folder: string; ring: KeyRing; id: string; rootKey: RootKey },
  ): Promise<boolean> {
    let isNew = false;
    for (const name of ['gateway', 'control'] as const) {
      const known = this.#issued.get(name);
      if (!config[name].tls?.generated || (known && known.expiresMs - clock.nowMs() > RENEW_MS)) continue;
      this.#authority ??= await LocalAuthority.open(folder, ring, id);
      this.#issued.set(name, await this.#authority.issue(namesOf(config[name])));
      isNew = true;
    }
    if (isNew) writeDurably(authorityPath(rootKey, id), this.#authority!.certificate, 0o644);
    return isNew;
  }

  /**
   * Certificate and key of a listener, or null for plain HTTP on loopback.
   * @throws CodedError `config-invalid`
   */
  of(listener: Listener, name: ListenerName): ListenerTls | null {
    if (!listener.tls) return null;
    const { certFile, keyFile, clientCaFile, clientCertificate, generated } = listener.tls;
    try {
      const clients =
        clientCaFile === undefined
          ? {}
          : {
              clients: {
                ca: readFileSync(clientCaFile, 'utf8'),
                required: clientCertificate === 'required',
              },
            };
      if (generated) {
        const issued = this.#issued.get(name);
        // A command that works on a folder at rest listens nowhere.
        return issued ? { cert: issued.cert, key: issued.key, ...clients } : null;
      }
      return { cert: readFileSync(certFile!, 'utf8'), key: readFileSync(keyFile!, 'utf8'), ...clients };
    } catch (cause) {
      throw new CodedError('config-invalid', `\`${name}.tls\`: a file cannot be read`, { cause });
    }
  }
}

/** Has generated certificates issued anew that are about to expire, without dropping a connection. */
export async function renewCertificates(control: Control): Promise<void> {
  const { snapshots, config, installation } = control;
  if (!(await snapshots.certificates.renew(config, installation))) return;
  await snapshots.use(config, false);
  control.useCertificate();
  await control.publish();
}
