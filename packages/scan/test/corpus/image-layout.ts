import { hash } from 'node:crypto';

/** Makes a layer smaller. */
export type Compress = (bytes: Buffer) => Buffer;

/** An image as the OCI image specification 1.1 lays it out; `change` may alter its blobs. */
export function layout(
  layers: readonly Buffer[],
  compress: Compress,
  settings: Readonly<Record<string, unknown>> = {},
): Map<string, Buffer> {
  const files = new Map<string, Buffer>([['oci-layout', Buffer.from('{"imageLayoutVersion":"1.0.0"}')]]);
  const put = (bytes: Buffer, mediaType: string) => {
    const digest = hash('sha256', bytes, 'hex');
    files.set(`blobs/sha256/${digest}`, bytes);
    return { mediaType, digest: `sha256:${digest}`, size: bytes.length };
  };
  const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
  const config = put(
    json({
      architecture: 'amd64',
      os: 'linux',
      config: { User: '1000', ...settings },
      rootfs: { type: 'layers', diff_ids: layers.map((layer) => `sha256:${hash('sha256', layer, 'hex')}`) },
    }),
    'application/vnd.oci.image.config.v1+json',
  );
  const manifest = put(
    json({
      schemaVersion: 2,
      config,
      layers: layers.map((layer) => put(compress(layer), 'application/vnd.oci.image.layer.v1.tar')),
    }),
    'application/vnd.oci.image.manifest.v1+json',
  );
  const index = put(
    json({
      schemaVersion: 2,
      manifests: [{ ...manifest, platform: { os: 'linux', architecture: 'amd64' } }],
    }),
    'application/vnd.oci.image.index.v1+json',
  );
  files.set('index.json', json({ schemaVersion: 2, manifests: [index] }));
  return files;
}
