import { type Observe, type ToolDefinition, toolDigest } from '@sallyport/access';
import type { IntegrationKind, Manifest, SeenCertificate } from '@sallyport/core';
import { seenCertificate } from '@sallyport/gateway';
import { lookOverTls } from './tls/tls-look.ts';

/** Lists the tools of a third party as it defines them. Port: whoever speaks to tool servers does it. */
export type ToolSource = (kind: IntegrationKind, manifest: Manifest) => Promise<readonly ToolDefinition[]>;

/** The certificate of an endpoint, when its chain and name verify; null when none does. */
const lookAt = (origin: string, allowPrivate: boolean): Promise<SeenCertificate | null> =>
  lookOverTls(origin, allowPrivate, (socket) => seenCertificate(socket.getPeerCertificate(true)));

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
