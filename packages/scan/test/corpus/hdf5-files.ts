import { randomUUID } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { File, Group, ready } from 'h5wasm/node';

/** What an HDF5 file shall hold. */
export interface Hdf5Content {
  readonly attributes?: Readonly<Record<string, string>>;
  readonly datasets?: Readonly<Record<string, readonly number[]>>;
  readonly external?: { readonly file: string; readonly object: string };
  /** Whether in the newest form, which keeps many attributes densely. */
  readonly newest?: boolean;
}

/** An HDF5 file, written by the HDF Group's own library. */
export async function h5({
  attributes = {},
  datasets = {},
  external,
  newest = false,
}: Hdf5Content): Promise<Buffer> {
  await ready;
  const path = join(tmpdir(), `sallyport-corpus-${randomUUID()}.h5`);
  const file = new File(path, 'w', newest ? { libver: 'latest' } : {});
  for (const [name, value] of Object.entries(attributes)) file.create_attribute(name, value);
  for (const [name, values] of Object.entries(datasets))
    file.create_dataset({ name, data: new Float32Array(values) });
  const group = file.create_group('layers');
  if (group instanceof Group) group.create_attribute('count', 1);
  if (external) file.create_external_link(external.file, external.object, 'elsewhere');
  file.flush();
  file.close();
  const bytes = readFileSync(path);
  rmSync(path);
  return bytes;
}
