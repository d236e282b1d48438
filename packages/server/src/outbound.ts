import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { CodedError, type Config, type Outbound, type Way } from '@sallyport/core';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]{1,65536}-----END CERTIFICATE-----/g;

/** Certificates of authorities in a file. @throws CodedError `config-invalid` where there is none */
function readAuthorities(path: string): string {
  try {
    const found = readFileSync(path, 'utf8').match(CERTIFICATE) ?? [];
    for (const pem of found) new X509Certificate(pem);
    if (found.length > 0) return found.join('\n');
  } catch (cause) {
    throw new CodedError('config-invalid', `\`outbound\`: \`${path}\` cannot be read as certificates`, {
      cause,
    });
  }
  throw new CodedError('config-invalid', `\`outbound\`: there is no certificate (PEM) in \`${path}\``);
}

/** A variable of the environment, in lower case first, as curl reads it. */
const variable = (name: string): string | undefined =>
  process.env[name.toLowerCase()] || process.env[name] || undefined;

/** A proxy that the environment names. @throws CodedError `config-invalid` where it is none that can be used */
function environmentProxy(name: string): string | null {
  const value = variable(name);
  if (value === undefined) return null;
  const text = value.includes('://') ? value : `http://${value}`;
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text;
  throw new CodedError('config-invalid', `the variable \`${name}\` is no address of an HTTP proxy`);
}

const proxyOf = (named: string): string | null => (named === 'none' ? null : named);

/** The ways out that the configuration and the environment name, with what their files hold. @throws CodedError `config-invalid` */
export function readOutbound({ outbound }: Config): Outbound {
  const { proxy, noProxy, caFile, systems } = outbound;
  const own = (one: (typeof systems)[string]): Partial<Way> => ({
    ...(one.proxy !== undefined && { proxy: proxyOf(one.proxy) }),
    ...(one.caFile !== undefined && { ca: readAuthorities(one.caFile) }),
  });
  const everywhere = proxy === undefined ? null : proxyOf(proxy);
  return {
    proxies:
      proxy === undefined
        ? { http: environmentProxy('HTTP_PROXY'), https: environmentProxy('HTTPS_PROXY') }
        : { http: everywhere, https: everywhere },
    direct: [...noProxy, ...(variable('NO_PROXY')?.split(/[\s,]+/) ?? [])].filter((entry) => entry !== ''),
    ca: caFile === undefined ? null : readAuthorities(caFile),
    systems: Object.fromEntries(Object.entries(systems).map(([name, one]) => [name, own(one)])),
  };
}
