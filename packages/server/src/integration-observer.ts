import { connect } from 'node:tls';
import { type Observe, type ToolDefinition, toolDigest } from '@sallyport/access';
import type { IntegrationKind, Manifest, SeenCertificate } from '@sallyport/core';
import { safeLookup, seenCertificate } from '@sallyport/gateway';

const LOOK_MS = 10_000;

/** Lists the tools of a third party as it defines them. Port: whoever speaks to tool servers does it. */
export type ToolSource = (kind: IntegrationKind, manifest: Manifest) => Promise<readonly ToolDefinition[]>;

/** The certificate of an endpoint, when its chain and name verify; null when none does. */
function lookAt(origin: string, allowPrivate: boolean): Promise<SeenCertificate | null> {
  return new Promise((done) => {
    const { hostname, port } = new URL(origin);
    const host = hostname.replace(/^\[|\]$/g, '');
    try {
      const socket = connect({
        host,
        port: port === '' ? 443 : Number(port),
        servername: /^[\d.]+$|:/.test(host) ? '' : host,
        lookup: safeLookup(origin, allowPrivate),
        timeout: LOOK_MS,
      });
      const end = (seen: SeenCertificate | null): void => {
        socket.destroy();
        done(seen);
      };
      socket.once('secureConnect', () => end(seenCertificate(socket.getPeerCertificate(true))));
      socket.once('timeout', () => end(null));
      socket.once('error', () => end(null));
    } catch {
      done(null);
    }
  });
}

/** Looks at certificates by connecting, and at tools through whoever speaks to tool servers. */
export function observer(tools: ToolSource): Observe {
  return async (kind, manifest) => {
    const certificates: Record<string, SeenCertificate | null> = {};
    for (const origin of manifest.origins)
      if (origin.startsWith('https:')) certificates[origin] = await lookAt(origin, manifest.allowPrivate);
    const defined = await tools(kind, manifest);
    return { certificates, tools: Object.fromEntries(defined.map((tool) => [tool.name, toolDigest(tool)])) };
  };
}
